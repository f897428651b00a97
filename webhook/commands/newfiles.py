"""New files that only their owner may read: all of them, or none."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from webhook.errors import UsageError

_FILE: Final = 0o600
_FOLDER: Final = 0o700


def write_new(folder: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Put files into a folder, which is made where it is missing; raises `UsageError`.

    Nothing that is there is replaced without `force`. Each file appears as a whole, once all were
    written to the disk: where the disk is full none appears, and nothing half written stays.
    """
    _make(folder)
    there = [name for name in files if os.path.lexists(folder / name)]  # a link, too
    if there and not force:
        raise UsageError(
            f"{folder / there[0]} is there already, and nothing was written: name another folder "
            "with --out, or replace what is there with --force"
        )
    mark = secrets.token_hex(8)
    hidden = {name: folder / f".{name}.{mark}" for name in files}
    try:
        for name, content in files.items():
            _write(hidden[name], content)
        for name, path in hidden.items():
            path.replace(folder / name)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written to: {error.strerror}") from None
    finally:
        for path in hidden.values():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(f"{folder} is a file: name a folder with --out") from None
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
