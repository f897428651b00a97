# Faults under load with their figures, for docs/operations.md: a quarter of an hour for each of two
# rounds. `make drills DRILLS='--quick --rounds 1'` takes three minutes.
.PHONY: drills
DRILLS ?= --write docs/operations.md

drills: $(READY) ## faults under load, all of them, twice; the figures go into docs/operations.md
	$(BIN)/python -m tools.drills $(DRILLS)
