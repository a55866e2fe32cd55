# The commands of the project. On a fresh machine `make run` and `make test` install all they need; required are
# Python 3.11, 3.12 or 3.13, make and a package index.

PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
BIND ?= 127.0.0.1
WORKERS ?= 2
RECOGNIZER ?= digits
SELECT ?= not slow
COMPILE_MESSAGES = $(BIN)/python -m babel.messages.frontend -q compile -D django -d locale

.PHONY: help run test test-all messages lint format lock data train bench clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.train ## Start the site and its workers on http://localhost:8000; needs no services
	@$(BIN)/python -c "import socket; socket.create_server(('$(BIND)', $(PORT))).close()" 2>/dev/null || \
		{ echo "Port $(PORT) of $(BIND) is in use or not allowed. Choose another one: make run PORT=8080"; exit 1; }
	@$(COMPILE_MESSAGES)
	@INKLING_ENV=embedded $(BIN)/python manage.py migrate --verbosity 0
	@INKLING_ENV=embedded $(BIN)/python manage.py install_models
	@INKLING_ENV=embedded $(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@INKLING_ENV=embedded PORT=$(PORT) BIND=$(BIND) PATH="$(abspath $(BIN)):$$PATH" $(BIN)/honcho --env /dev/null start --no-prefix

test: $(VENV)/.dev ## Run the tests without the slow ones, on SQLite or on DATABASE_URL and REDIS_URL
	@$(COMPILE_MESSAGES)
	$(BIN)/python -m pytest -n $(WORKERS) -m "$(SELECT)" $(PYTEST)

test-all: $(VENV)/.dev ## Run all checks and all tests on SQLite, then on PostgreSQL with Redis (up to 90 minutes)
	.ci/run --all

messages: $(VENV)/.dev ## Bring locale/ up to date with the texts of the site (docs/bangla.md)
	$(BIN)/python -m config.messages
	$(COMPILE_MESSAGES)

lint: $(VENV)/.dev ## Check style, types and the imports between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	INKLING_ENV=embedded SECRET_KEY=lint $(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.dev ## Update requirements/*.lock to the newest allowed versions
	for set in web train dev; do \
		case $$set in web) extras=;; train) extras="--extra train";; dev) extras="--extra train --extra dev";; esac; \
		$(BIN)/uv pip compile pyproject.toml $$extras --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --no-annotate --quiet --upgrade --output-file requirements/$$set.lock; \
	done
	$(BIN)/uv pip compile --group build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet --upgrade --output-file requirements/build.lock

data: $(VENV)/.dev ## List the data sets: which are here, and how to get the others
	$(BIN)/python -m ml data

train: $(VENV)/.dev ## Train a starter model: make train RECOGNIZER=digits (INKLING_DATA is the folder of data sets)
	$(BIN)/python -m ml train $(RECOGNIZER)

bench: $(VENV)/.dev ## Measure speed, memory, promotions under load and killed workers (docs/benchmarks.md)
	$(BIN)/python -m ml bench
	$(BIN)/python -m tests.benchmarks.http
	$(BIN)/python -m tests.benchmarks.batch
	$(BIN)/python -m tests.benchmarks.schemathesis
	$(BIN)/python -m tests.benchmarks.swaps
	$(BIN)/python -m tests.benchmarks.kills
	$(BIN)/python -m tests.benchmarks.endurance
	$(BIN)/python -m tests.benchmarks.soak

clean: ## Remove the virtual environment and caches; var/ with its database stays
	rm -rf $(VENV) staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Installing the environment. The first start takes a few minutes."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.train: requirements/train.lock requirements/build.lock | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/train.lock -r requirements/build.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock requirements/build.lock | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock -r requirements/build.lock
	@touch $@
