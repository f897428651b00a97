"""The resource definitions of cert-manager, as its own release carries them."""

import json
import subprocess
from pathlib import Path

from tests.controlplane import build

HERE = Path(__file__).parent
MODULE = "github.com/cert-manager/cert-manager"


def definitions() -> list[Path]:
    """Return the files that define Certificate and Issuer; go.sum says what must be in them."""
    done = subprocess.run(
        [build.find_go(build.required_version(HERE, "go")), "mod", "download", "-json", MODULE],
        cwd=HERE,
        env=build._go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(json.loads(done.stdout)["Dir"]) / "deploy" / "crds"
    return [folder / f"cert-manager.io_{kind}.yaml" for kind in ("certificates", "issuers")]
