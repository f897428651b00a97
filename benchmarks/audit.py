"""An audit of a whole cluster: 2,000 workloads and 10,000 pods in a real API server.

It starts a control plane (tests/controlplane), fills it, and runs `noxus-secrets audit` as its user
does. The counts must equal those of a script that does not know our package.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.audit import bulk, measuring  # noqa: E402 - the folder has to be known first
from tests.controlplane.plane import ControlPlane  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", type=int, default=2_000, help="(%(default)s)")
    parser.add_argument("--pods", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--namespaces", type=int, default=40, help="(%(default)s)")
    args = parser.parse_args()
    with ControlPlane() as plane, tempfile.TemporaryDirectory() as folder:
        measuring.stop_controllers(plane)
        began = time.monotonic()
        bulk.fill(plane, bulk.Bulk(args.workloads, args.pods, args.namespaces))
        print(f"created in {time.monotonic() - began:.0f} s")
        policy = Path(folder) / "policy.yaml"
        example = yaml.safe_load((ROOT / "examples" / "policy.yaml").read_text())
        policy.write_text(yaml.safe_dump(bulk.policy(example)))
        counted = measuring.counted(plane, Path(folder))
        measured = measuring.audit(plane, policy, Path(folder) / "report.json")
    print(measured.err, end="")
    totals = measured.report["totals"]
    size = f"{totals['pods']:,} opted-in pods, {totals['entries']:,} workloads"
    print(f"{size}: {measured.seconds:.1f} s, at most {measured.megabytes:.0f} MB of memory")
    differing = {
        name: (totals[name], counted.get(name, 0))
        for name in {*totals, *counted}
        if totals.get(name, 0) != counted.get(name, 0)
    }
    print(f"counts: {differing or 'the same as those of the independent script'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
