"""Control characters are shown on a terminal; colours are ours alone."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import TextIO

from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tests.canary.test_terminal import steers
from webhook.report.console import SafeConsole
from webhook.terminal import Visible, guarded, raw, visible


@given(st.text(st.characters()))
def test_what_is_visible_steers_nothing_and_is_the_same_json(text: str) -> None:
    assert not steers(visible(text))
    assert visible(visible(text)) == visible(text)
    written = json.dumps(text, ensure_ascii=False)
    assert json.loads(visible(written)) == text


def test_what_people_write_stays_as_it_is() -> None:
    for text in ("naïve\tfile\n", "日本語", "🙂 👩\u200d💻", "שלום"):
        assert visible(text) == text


def test_a_colour_is_sent_and_an_escape_in_the_text_is_not() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    console = SafeConsole(out)
    console._color_system = console._detect_color_system()
    console.print(Text("red\x1b[32m", "red"), end="")

    assert "red\\u001b[32m" in out.getvalue()


def test_while_a_command_runs_both_streams_are_guarded_and_then_as_before() -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        before: tuple[TextIO, TextIO] = sys.stdout, sys.stderr
        with guarded():
            sys.stdout.write("a\x1b")
            sys.stderr.write("b\x9b")
            raw(sys.stdout).write("\x1b")
            assert isinstance(sys.stdout, Visible)
            assert not sys.stdout.isatty()
        assert (sys.stdout, sys.stderr) == before

    assert (out.getvalue(), err.getvalue()) == ("a\\u001b\x1b", "b\\u009b")
