# The webhook in a container and in kind. Included by the Makefile.

.PHONY: e2e engine image kind-up kind-down sbom licenses

e2e: $(READY) ## our image in a real cluster (kind); KUBECONFIG_E2E names another cluster
	@$(BIN)/python -m tests.kind prepare
	$(BIN)/pytest -q tests/kind

engine: $(READY) ## install a container engine where there is none (Debian, as root)
	@$(BIN)/python -m tests.kind engine

image: $(READY) ## build the image noxus-secret-webhook:dev; BASE names another base image
	@$(BIN)/python -m tools.image

kind-up: $(READY) ## a kind cluster with the webhook installed, to play with
	@$(BIN)/python -m tests.kind up

kind-down: $(READY) ## end it, and the container engine if we started it
	@$(BIN)/python -m tests.kind down

sbom: $(READY) ## list what the image holds beside our code, as CycloneDX
	@$(BIN)/python -m tools.sbom

licenses: $(READY) ## list the licences of all that
	@$(BIN)/python -m tools.sbom --licenses
