"""A program that cannot be installed is told of in one line."""

from collections.abc import Sequence

import pytest

from tools.debian import Program, installed

NOWHERE = Program("no-such-program", "somebody", "nothing is done")
APT = ("apt-get", "install", "-y", "-q", "--no-install-recommends", "no-such-program")


def test_what_is_there_is_not_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert installed(Program("sh", "somebody", "nothing is done"), run=lambda _: "never asked")
    assert capsys.readouterr().err == ""


def test_what_is_missing_is_installed_after_the_lists_are_fetched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = []

    def run(command: Sequence[str]) -> None:
        ran.append(command)

    assert installed(NOWHERE, run=run)
    assert ran == [("apt-get", "update", "-q"), APT]
    assert capsys.readouterr().err == "somebody: installing no-such-program\n"


@pytest.mark.parametrize("failing", ["update", "install"])
def test_what_cannot_be_installed_is_told_with_the_reason(
    failing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not installed(NOWHERE, run=lambda command: "no network" if failing in command else None)
    assert capsys.readouterr().err.splitlines() == [
        "somebody: installing no-such-program",
        "somebody: no-such-program cannot be installed (no network); nothing is done",
    ]
