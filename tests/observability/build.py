"""Builds promtool and Prometheus, once, and fetches the definitions of the operator's resources.

Run it as `python -m tests.observability.build`. What is there is not built again: two to four
minutes on two cores the first time.
"""

import hashlib
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.controlplane import build as controlplane
from tests.controlplane.build import BuildError

HERE = Path(__file__).resolve().parent
PROMETHEUS = HERE / "prometheus"
OPERATOR = HERE / "operator"
OPERATOR_MODULE = "github.com/prometheus-operator/prometheus-operator"
PROGRAMS = ("promtool", "prometheus")
# Without the discovery of targets in two dozen clouds both build in a third of the time; our
# targets are listed by address. netgo: no C library is needed.
FLAGS = (
    *("-trimpath", "-buildvcs=false", "-mod=readonly"),
    *("-tags=netgo,remove_all_sd", "-ldflags=-s -w"),
)


def bin_folder() -> Path:
    """Return the folder of the built programs: another one whenever a result could differ."""
    digest = hashlib.sha256()
    digest.update(f"{platform.system()} {platform.machine()} {' '.join(FLAGS)}".encode())
    for name in ("go.mod", "go.sum"):
        digest.update((PROMETHEUS / name).read_bytes())
    return controlplane.cache_root() / f"prometheus-{digest.hexdigest()[:16]}" / "bin"


def programs() -> dict[str, Path]:
    """Return where each program is, after building those that are missing."""
    folder = bin_folder()
    wanted = {name: folder / name for name in PROGRAMS}
    if not all(path.is_file() for path in wanted.values()):
        with controlplane._lock(controlplane.cache_root() / "lock"):
            folder.mkdir(parents=True, exist_ok=True)
            for path in wanted.values():
                if not path.is_file():  # whoever held the lock before us may have built it
                    _build(path)
    return wanted


def resource_definitions(*plurals: str) -> list[Path]:
    """Return the CustomResourceDefinitions of these resources, as the operator publishes them."""
    go = controlplane.find_go(controlplane.required_version(OPERATOR, "go"))
    done = subprocess.run(
        [go, "mod", "download", "-json", OPERATOR_MODULE],  # checks it against go.sum
        cwd=OPERATOR,
        env=controlplane._go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"{OPERATOR_MODULE} cannot be had:\n{done.stderr or done.stdout}")
    folder = Path(json.loads(done.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{plural}.yaml" for plural in plurals]


def _build(output: Path) -> None:
    go = controlplane.find_go(controlplane.required_version(PROMETHEUS, "go"))
    began = time.monotonic()
    # Into a folder of its own, then renamed: a program is there whole or not at all.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=output.parent) as part:
        built = Path(part) / output.name
        done = subprocess.run(
            [
                *(go, "build", *FLAGS, "-o", built),
                f"github.com/prometheus/prometheus/cmd/{output.name}",
            ],
            cwd=PROMETHEUS,
            env=controlplane._go_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise BuildError(f"{output.name} does not build:\n{done.stderr.strip()[-4000:]}")
        built.replace(output)
    megabytes = output.stat().st_size / 1_000_000
    controlplane._say(
        f"built {output.name} ({megabytes:.0f} MB) in {time.monotonic() - began:.0f} s"
    )


def main() -> int:
    """Build what is missing and print the folder."""
    try:
        programs()
        resource_definitions()
    except BuildError as error:
        controlplane._say(str(error))
        return 1
    sys.stdout.write(f"{bin_folder()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
