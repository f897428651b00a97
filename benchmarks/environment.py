"""The Python environment of what only the benchmark takes: kopf, and matplotlib for the plots."""

import subprocess
import venv
from pathlib import Path

from benchmarks.servers import Files

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements" / "bench.txt"


def ready(files: Files) -> None:
    """Make it where it is missing or its pins have changed."""
    pins = REQUIREMENTS.read_bytes()
    installed = files.environment / "installed.txt"
    if installed.exists() and installed.read_bytes() == pins:
        return
    installed.unlink(missing_ok=True)
    venv.create(files.environment, with_pip=True)
    pip = [str(files.python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
    installed.write_bytes(pins)
