# syntax=docker/dockerfile:1
# Images: `web` for requests, short tasks and the schedule, without TensorFlow; `trainer` with TensorFlow; `proxy`, Caddy with
# its configuration; `inkling`, the whole site in one container, to try it. The stage `static` bundles the scripts and
# compiles the messages; no image has the tools for it.
#
# The tags are exact. `python bin/pin_images.py` adds their digests where a registry can be reached (docs/operating/install.md).

FROM python:3.12.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 1000 inkling && install --directory --owner inkling /var/lib/inkling
WORKDIR /srv/inkling
COPY requirements/web.lock requirements/web.lock
RUN pip install --require-hashes -r requirements/web.lock

FROM base AS static
COPY requirements/build.lock requirements/build.lock
RUN pip install --require-hashes -r requirements/build.lock
COPY . .
RUN pybabel -q compile -D django -d locale && \
    SECRET_KEY=build ALLOWED_HOSTS=localhost SITE_URL=http://localhost \
    python manage.py collectstatic --noinput --verbosity 0

FROM base AS web
COPY . .
COPY --from=static /srv/inkling/staticfiles staticfiles
COPY --from=static /srv/inkling/locale locale
USER 1000:1000
EXPOSE 8000
CMD ["python", "-m", "config.server", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]

FROM base AS trainer
COPY requirements/train.lock requirements/train.lock
RUN pip install --require-hashes -r requirements/train.lock && mkdir /data && chown inkling:inkling /data
COPY . .
USER 1000:1000
CMD ["celery", "-A", "config", "worker", "--queues=training", "--pool=solo", "--loglevel=info"]

FROM caddy:2.11.7-alpine AS proxy
# A copy of the program has no file capabilities: with them it does not start where all capabilities are dropped.
RUN cp /usr/bin/caddy /usr/local/bin/caddy && chown -R 1000:1000 /data /config
COPY deploy/Caddyfile /etc/caddy/Caddyfile
ENV HTTP_PORT=8080 HTTPS_PORT=8443
USER 1000:1000
EXPOSE 8080 8443
CMD ["/usr/local/bin/caddy", "run", "--config", "/etc/caddy/Caddyfile"]

# The last stage: `docker build -t inkling .`, then `docker run -p 8000:8000 -v inkling:/data inkling`
FROM trainer AS inkling
COPY --from=static /srv/inkling/staticfiles staticfiles
COPY --from=static /srv/inkling/locale locale
ENV INKLING_ENV=embedded INKLING_VAR=/data INKLING_DATA=/data/base-data BIND=0.0.0.0
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["sh", "bin/embedded"]
