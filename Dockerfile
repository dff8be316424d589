# syntax=docker/dockerfile:1
# The service and the command line in one image. Pinned by tag; add the digest of the image that you
# have checked (FROM python:3.11-slim-bookworm@sha256:...) where builds must repeat to the byte.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/ebbtide
COPY requirements.lock requirements-build.lock ./
# The packages first: this layer is built anew only when a lock changes.
RUN /opt/ebbtide/bin/pip install --require-hashes -r requirements.lock
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY ebbtide ebbtide
COPY features features
COPY training training
COPY service service
RUN /opt/build/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/ebbtide/bin/pip install --no-index --no-deps /tmp/wheel/*.whl

FROM python:3.11-slim-bookworm
# LightGBM needs the OpenMP library. Its version is not pinned: Debian takes the old one away when it
# mends it, and the release that the tag names changes nothing else.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 ebbtide \
    && useradd --uid 10001 --gid ebbtide --no-create-home --shell /usr/sbin/nologin ebbtide \
    && install --directory --owner ebbtide --group ebbtide --mode 0700 /var/cache/ebbtide \
    && install --directory --owner ebbtide --group ebbtide /data
COPY --from=build /opt/ebbtide /opt/ebbtide
ENV PATH=/opt/ebbtide/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/var/cache/ebbtide
# Scoring code is compiled at the first start, and kept in that folder; nobody else may write there.
# Mount a folder with ebbtide.toml, policy.toml and the data here; models and stores go below it.
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["ebbtide", "serve", "--config", "/data/ebbtide.toml", "--host", "0.0.0.0", "--port", "8000"]
