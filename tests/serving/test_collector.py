"""The garbage collector keeps away from what is loaded."""

import gc
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from webhook.loading.load import Loaded, load_policies
from webhook.loading.problems import PolicyError
from webhook.serving.policies import FilePolicySource
from webhook.serving.reload import LoadError, uncollected
from webhook.telemetry.metrics import Metrics


def test_nothing_is_collected_while_something_loads_and_afterwards_as_before() -> None:
    states = []
    with uncollected():
        states.append(gc.isenabled())
    states.append(gc.isenabled())
    gc.disable()
    with uncollected():
        pass
    states.append(gc.isenabled())
    gc.enable()
    assert states == [False, True, False]


def test_what_fails_to_load_leaves_the_collector_on() -> None:
    with pytest.raises(LoadError), uncollected():
        raise LoadError("no")
    assert gc.isenabled()


def test_loading_and_dropping_a_policy_leaves_nothing_to_collect(tmp_path: Path) -> None:
    """Otherwise each reload would keep some memory for ever, as the collector never looks there."""
    text = (Path(__file__).parents[2] / "examples" / "policy.yaml").read_text()
    (tmp_path / "good.yaml").write_text(text)
    (tmp_path / "bad.yaml").write_text(text.replace("scopes:", "scoops:"))

    def load_both() -> None:
        assert load_policies(tmp_path / "good.yaml", 1).policies
        with pytest.raises(PolicyError):
            load_policies(tmp_path / "bad.yaml", 2)

    load_both()
    gc.collect()
    gc.disable()
    try:
        load_both()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_lines_of_a_policy_in_force_are_forgotten_before_its_files_are() -> None:
    """To free them together would hold up requests."""
    kept: list[Loaded] = []

    def load(path: Path, generation: int) -> Loaded:
        kept.append(load_policies(path, generation))
        return kept[-1]

    source = FilePolicySource(
        Path(__file__).parents[2] / "examples" / "policy.yaml",
        load=load,
        fingerprint=lambda _: b"the same",
        metrics=Metrics(CollectorRegistry(), version="1"),
        clock=lambda: 0.0,
    )
    source.followed.poll(settle=False)

    assert source.current() is kept[0].policies
    assert [it.document.lines for it in kept[0].sources] == [{}] * len(kept[0].sources) != []
