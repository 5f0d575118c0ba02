# syntax=docker/dockerfile:1
# One image for API, relay and worker; compose.yaml says which is which.

FROM node:22-slim AS assets
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && mkdir graphiql \
    && cp node_modules/react/umd/react.production.min.js \
        node_modules/react-dom/umd/react-dom.production.min.js \
        node_modules/graphiql/graphiql.min.js \
        node_modules/graphiql/graphiql.min.css \
        graphiql/

FROM python:3.11-slim AS packages
COPY requirements/base.txt .
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes -r base.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /app nexus
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=assets /build/graphiql var/assets/graphiql
COPY manage.py ./
COPY tasks tasks
COPY users users
COPY catalog catalog
COPY commerce commerce
COPY schema schema
COPY nexus nexus
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=false
# Uvicorn would believe what a client on this machine says of its address.
ENV FORWARDED_ALLOW_IPS=
# The key and addresses of this one step are in no layer's environment and serve nothing.
RUN SECRET_KEY=collecting-static-files-needs-no-secret-key ALLOWED_HOSTS=localhost \
        PUBLIC_URL=https://shop.invalid \
        python manage.py collectstatic --no-input \
    && mkdir -p var/media var/imports \
    && chown -R nexus var
USER nexus
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# WEB_CONCURRENCY sets the number of processes.
CMD ["uvicorn", "nexus.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--loop", "uvloop", "--http", "httptools", "--timeout-graceful-shutdown", "20", "--ws-per-message-deflate", "false", "--ws-max-size", "1000000"]
