"""`make run`, as a new user sees it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAST_LINE = "Ctrl-C stops."


def test_make_run_shows_two_pods_injected_and_one_refused_and_goes_on_serving() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.run"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if LAST_LINE in line:
                break
        process.terminate()  # not SIGINT, which a shell's background jobs ignore
        process.wait()
        process.stdout.close()
    finally:
        watchdog.cancel()
        process.kill()
    text = "".join(lines)

    assert "envFrom app-env\n" in text
    assert "envFrom app-env, worker-env, tenant-a-llm\n" in text
    assert "refused: container 'web' may not read Secret 'worker-env'" in text
    assert "role frontend is not entitled to it" in text
    assert process.returncode == 0
