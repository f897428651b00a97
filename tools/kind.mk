# What belongs to containers and kind beside `make e2e` and `make image`. Included by the Makefile.

.PHONY: engine kind-up kind-down kind-end sbom licenses

engine: $(READY) ## install a container engine where there is none (Debian, as root)
	@$(BIN)/python -m tests.kind engine

kind-up: $(READY) ## a kind cluster with the webhook installed, to play with
	@$(BIN)/python -m tests.kind up

kind-down: $(READY) ## end it, and the container engine if we started it
	@$(BIN)/python -m tests.kind down

sbom: $(READY) ## list what the image holds beside our code, as CycloneDX
	@$(BIN)/python -m tools.sbom

licenses: $(READY) ## list the licences of all that
	@$(BIN)/python -m tools.sbom --licenses

# A daemon of ours still holds files in .cache.
clean: kind-end
kind-end:
	@test ! -d .cache/e2e/docker -o ! -x $(BIN)/python || $(BIN)/python -m tests.kind down
