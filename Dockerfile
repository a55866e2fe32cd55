# syntax=docker/dockerfile:1
# Two images: `web` for requests, short tasks and the schedule, without TensorFlow; `trainer` with TensorFlow. The stage
# `static` bundles the scripts and compiles the messages; no image has the tools for it.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 1000 inkling && install --directory --owner inkling /var/lib/inkling
WORKDIR /srv/inkling
COPY requirements/web.lock requirements/web.lock
RUN pip install --require-hashes -r requirements/web.lock

FROM base AS static
COPY requirements/build.lock requirements/build.lock
RUN pip install --require-hashes -r requirements/build.lock
COPY . .
RUN pybabel -q compile -D django -d locale
RUN SECRET_KEY=build ALLOWED_HOSTS=build python manage.py collectstatic --noinput --verbosity 0

FROM base AS web
COPY --chown=inkling . .
COPY --from=static --chown=inkling /srv/inkling/staticfiles staticfiles
COPY --from=static --chown=inkling /srv/inkling/locale locale
USER inkling
EXPOSE 8000
CMD ["python", "-m", "config.server", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]

FROM base AS trainer
COPY requirements/train.lock requirements/train.lock
RUN pip install --require-hashes -r requirements/train.lock
COPY --chown=inkling . .
RUN mkdir /data && chown inkling /data  # a new volume there gets this owner
USER inkling
CMD ["celery", "-A", "config", "worker", "--queues=training", "--pool=solo", "--loglevel=info"]
