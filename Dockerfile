# syntax=docker/dockerfile:1
# Two images: `web` for requests, short tasks and the schedule, without TensorFlow; `trainer` with TensorFlow.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 1000 inkling
WORKDIR /srv/inkling
COPY requirements/web.lock requirements/web.lock
RUN pip install --require-hashes -r requirements/web.lock

FROM base AS web
COPY --chown=inkling . .
RUN SECRET_KEY=build ALLOWED_HOSTS=build python manage.py collectstatic --noinput --verbosity 0
USER inkling
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]

FROM base AS trainer
COPY requirements/train.lock requirements/train.lock
RUN pip install --require-hashes -r requirements/train.lock
COPY --chown=inkling . .
USER inkling
CMD ["celery", "-A", "config", "worker", "--queues=training", "--pool=solo", "--loglevel=info"]
