"""A page of commands and what they print: run as they stand, and compared or written anew.

A `console` block holds commands after `$ ` and below each what it prints; a `yaml` block whose
first line is a comment with a file name is that file. What differs from run to run (hashes in
names, ages, times) is compared as a word that stands for it.
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"```(console|yaml)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"(.*\\\n)*.*")  # lines that end in a backslash, and the next one
FILE = re.compile(r"# (\S+\.yaml)\n")
# What only looks may be asked again: Events and logs are written a moment after the answer.
LOOKS = re.compile(r"kubectl( -n \S+| --namespace \S+)* (events|get|logs)\b|\b(grep|curl)\b")
WAIT_SECONDS = 60.0
SETTLED_SECONDS = 4.0
EVERY = 0.5
SAFE = "bcdfghjklmnpqrstvwxz2456789"  # the characters of the hashes in names
VARYING = (
    (re.compile(rf"-[{SAFE}]{{5,10}}(-[{SAFE}]{{5}})?\b"), "-HASH"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r'"milliseconds":[\d.]+'), '"milliseconds":N'),
    (re.compile(r"^\d+(m\d+)?s( \(x\d+ over \d+s\))? ", re.MULTILINE), "AGE "),
    (re.compile(r"noxus/\d+"), "noxus/GENERATION"),
    (re.compile(r" {2,}"), "  "),  # columns are as wide as what is in them
)


@dataclass(frozen=True)
class Step:
    """A command, and what the page says that it prints."""

    command: str
    printed: str


def files(page: str) -> Iterator[tuple[str, str]]:
    """Yield the names and contents of the files that a page shows."""
    for language, text in BLOCK.findall(page):
        if language == "yaml" and (named := FILE.match(text)):
            yield named.group(1), text


def steps(page: str) -> list[Step]:
    """Return the commands of a page in order."""
    return [
        Step(command, printed)
        for language, text in BLOCK.findall(page)
        if language == "console"
        for command, printed in map(_parts, text.removeprefix("$ ").split("\n$ "))
    ]


def _parts(step: str) -> tuple[str, str]:
    """Return a command, whose lines go on after a backslash, and what it prints."""
    command = COMMAND.match(step)
    end = command.end() if command else 0
    return step[:end], step[end:].removeprefix("\n")


def same(text: str) -> list[str]:
    """Return what is compared: the lines without what varies; of one second they have no order."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return sorted(line.rstrip() for line in text.strip().splitlines())


class Shell:
    """Runs commands as a reader's terminal does."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, dict(environment)

    def run(self, command: str) -> str:
        """Return everything that a command prints."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    def until(self, command: str, good: Callable[[str], bool]) -> str:
        """Run a command, and again where it only looks, until what it prints is good."""
        last = time.monotonic() + WAIT_SECONDS
        while not good(printed := self.run(command)):
            if not LOOKS.search(command) or time.monotonic() > last:
                break
            time.sleep(EVERY)
        return printed

    def settled(self, command: str) -> str:
        """Return what a command prints once it prints the same for some seconds."""
        seen: list[tuple[float, list[str]]] = []

        def good(printed: str) -> bool:
            seen.append((time.monotonic(), same(printed)))
            alike = [at for at, what in seen if what == seen[-1][1]]
            return seen[-1][0] - alike[0] > SETTLED_SECONDS

        return self.until(command, good)


def written(page: str, printed: list[str]) -> str:
    """Return the page with other outputs, one for each command in order."""
    rest = iter(printed)

    def block(found: re.Match[str]) -> str:
        if found.group(1) != "console":
            return found.group(0)
        parts = found.group(2).removeprefix("$ ").split("\n$ ")
        lines = [f"$ {_parts(part)[0]}\n{next(rest)}" for part in parts]
        return f"```console\n{''.join(lines)}```"

    return BLOCK.sub(block, page)
