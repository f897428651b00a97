"""docs/guide-dry-run.md, typed line by line against a running installation.

`pytest --update-golden` writes what is printed into the page, and fails so that it is read.
"""

from pathlib import Path

import pytest

from tests.e2e.guide import LOOKS, files, same, steps, written
from tests.e2e.harness import ROOT
from tests.e2e.terminal import installation, terminal, typed

PAGE = ROOT / "docs" / "guide-dry-run.md"


@pytest.mark.cluster
@pytest.mark.timeout(600)  # three replicas start, and twenty commands wait for what comes of them
def test_every_command_prints_what_the_guide_says(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    update = request.config.getoption("--update-golden")
    with installation() as cluster:
        typed(terminal(cluster, tmp_path, PAGE.read_text()), PAGE, update=update)


def test_what_the_page_prints_is_read_and_written_back_unchanged() -> None:
    page = PAGE.read_text()
    read = steps(page)

    assert written(page, [f"{it.printed.rstrip()}\n" if it.printed else "" for it in read]) == page
    assert [name for name, _ in files(page)] == ["noxus.yaml"]
    assert len(read) > 20


@pytest.mark.parametrize(
    ("command", "looks"),
    [
        ("kubectl -n noxus get events", True),
        ("kubectl --namespace noxus logs -l app=web --tail=-1", True),
        ("noxus-secrets audit | grep refused", True),
        ("kubectl -n noxus create role r --verb=get --resource=secrets", False),
        ("kubectl -n noxus apply -f events.yaml", False),
    ],
)
def test_only_what_looks_is_asked_again(command: str, *, looks: bool) -> None:
    assert bool(LOOKS.search(command)) is looks


def test_what_varies_is_the_same_and_what_does_not_is_not() -> None:
    line = "5s  Warning  SecretsDryRun  ReplicaSet/web-666d8f559  reads 'worker-env'\n"
    later = "1m2s   Warning   SecretsDryRun   ReplicaSet/web-7db664797c   reads 'worker-env'\n"

    assert same(line) == same(later)
    assert same(line) != same(later.replace("worker-env", "app-env"))
    assert same(line) != same(later.replace("Warning", "Normal"))
    assert same(line) != same(line * 2)
