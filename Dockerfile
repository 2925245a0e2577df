# The image: one build for the server, the worker and the migration, run by nobody in particular.

FROM node:22-slim AS dashboard
WORKDIR /build/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN npm ci --omit=dev
COPY dashboard ./
COPY graphql ../graphql
RUN npm run build

FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements.lock requirements-tools.lock ./
RUN python -m venv /tools && /tools/bin/pip install --no-cache-dir --require-hashes -r requirements-tools.lock \
 && /tools/bin/uv venv --python python3 /opt/plaudit \
 && /tools/bin/uv pip sync --no-cache --python /opt/plaudit/bin/python --require-hashes --compile-bytecode requirements.lock
COPY . .
COPY --from=dashboard /build/app/static/dist app/static/dist
RUN /tools/bin/python -m hatchling build -t wheel -d dist \
 && /tools/bin/uv pip install --no-cache --python /opt/plaudit/bin/python --no-deps --compile-bytecode dist/*.whl

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/plaudit plaudit
COPY --from=build /opt/plaudit /opt/plaudit
ENV PATH=/opt/plaudit/bin:$PATH PYTHONUNBUFFERED=1 PLAUDIT_HOST=0.0.0.0 PLAUDIT_PORT=8000 PLAUDIT_DATA_DIR=/var/lib/plaudit
USER plaudit
WORKDIR /var/lib/plaudit
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["plaudit"]
CMD ["serve"]
