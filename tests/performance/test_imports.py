"""What is loaded is paid for: in memory by each replica, in time by each start."""

import subprocess
import sys

import pytest

from tests.e2e.harness import ROOT, make_certificates

POLICY = ROOT / "examples" / "policy.yaml"
POD = ROOT / "examples" / "pods" / "worker-tenant-a.yaml"


def imported(stderr: str) -> set[str]:
    """Read what `python -X importtime` reports: the packages."""
    lines = (line for line in stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """All packages that a server of files has loaded when it has ended in peace."""
    folder = tmp_path_factory.mktemp("serving")
    make_certificates(folder)
    command = [
        *(sys.executable, "-X", "importtime", "-m", "webhook", "serve", "--policy", str(POLICY)),
        *("--tls-cert", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key")),
        *("--listen", "127.0.0.1:0", "--health-listen", "127.0.0.1:0"),
    ]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)
            if '"serving"' in line:
                process.terminate()
    assert process.returncode == 0
    return imported("".join(lines))


def test_a_server_of_files_loads_no_client_of_the_api_server_and_no_writer_of_yaml(
    serving: set[str],
) -> None:
    assert "aiohttp" in serving
    assert serving & {"kubernetes", "rich", "ruamel", "jsonpatch"} == set()


def test_a_server_of_files_reads_its_certificate_without_cryptography(serving: set[str]) -> None:
    assert "cryptography" not in serving


def test_inject_loads_what_it_needs_and_no_more() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "webhook", "inject"]
    done = subprocess.run(
        [*command, "--policy", str(POLICY), "-f", str(POD)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tenant-a-llm" in done.stdout
    found = imported(done.stderr)
    assert "yaml" in found
    unneeded = {"aiohttp", "asyncio", "cryptography", "kubernetes", "prometheus_client", "rich"}
    assert found & {*unneeded, "ruamel", "ssl", "uvloop"} == set()
