"""Colours for people, of which none comes from what is printed."""

from collections.abc import Iterable
from typing import Final, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from webhook.terminal import raw, visible

NARROWEST: Final = 60  # below it, lines that the terminal breaks are easier to read than columns


class SafeConsole(Console):
    """Prints on a stream; control characters of the text are shown, and only ours are sent."""

    def __init__(self, stream: TextIO) -> None:
        """Take where to print; highlighting would colour what we do not know the meaning of."""
        super().__init__(file=raw(stream), highlight=False, emoji=False, markup=False)
        self.width = max(self.width, NARROWEST)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of what is printed."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=visible(segment.text))
