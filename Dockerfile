# Both servers and the load generator, from the locked requirements. `docker build --tag mcp-testbed .`
#
#   docker run --read-only --publish 127.0.0.1:8000:8000 --env MCP_SERVE_ADMIN_TOKEN=choose-one mcp-testbed
#
# Other containers can reach the control API, through which faults are injected: it wants the token, and without one
# the server does not start. docker-compose.yml runs it with Prometheus and Grafana.
FROM python:3.11.13-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /app \
    && /app/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY formats formats
COPY servers servers
COPY loadgen loadgen
COPY fixtures fixtures
RUN /app/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /app/bin/pip uninstall --yes hatchling pip setuptools

FROM python:3.11.13-slim-bookworm
COPY --from=build /app /app
ENV PATH=/app/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MCP_SERVE_HOST=0.0.0.0 \
    MCP_SERVE_PORT=8000
# A number, so that no user has to exist; nothing is written, so it needs no folder of its own.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
HEALTHCHECK --interval=2s --timeout=3s --start-period=20s --retries=5 \
    CMD ["python", "-c", "import os, urllib.request as http; http.urlopen(f'http://127.0.0.1:{os.environ[\"MCP_SERVE_PORT\"]}/health', timeout=2)"]
CMD ["mcp-serve", "payments"]
