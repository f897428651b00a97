"""Thousands of broken reviews over HTTPS: each answered, none refused, and no memory kept."""

import http.client
import json
import os
import random
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.demo import POLICY, serving

ROOT = Path(__file__).parents[2]
COUNTS = {"fast": 1_000, "nightly": 100_000}
ALLOWED_STATUS = {200, 400, 413, 415, 500}
GROWTH_KIB = 24_576  # what a process may gain while its caches fill; a leak of 1 kB each gains more


def bodies(seed: int) -> Iterator[bytes]:
    """Yield reviews with a few bytes changed, cut, doubled or swapped."""
    draw = random.Random(seed)  # noqa: S311 - for tests
    whole = [
        json.dumps(json.loads(path.read_text())).encode()
        for path in sorted((ROOT / "tests" / "golden").glob("*/request.json"))
    ]
    while True:
        body = bytearray(draw.choice(whole))
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(body) or 1)
            match draw.randrange(4):
                case 0:
                    body[at : at + 1] = bytes([draw.randrange(256)])
                case 1:
                    del body[at : at + draw.randint(1, 40)]
                case 2:
                    body[at:at] = body[at : at + draw.randint(1, 40)]
                case _:
                    body[at : at + 1] = draw.choice([b"null", b"[", b"{}", b'"', b"1e999", b"\\u"])
        yield bytes(body)


def resident(pid: int) -> int:
    """Return the resident memory of a process in KiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


@pytest.mark.timeout(3600)
def test_broken_reviews_are_answered_never_refused_and_leave_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "webhook", "certs", "--dir", str(tmp_path)]
    subprocess.run([*command, "--ip", "127.0.0.1"], check=True, capture_output=True)
    count = COUNTS.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 5_000)
    source = bodies(1)
    paths = ("/mutate/enabled", "/validate/enabled", "/mutate/dry-run", "/validate/dry-run")

    with serving(tmp_path, ROOT / POLICY) as server:
        host = server.hooks.removeprefix("https://")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.crt"))
        connection = http.client.HTTPSConnection(host, context=context, timeout=10)
        before = 0
        for i in range(count):
            if i == count // 2:
                before = resident(server.process.pid)
            body = next(source)
            connection.request("POST", paths[i % 4], body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()

            assert answer.status in ALLOWED_STATUS, body
            if answer.status == 200:  # whatever the bytes were: still a review, so a real decision
                response = json.loads(text)["response"]
                assert response["allowed"] or response["status"]["code"] == 403, body
        grown = resident(server.process.pid) - before

    assert grown < GROWTH_KIB
