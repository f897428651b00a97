"""A long run of `inject` tells how far it is."""

import io

from webhook.commands.ticker import Ticker


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_takes_long_is_counted_twice_a_second_and_leaves_no_trace() -> None:
    stream, clock = Terminal(), Clock()
    ticker = Ticker(stream, clock=clock, shown=True)
    for at in (101.9, 102.0, 102.4, 102.5):
        clock.now = at
        ticker.tick()
    ticker.close()
    ticker.close()

    erase = "\r\x1b[K"
    assert stream.getvalue() == f"{erase}2 documents{erase}4 documents{erase}"


def test_a_message_stands_on_a_line_of_its_own() -> None:
    stream, clock = Terminal(), Clock()
    ticker = Ticker(stream, clock=clock, shown=True)
    ticker.say("first")
    clock.now += 2
    ticker.tick()
    ticker.say("second")

    assert stream.getvalue() == "first\n\r\x1b[K1 document\r\x1b[Ksecond\n"


def test_nothing_is_counted_where_nobody_looks_or_the_output_is_seen_itself() -> None:
    for stream, shown in ((io.StringIO(), True), (Terminal(), False)):
        clock = Clock()
        ticker = Ticker(stream, clock=clock, shown=shown)
        clock.now += 9
        ticker.tick()
        ticker.close()
        assert stream.getvalue() == ""
