# The two commands: `make run` shows the webhook at work, `make test` runs everything that CI runs.
# Both set up what they need, below .venv/ and .cache/, and reuse it the next time.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# The suite without a control plane, spread over the cores.
PYTEST := $(BIN)/pytest -q -n 2 --dist loadgroup
# Extras are written out: pip takes a pin without them for another requirement than the one with.
COMPILE := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --no-annotate --no-strip-extras

.DEFAULT_GOAL := help
.PHONY: help run cluster test test-fast test-cluster e2e image nightly mutation search lint format bench requirements clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(READY) ## start the webhook, send it three example pods, and go on serving
	@$(BIN)/python -m tools.run

cluster: $(READY) ## the same against a real API server; leaves a kubeconfig to play with
	@$(BIN)/python -m tools.cluster

test: lint test-all ## everything that CI runs

.PHONY: test-all
test-all: $(READY)
	$(BIN)/python tests/controlplane/build.py etcd kube-apiserver kube-controller-manager kubectl helm
	$(BIN)/python -m tests.observability.build
	$(BIN)/python -m tests.eso.build
	$(BIN)/python -m tests.report.browser
	$(BIN)/python -m tools.callgrind
	$(BIN)/python -m tests.kind engine || true # it has said why not
	$(BIN)/python -m tests.kind prepare
	$(PYTEST) -m "not drill" --cov --cov-report= --ignore=tests/properties --ignore=tests/kind
	$(BIN)/coverage report --include='webhook/core/*,webhook/wire/*' --fail-under=100
	$(BIN)/coverage report --fail-under=95
	$(PYTEST) --timeout=900 tests/properties # thousands of examples: tracing would triple their time
	$(BIN)/pytest -q -m drill tests/drills # alone: an API server waits three seconds for an answer
	$(BIN)/pytest -q -m "not nightly" tests/kind # last: it wants both cores for itself

test-fast: $(READY) ## the tests that need no control plane, but the slow ones: under a minute
	HYPOTHESIS_PROFILE=fast $(PYTEST) -m "not cluster and not kind and not slow"

test-cluster: $(READY) ## the tests through the real API server alone
	$(BIN)/pytest -q -m cluster

e2e: $(READY) ## in kind: images built here, pods that really run (or in the cluster of KUBECONFIG_E2E)
	$(BIN)/python -m tests.kind demand
	$(BIN)/pytest -q -m "not nightly" tests/kind

image: $(READY) ## build our image, as noxus-secret-webhook:dev
	$(BIN)/python -m tools.image

nightly: $(READY) ## the properties with 100,000 examples each, and the image built twice
	HYPOTHESIS_PROFILE=nightly $(PYTEST) -m "not cluster and not kind" --timeout=36000
	$(BIN)/python -m tests.kind demand
	$(BIN)/pytest -q -m nightly tests/kind

mutation: $(READY) ## break the core in thousands of small ways: which of them does no test notice?
	$(BIN)/python -m tools.mutation

search: $(READY) ## ask 50,000 random requests of the webhook and of an oracle that knows only the rules
	$(BIN)/python -m tests.properties.search

lint: $(READY) ## format, lint, types and the walls between packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure side by side with peers; the report goes to .cache/benchmarks/
	$(BIN)/python -m benchmarks.bench $(BENCH)

requirements: $(READY) ## pin again what pyproject.toml asks for
	$(BIN)/python -m pip install -q uv==0.13.9
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	$(COMPILE) --group build -o requirements/build.txt
	$(COMPILE) --group bench -c requirements/run.txt -o requirements/bench.txt
	$(COMPILE) --group sbom -o requirements/sbom.txt

clean: ## remove what the other targets made
	rm -rf .venv .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with make PYTHON=...")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Setting up .venv ..."; $(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "$(PYTHON) cannot make .venv; on Debian: apt-get install python3-venv"; exit 1; }; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

include tools/*.mk
