"""How many examples each promise is tried with: HYPOTHESIS_PROFILE is fast, ci or nightly."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")

# One draw is a tape of a few hundred bytes from which a policy, a pod and a request are built:
# that is large and slow by Hypothesis's measure, and meant so.
MEANT = [HealthCheck.too_slow, HealthCheck.data_too_large]

for name, examples in (("fast", 150), ("ci", 2_000), ("nightly", 100_000)):
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,  # a busy machine is not a bug
        derandomize=name != "nightly",  # the same examples for everybody; new ones every night
        database=None,
        print_blob=name == "nightly",  # what nobody can reproduce by running it again
        suppress_health_check=MEANT,
    )

settings.load_profile(PROFILE)

# Some seconds for 2,000 examples, but minutes to shrink one that fails; hours for a night.
TIMEOUT = pytest.mark.timeout(4 * 3600 if PROFILE == "nightly" else 600)
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(TIMEOUT)
