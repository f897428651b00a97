"""`noxus-secrets test --watch`: it runs again when something has changed, and ends cleanly."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.kit import POLICY, ROOT, run
from webhook.commands.casechanges import Watched
from webhook.commands.test import watch

POD = "{apiVersion: v1, kind: Pod, metadata: {namespace: noxus}, spec: {}}"
CASES = f"""\
apiVersion: secrets.noxus.ai/v1alpha1
kind: PolicyTest
policy: policy.yaml
object: {POD}
cases: [{{name: nobody, expect: {{role: ""}}}}]
"""
YAML = (".yaml",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY.read_text())
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path


def read(folder: Path) -> Watched:
    watched = Watched()
    for file in watched.listed(folder, YAML):
        watched.content(file)
    return watched


def test_nothing_has_changed_where_only_the_date_has(folder: Path) -> None:
    watched = read(folder)

    os.utime(folder / "cases.yaml", (1, 1))

    assert not watched.changed()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "cases.yaml").write_text("other"),
        lambda folder: (folder / "cases.yaml").unlink(),
        lambda folder: (folder / "new.yaml").write_text(""),
        lambda folder: (folder / "sub").mkdir() or (folder / "sub" / "new.yaml").write_text(""),
    ],
    ids=["changed", "removed", "added", "added below"],
)
def test_a_file_that_is_changed_removed_or_added_is_a_change(
    folder: Path, change: Callable[[Path], object]
) -> None:
    watched = read(folder)

    change(folder)

    assert watched.changed()


@pytest.mark.parametrize("name", [".cases.yaml.swp", ".cases.yaml", "notes.txt"])
def test_what_editors_write_beside_it_is_none(folder: Path, name: str) -> None:
    watched = read(folder)

    (folder / name).write_text("")

    assert not watched.changed()


def test_a_file_that_was_not_there_is_noticed_when_it_comes(folder: Path) -> None:
    watched = Watched()
    with contextlib.suppress(OSError):
        watched.content(folder / "pod.yaml")
    before = watched.changed()

    (folder / "pod.yaml").write_text(POD)

    assert (before, watched.changed()) == (False, True)


def test_it_runs_once_and_then_after_each_change_until_ctrl_c() -> None:
    said: list[str] = []
    answers = iter([False, False, True, False])

    def once() -> Callable[[], bool]:
        said.append("run")
        return lambda: next(answers)

    def pause() -> None:
        said.append("pause")
        if said.count("pause") == 3:
            raise KeyboardInterrupt

    assert watch(once, pause=pause) == 0
    assert said == ["run", "pause", "pause", "run", "pause"]


def test_json_of_many_runs_is_refused(folder: Path) -> None:
    ran = run("test", folder, "--watch", "-o", "json")

    assert (ran.code, ran.err) == (
        2,
        "noxus-secrets: --watch prints one run after the other, which is no JSON: leave out -o\n",
    )


def save(file: Path, text: str) -> None:
    """Write as careful editors do: nobody reads half of it."""
    scratch = file.with_name(f".{file.name}")
    scratch.write_text(text)
    scratch.replace(file)


class Watching:
    """A process that watches."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "webhook", "test", str(folder), "--watch", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
        )

    def until(self, end: str) -> str:
        """Return what it prints up to a line that begins so."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith(end):
                return "".join(lines)
        raise AssertionError(f"it ended: {''.join(lines)}")

    def interrupt(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=120)
        return self.process.returncode, rest


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    it = Watching(folder)
    yield it
    if it.process.poll() is None:
        it.process.kill()
    it.process.communicate()


def test_it_sees_what_is_saved_what_is_wrong_and_what_is_mended(
    folder: Path, watching: Watching
) -> None:
    end = f"watching {folder}; Ctrl-C ends"
    first = watching.until(end)
    policy = folder / "policy.yaml"
    good = policy.read_text()

    save(policy, good.replace("roles:", "rules:", 1))
    broken = watching.until(end)
    save(policy, good)
    mended = watching.until(end)
    save(folder / "cases.yaml", CASES.replace('role: ""', "role: worker"))
    failed = watching.until(end)

    assert "1 case: 1 passed, 0 failed (" in first
    assert broken.startswith("the cases cannot be run:\n")
    assert "unknown field; did you mean 'roles'?" in broken
    assert "1 case: 1 passed, 0 failed (" in mended
    assert "role: expected worker, got (nothing)" in failed
    assert "\x1b" not in first + broken + mended + failed  # nobody's screen is cleared here
    assert watching.interrupt() == (0, "")


def test_on_a_terminal_each_run_begins_on_a_cleared_screen(folder: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "webhook", "test", str(folder), "--watch"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", "NO_COLOR": ""},
    )
    os.close(theirs)
    shown = b""
    while b"Ctrl-C ends" not in shown:
        shown += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=120) == 0
    os.close(ours)
    assert shown.startswith(b"\x1b[H\x1b[2J\x1b[3J")
    assert b"\x1b[32m1 case: 1 passed, 0 failed" in shown
