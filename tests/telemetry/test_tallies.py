"""Decisions are counted as prometheus_client would count them."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from webhook.telemetry.tallies import Series, Tallies

BUCKETS = (0.0001, 0.025, 1.0, 10.0)
HOOKS = ("mutate", "validate")
KNOWN: Series = ("mutate", "enforce", "allow", "NothingToDo")
LABELS = ("hook", "mode", "decision", "reason")

series = st.tuples(
    st.sampled_from(HOOKS),
    st.sampled_from(("enforce", "dry-run")),
    st.sampled_from(("allow", "deny")),
    st.sampled_from(("Injected", 'a "quoted" \\ reason\n')),
)
seconds = st.one_of(st.sampled_from((0.0, *BUCKETS)), st.floats(0, 20))


def tallies() -> Tallies:
    return Tallies(known=[KNOWN], hooks=HOOKS, buckets=BUCKETS, most=3)


@given(st.lists(st.tuples(series, seconds), max_size=20))
def test_what_prometheus_reads_is_what_the_library_would_have_written(
    decided: list[tuple[Series, float]],
) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted = Tallies(known=[KNOWN], hooks=HOOKS, buckets=BUCKETS, most=100)
    ours.register(counted)
    name = "noxus_secrets_admission"
    counter = Counter(f"{name}_reviews", "Decisions.", LABELS, registry=theirs)
    counter.labels(*KNOWN)
    text = "From a request's headers to its answer, its body's arrival included."
    histogram = Histogram(
        f"{name}_duration_seconds", text, ["hook"], buckets=BUCKETS, registry=theirs
    )
    for hook in HOOKS:
        histogram.labels(hook)
    for each, took in decided:
        counted.count(each, took)
        counter.labels(*each).inc()
        histogram.labels(each[0]).observe(took)

    assert told(ours) == told(theirs)


def told(registry: CollectorRegistry) -> list[str]:
    """Return the lines, without the time at which the library's series were made."""
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


def test_series_beyond_the_most_are_counted_together() -> None:
    counted = tallies()
    for number in range(10):
        counted.count(("mutate", "enforce", "deny", f"R{number}"), 0.5)
    reviews, durations = counted.collect()
    assert [(*sample.labels.values(), sample.value) for sample in reviews.samples] == [
        (*KNOWN, 0),
        ("mutate", "enforce", "deny", "R0", 1),
        ("mutate", "enforce", "deny", "R1", 1),
        ("mutate", "other", "other", "Other", 8),
    ]
    assert durations.samples[-1].name.endswith("_sum")
