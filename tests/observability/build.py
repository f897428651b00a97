"""Builds promtool and Prometheus, once, and fetches the definitions of the operator's resources.

Run it as `python -m tests.observability.build`. What is there is not built again: two to four
minutes on two cores the first time.
"""

import hashlib
import platform
import sys
from collections.abc import Iterable
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


def programs(names: Iterable[str] = PROGRAMS) -> dict[str, Path]:
    """Return where each program is, after building those that are missing."""
    wanted = {name: bin_folder() / name for name in names}
    controlplane.build_missing(wanted, _build)
    return wanted


def resource_definitions(*plurals: str) -> list[Path]:
    """Return the CustomResourceDefinitions of these resources, as the operator publishes them."""
    source = controlplane.module_source(OPERATOR, OPERATOR_MODULE)
    folder = source / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{plural}.yaml" for plural in plurals]


def _build(name: str, output: Path) -> None:
    package = f"github.com/prometheus/prometheus/cmd/{name}"
    controlplane.run_go(["build", *FLAGS, "-o", str(output), package], PROMETHEUS)


def main() -> int:
    """Build what is missing and print the folder."""
    try:
        programs()
        resource_definitions()
    except BuildError as error:
        controlplane.say(str(error))
        return 1
    sys.stdout.write(f"{bin_folder()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
