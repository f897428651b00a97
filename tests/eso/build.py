"""Builds External Secrets Operator and Vault, once, and fetches the definitions of its resources.

Run it as `python -m tests.eso.build`. What is there is not built again. README.md says what is
built how, and what it costs.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.controlplane import build as controlplane
from tests.controlplane.build import BuildError

HERE = Path(__file__).resolve().parent
OPERATOR, VAULT, DEFINITIONS = HERE / "operator", HERE / "vault", HERE / "definitions"
OPERATOR_MODULE = "github.com/external-secrets/external-secrets"
VAULT_PACKAGES = {
    "vault": "github.com/hashicorp/vault",
    # Vault is built without it, and loads it as it loads any plugin.
    "vault-plugin-auth-kubernetes": (
        "github.com/hashicorp/vault-plugin-auth-kubernetes/cmd/vault-plugin-auth-kubernetes"
    ),
}
PROGRAMS = ("external-secrets", *VAULT_PACKAGES)
# The stores of the tests. With all that there are, the operator is three times as large, and its
# build needs the clients of two dozen clouds.
PROVIDERS = ("fake", "vault")
# The two files that only list what else is compiled in.
REGISTERED = {
    Path("pkg/provider/register/register.go"): [
        f"{OPERATOR_MODULE}/pkg/provider/{name}" for name in PROVIDERS
    ],
    Path("pkg/generator/register/register.go"): [],
}
FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w")
# minimal: Vault without the stores, logins and databases of other vendors. No tag ui: no browser.
VAULT_TAGS = "-tags=minimal,netgo"
OPERATOR_TAGS = "-tags=netgo"


def programs(names: Iterable[str] = PROGRAMS) -> dict[str, Path]:
    """Return where each program is, after building those that are missing."""
    makers: dict[str, tuple[Path, Callable[[Path], None]]] = {
        "external-secrets": (_folder(OPERATOR, OPERATOR_TAGS), _build_operator),
        **{name: (_folder(VAULT, VAULT_TAGS), _build_vault) for name in VAULT_PACKAGES},
    }
    wanted = {name: makers[name][0] / name for name in names}
    if not all(path.is_file() for path in wanted.values()):
        with controlplane._lock(controlplane.cache_root() / "lock"):
            for name, path in wanted.items():
                if not path.is_file():  # whoever held the lock before us may have built it
                    _make(path, makers[name][1])
    return wanted


def definitions() -> list[Path]:
    """Return the CustomResourceDefinitions that the operator's current release publishes."""
    return sorted(
        (_source(DEFINITIONS) / "config" / "crds" / "bases").glob("*external-secrets*.yaml")
    )


def _folder(module: Path, tags: str) -> Path:
    """Return the folder of a module's programs: another one whenever a result could differ."""
    digest = hashlib.sha256()
    digest.update(f"{platform.system()} {platform.machine()} {tags} {FLAGS} {REGISTERED}".encode())
    for name in ("go.mod", "go.sum"):
        digest.update((module / name).read_bytes())
    root = controlplane.cache_root().parent / "eso"
    return root / f"{module.name}-{digest.hexdigest()[:16]}" / "bin"


def _source(module: Path) -> Path:
    """Return the operator's source in the module cache, which Go has checked against go.sum."""
    done = _go(["mod", "download", "-json", OPERATOR_MODULE], module)
    return Path(json.loads(done)["Dir"])


def _make(path: Path, build: Callable[[Path], None]) -> None:
    began = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Into a folder of its own, then renamed: a program is there whole or not at all.
    with tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent) as part:
        built = Path(part) / path.name
        build(built)
        built.replace(path)
    megabytes = path.stat().st_size / 1_000_000
    controlplane._say(f"built {path.name} ({megabytes:.0f} MB) in {time.monotonic() - began:.0f} s")


def _build_operator(output: Path) -> None:
    """Build the operator as it is, but for the list of what is compiled in."""
    source = output.parent / "source"
    shutil.copytree(_source(OPERATOR), source, ignore=shutil.ignore_patterns("docs", "*_test.go"))
    for folder, _folders, files in os.walk(source):  # the module cache is read-only
        for each in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            Path(each).chmod(0o755 if each == folder else 0o644)
    for file, packages in REGISTERED.items():
        imports = "".join(f'import _ "{package}"\n' for package in packages)
        (source / file).write_text(f"package register\n\n{imports}")
    _go(["build", *FLAGS, OPERATOR_TAGS, "-o", str(output), "."], source, OPERATOR)


def _build_vault(output: Path) -> None:
    package = VAULT_PACKAGES[output.name]
    _go(["build", *FLAGS, VAULT_TAGS, "-o", str(output), package], VAULT)


def _go(arguments: list[str], folder: Path, versioned: Path | None = None) -> str:
    go = controlplane.find_go(controlplane.required_version(versioned or folder, "go"))
    done = subprocess.run(
        [go, *arguments],
        cwd=folder,
        env=controlplane._go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-4000:]
        raise BuildError(f"go {' '.join(arguments)} fails in {folder}:\n{said}")
    return done.stdout


def main() -> int:
    """Build what is missing and print where it is."""
    try:
        for path in programs().values():
            sys.stdout.write(f"{path}\n")
        definitions()
    except BuildError as error:
        controlplane._say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
