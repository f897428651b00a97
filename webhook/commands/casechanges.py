"""What was read, so that `--watch` sees when it has changed: by content, not by date."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_GONE = b""


@dataclass(slots=True)
class Watched:
    """Files as they were read, and folders as they were listed."""

    _contents: dict[Path, bytes] = field(default_factory=dict)  # digests
    _listings: dict[tuple[Path, tuple[str, ...]], list[Path]] = field(default_factory=dict)

    def content(self, file: Path) -> bytes:
        """Read a file; raises OSError, and notices all the same when it comes to be there."""
        self._contents[file] = _GONE
        content = file.read_bytes()
        self._contents[file] = _digest(content)
        return content

    def listed(self, path: Path, suffixes: tuple[str, ...]) -> list[Path]:
        """Return a file itself, and of a folder all files of these kinds below it, in order."""
        found = self._listings[path, suffixes] = _listing(path, suffixes)
        return found

    def changed(self) -> bool:
        """Tell whether anything is not as it was read."""
        return any(_listing(*key) != before for key, before in self._listings.items()) or any(
            _now(file) != before for file, before in self._contents.items()
        )


def _listing(path: Path, suffixes: Sequence[str]) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = (it for it in path.rglob("*") if it.suffix in suffixes and it.is_file())
    # Hidden ones are editors' own, and how a mounted ConfigMap swaps its content.
    return sorted(it for it in found if not _hidden(it.relative_to(path)))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _now(file: Path) -> bytes:
    try:
        return _digest(file.read_bytes())
    except OSError:  # it is being replaced, or gone
        return _GONE


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
