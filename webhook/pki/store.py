"""A folder of certificates and keys, written so that nobody ever sees half a file."""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from webhook.pki.errors import PkiError

_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644
_FOLDER: Final = 0o700


@dataclass(frozen=True, slots=True)
class Folder:
    """An existing folder whose lock we hold."""

    path: Path

    def read(self, name: str) -> bytes | None:
        """Give a file's content, or None where there is none; raises PkiError."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise PkiError(f"{self.path / name}: cannot be read: {fault.strerror}") from None

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        """Put a file in place as a whole: a reader sees the old content or the new, never less.

        A private one is readable by its owner only from its first byte on. Raises PkiError.
        """
        temporary = self.path / f".{name}.{secrets.token_hex(8)}"
        try:
            _write_through(temporary, content, _PRIVATE if private else _PUBLIC)
            temporary.replace(self.path / name)
            _sync(self.path)
        except OSError as fault:
            raise PkiError(f"{self.path / name}: cannot be written: {fault.strerror}") from None
        finally:
            temporary.unlink(missing_ok=True)

    def make_private(self, name: str) -> bool:
        """Take everybody else's rights to a file away; tells whether there were any."""
        path = self.path / name
        if not stat.S_IMODE(path.stat().st_mode) & ~_PRIVATE:
            return False
        path.chmod(_PRIVATE)
        return True


@contextlib.contextmanager
def locked_folder(path: Path) -> Iterator[Folder]:
    """Create the folder where it is missing, and hold its lock: runs at once take their turns.

    The lock is the folder's own, so no lock file stays behind, also not after a crash.
    Raises PkiError when the folder cannot be made or opened.
    """
    try:
        path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileExistsError:
        raise PkiError(f"{path}: is a file; name a folder with --dir") from None
    except OSError as fault:
        raise PkiError(f"{path}: cannot be used as a folder: {fault.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Folder(path)
    finally:
        os.close(descriptor)


def _write_through(path: Path, content: bytes, mode: int) -> None:
    """Create a file with its final mode and wait until its content is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a rename durable: it is a change of the folder, not of the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
