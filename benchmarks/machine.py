"""What machine the figures are of."""

import os
import platform
import sysconfig
from pathlib import Path
from typing import Any

from benchmarks.processes import Cores


def describe(where: Cores) -> dict[str, Any]:
    """Return what the report says about it."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "cpu": models[0] if models else "unknown processor",
        "cores": os.cpu_count(),
        "separateCores": where.separate,
        # How Python was compiled moves our own figures: distributions and images optimise it.
        "pythonOptimised": "--enable-optimizations"
        in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "loadAverage": os.getloadavg()[0],
    }
