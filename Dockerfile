# noxus-secret-webhook: the package and its pinned dependencies in a virtual environment, on a base
# image with Python. What builds it (pip, hatchling) stays in the first stage.
#
#   docker build -t noxus-secret-webhook:dev .     or: make image
#
# BASE     any Debian-like image with Python 3.11 or newer as `python3`
# BUILDER  the same Python with `venv`; another image than BASE only where BASE lacks it
ARG BASE=python:3.13-slim-bookworm
ARG BUILDER=${BASE}

FROM ${BUILDER} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src
COPY requirements/build.txt requirements/run.txt requirements/
# Two secrets help where the network is not open. Both may be missing, and neither stays in a layer:
#   --secret id=ca,src=FILE        the CAs to trust, for a proxy that ends TLS
#   --secret id=pip.conf,src=FILE  another index
RUN --mount=type=secret,id=ca --mount=type=secret,id=pip.conf \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    if [ -e /run/secrets/pip.conf ]; then export PIP_CONFIG_FILE=/run/secrets/pip.conf; fi; \
    python3 -m venv /build \
 && /build/bin/pip install --quiet --require-hashes --requirement requirements/build.txt \
 && python3 -m venv --without-pip /venv \
 && /build/bin/pip --python /venv/bin/python3 install \
      --quiet --no-compile --only-binary=:all: --require-hashes --requirement requirements/run.txt \
 && /venv/bin/python3 -m compileall -q --invalidation-mode unchecked-hash \
      -x 'kubernetes/(aio/)?client/(api|models)/' /venv/lib
# (The Kubernetes client's 1,700 generated classes are not compiled: none is ever imported.)
# Every time stamp that ends in the image is SOURCE_DATE_EPOCH, and bytecode is never checked against
# its source (nobody can write here at run time), so that it holds none: two builds, equal layers.
ARG SOURCE_DATE_EPOCH=0
# A wheel rather than a copy of the folder: with it comes what the package says about itself.
COPY pyproject.toml README.md LICENSE ./
COPY webhook/ webhook/
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /build/bin/pip --python /venv/bin/python3 install \
      --quiet --no-compile --no-deps --no-index /wheels/*.whl \
 && /venv/bin/python3 -m compileall -q --invalidation-mode unchecked-hash \
      /venv/lib/python3*/site-packages/webhook \
 && rm -f /venv/bin/activate* /venv/bin/Activate* \
 && mkdir /image && mv /venv /image/ \
 && find /image -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE}
COPY --from=build /image/ /
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="noxus-secret-webhook" \
      org.opencontainers.image.description="Gives each Noxus pod the Secrets it is entitled to, in order" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8443 8080
# No shell: the kernel starts Python by the first line of this script.
ENTRYPOINT ["/venv/bin/noxus-secrets"]
CMD ["--help"]
