"""`noxus-secrets test` and files of cases in which anything stands anywhere: never a traceback."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.kit import ROOT, run

pytestmark = pytest.mark.slow

Json = Any

RUNS = 300  # three seconds; 6,000 were run once, and found a container without a name
RUBBISH: tuple[Json, ...] = (
    *(None, [], {}, "", "x", 5, -1, True, [None], [[]], {"a": None}, float("nan")),
    *("../policy.yaml#", "#", "\x07", "a/b" * 200),
)
DOCUMENTS = [
    document
    for file in sorted((ROOT / "examples" / "policy-tests").glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text())
]


def places(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, part in items:
        yield from places(part, (*path, key))


def spoilt(choose: random.Random) -> Json:
    """Return a document of one case in which something is removed or replaced."""
    document = copy.deepcopy(choose.choice(DOCUMENTS))
    document["cases"] = choose.sample(document["cases"], 1)
    *way, last = choose.choice(list(places(document)))
    here = document
    for step in way:
        here = here[step]
    if choose.random() < 0.2:
        del here[last]
    else:
        here[last] = copy.deepcopy(choose.choice(RUBBISH))
    return document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("policy.yaml", "pods", "deployments"):
        (tmp_path / name).symlink_to(ROOT / "examples" / name)
    made = tmp_path / "policy-tests"
    made.mkdir()
    return made


def test_whatever_stands_in_a_case_is_a_result_or_a_sentence(folder: Path) -> None:
    choose = random.Random(20261124)  # noqa: S311 - the same rubbish every time
    codes: set[int] = set()
    for _ in range(RUNS):
        text = yaml.safe_dump(spoilt(choose))
        (folder / "cases.yaml").write_text(text)

        ran = run("test", folder, "--junit", folder / "out.xml")

        assert (ran.err != "") == (ran.code == 2), text
        codes.add(ran.code)

    assert codes == {0, 1, 2}
