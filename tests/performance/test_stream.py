"""`inject` takes as much memory for ten thousand documents as for one thousand."""

import json
import subprocess
import sys

import pytest

from tests.commands.kit import POLICY, ROOT, pod

pytestmark = pytest.mark.slow

# Between two runs alike it differs by 0.2 MiB; nine thousand objects kept would be 100 MiB, and
# what is printed of them alone 5 MiB.
TOLERATED = 2 * 1024  # KiB
SCRIPT = (
    "import re, sys\nfrom webhook.__main__ import main\n"
    "code = main(sys.argv[1:])\n"
    # Not getrusage: its peak is that of the process before it became this program, too.
    "peak = re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())\n"
    "print(peak[1], file=sys.stderr)\n"
    "sys.exit(code)"
)


def injected(number: int, output: str) -> tuple[str, int]:
    """Return what is printed for so many pods that are changed, and the peak of memory in KiB."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", SCRIPT),
            *("inject", "--policy", str(POLICY), "-f", "-", "-o", output),
        ],
        cwd=ROOT,
        input="---\n".join([pod(role="worker")] * number),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, int(done.stderr)


@pytest.mark.parametrize("output", ["same", "json"])
def test_memory_is_flat(output: str) -> None:
    _, few = injected(1_000, output)
    printed, many = injected(10_000, output)

    assert printed.count("worker-env") == 10_000
    assert output != "json" or len(json.loads(printed)["items"]) == 10_000
    assert many - few < TOLERATED, (few, many)


@pytest.mark.parametrize("output", ["same", "json"])
def test_what_was_printed_before_unreadable_input_stays_printed(output: str) -> None:
    text = "---\n".join([pod(role="worker")] * 3 + ["kind: [\n"])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "webhook", "inject"),
            *("--policy", str(POLICY), "-f", "-", "-o", output),
        ],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout.count("worker-env") == 3
