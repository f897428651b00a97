"""Runs a way in folders of its own, and keeps everything that was written."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.canary.canaries import Canaries
from tests.canary.ways import USUAL, Way
from tests.commands.kit import run

SEED = 20261124


@dataclass(frozen=True)
class Written:
    """What a command wrote: the text, and what of it may hold parts of a value."""

    place: str  # stdout, stderr, or the path of a file
    text: str
    allowed: frozenset[str] = frozenset()

    def leaks(self, canaries: Canaries) -> set[str]:
        return canaries.leaks(self.text) - self.allowed


@dataclass(frozen=True)
class Place:
    """Where a command runs: its inputs, its working folder, its temporary folder."""

    inputs: Path
    work: Path
    temporary: Path

    @classmethod
    def below(cls, folder: Path) -> "Place":
        made = cls(folder / "inputs", folder / "work", folder / "tmp")
        for it in (made.inputs, made.work, made.temporary):
            it.mkdir()
        return made


@contextlib.contextmanager
def inside(place: Place) -> Iterator[None]:
    """Work in the folder, with temporary files going to theirs."""
    before, variable = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(place.temporary)
    try:
        with contextlib.chdir(place.work):
            yield
    finally:
        tempfile.tempdir = before
        os.environ.pop("TMPDIR")
        if variable is not None:
            os.environ["TMPDIR"] = variable


def written(way: Way, slot: str, name: str, place: Place, canaries: Canaries) -> Iterator[Written]:
    """Call it with a document in one place and good ones in all others; yield what it wrote."""
    given = {**USUAL, slot: name}
    words = [str(place.inputs / given[it]) if it in given else it for it in way.words]
    stdin = (place.inputs / given["{stdin}"]).read_bytes().decode() if way.reads else ""
    with inside(place):
        ran = run(*words, stdin=stdin)
    assert ran.code in {0, 1, 2}, ran
    shown = "\n".join((place.inputs / given[it]).read_text(errors="replace") for it in way.shows)
    yield Written("stdout", ran.out, frozenset(canaries.leaks(shown) if ran.code != 2 else ()))
    yield Written("stderr", ran.err)
    for root in (place.work, place.temporary):
        for path in sorted(root.rglob("*")):
            own = path.relative_to(root)
            yield Written("name of a file", str(own))
            if path.is_file():
                text = path.read_text(errors="replace")
                wanted = canaries.leaks(text) if _is_asked_for(way, path) else ()
                yield Written(str(own), text, frozenset(wanted))
                path.unlink()


def _is_asked_for(way: Way, path: Path) -> bool:
    """Tell whether a file is one into which values were to be written, for nobody else to read."""
    if not way.writes or path.parent.name != way.writes:
        return False
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    return True
