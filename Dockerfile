# noxus-secret-webhook: two stages, so that the image holds no compiler, no pip cache and no root.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements/run.txt requirements/
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
# The package is pure Python: it is put beside its dependencies, without building it.
COPY webhook/ webhook/
RUN cp -r webhook "$(/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/" \
 && /venv/bin/python -m compileall -q /venv/lib \
 && /venv/bin/pip uninstall --yes --quiet --disable-pip-version-check pip

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="noxus-secret-webhook" \
      org.opencontainers.image.description="Gives each Noxus pod the Secrets it is entitled to, in order" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /venv /venv
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["/venv/bin/python", "-m", "webhook"]
CMD ["serve", "--help"]
