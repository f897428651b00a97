"""Replicas whose clocks are wrong."""

import shutil
import subprocess
import time
from pathlib import Path

from tests.controlplane.processes import ControlPlaneError
from tests.drills.certificates import rotated_leaf
from tests.drills.cluster import NAME, NAMESPACE
from tests.drills.faults import Notes
from tests.drills.metrics import metric
from tests.drills.pod import RunningPod
from tests.drills.stage import MERGE, OK, REPLICAS, Stage

DAY, MINUTE = 24 * 3600, 60
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"
# Put before the C library of a program: all that asks for the time, OpenSSL included, gets another
# one. How much passes between two moments stays as it is, as with a clock that is merely wrong.
OFFSET = "NOXUS_DRILL_CLOCK"
SHIM = f"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long offset(void) {{
    const char *seconds = getenv("{OFFSET}");
    return seconds ? atol(seconds) : 0;
}}

int clock_gettime(clockid_t clock, struct timespec *time) {{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, time);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += offset();
    return failed;
}}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}}

time_t time(time_t *where) {{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}}
"""


def compiler() -> str | None:
    """Return the C compiler, without which no clock can be shifted."""
    return shutil.which("cc")


def a_day_off(stage: Stage) -> Notes:
    """Let one replica be a day ahead, one a day behind, and each of them lead."""
    shim = _build(stage.plane.folder)
    off = [_successor(stage, shim, seconds) for seconds in (DAY, -DAY)]
    notes: dict[str, object] = {}
    for pod, which in zip(off, ("ahead", "behind"), strict=True):
        _make_leader(stage, pod)
        notes[f"leaf_by_leader_{which}_s"] = rotated_leaf(stage)
    for pod in off:
        _replace(stage, pod)
    return notes


def _build(folder: Path) -> Path:
    program = compiler()
    if program is None:
        raise ControlPlaneError("no C compiler (cc), without which no clock can be shifted")
    source, shim = folder / "clock.c", folder / "clock.so"
    source.write_text(SHIM)
    subprocess.run([program, "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)
    return shim


def _successor(stage: Stage, shim: Path, seconds: int) -> RunningPod:
    """Replace a replica by one whose clock is off; returns it."""
    variables = {"LD_PRELOAD": str(shim), OFFSET: str(seconds)}
    right = next(pod for pod in stage.kubelet.ready() if not pod.variables)
    stage.kubelet.variables.update(variables)
    try:
        _replace(stage, right)
    finally:
        stage.kubelet.variables.clear()
    wrong = next(pod for pod in stage.kubelet.ready() if pod.variables == variables)
    loaded = metric(wrong, "policy_loaded_timestamp_seconds") or 0.0
    if abs(loaded - seconds - time.time()) > MINUTE:
        raise ControlPlaneError(f"the clock of {wrong.name} is not {seconds} s off")
    return wrong


def _replace(stage: Stage, pod: RunningPod) -> None:
    stage.kubectl("delete", "pod", pod.name)
    stage.plane.wait_for(lambda: pod not in stage.kubelet.pods(), f"end of {pod.name}")
    stage.cluster.wait_ready(REPLICAS)


def _make_leader(stage: Stage, pod: RunningPod) -> None:
    """Give the Lease to a replica: the one that had it sees that, and stops."""
    answer = stage.plane.api(
        "PATCH", LEASE, {"spec": {"holderIdentity": pod.name}}, content_type=MERGE
    )
    if answer.status != OK:
        raise ControlPlaneError(f"the Lease cannot be given away: {answer.message}")
    stage.plane.wait_for(lambda: stage.leader() is pod, f"{pod.name} as leader")
