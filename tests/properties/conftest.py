"""How many examples each promise is tried with: HYPOTHESIS_PROFILE is fast, ci or nightly."""

import os

from hypothesis import HealthCheck, settings

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
        suppress_health_check=MEANT,
    )

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
