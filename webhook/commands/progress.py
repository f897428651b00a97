"""How far the reading of a cluster is, on a terminal; nothing anywhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def progress(stream: TextIO) -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that is told what is read, how much of it was, and how much there is."""
    if not stream.isatty():
        yield lambda *_: None
        return
    # Imported here: rich is slow to load.
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("reading {task.description:<22}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    from webhook.report.console import SafeConsole  # noqa: PLC0415

    console = SafeConsole(stream)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            # An empty list is done, which a bar of none would never be.
            bar.update(task, description=what, completed=done, total=total or None)

        yield report
