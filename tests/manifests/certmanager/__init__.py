"""The resource definitions of cert-manager, as its own release carries them."""

from pathlib import Path

from tests.controlplane import build

HERE = Path(__file__).parent
MODULE = "github.com/cert-manager/cert-manager"


def definitions() -> list[Path]:
    """Return the files that define Certificate and Issuer; go.sum says what must be in them."""
    folder = build.module_source(HERE, MODULE) / "deploy" / "crds"
    return [folder / f"cert-manager.io_{kind}.yaml" for kind in ("certificates", "issuers")]
