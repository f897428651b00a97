"""Builds External Secrets Operator and Vault, once, and fetches the definitions of its resources.

Run it as `python -m tests.eso.build`. What is there is not built again. README.md says what is
built how, and what it costs.
"""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterable
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
    of_vault = dict.fromkeys(VAULT_PACKAGES, _folder(VAULT, VAULT_TAGS))
    folders = {"external-secrets": _folder(OPERATOR, OPERATOR_TAGS), **of_vault}
    wanted = {name: folders[name] / name for name in names}
    controlplane.build_missing(wanted, _build)
    return wanted


def definitions() -> list[Path]:
    """Return the CustomResourceDefinitions that the operator's current release publishes."""
    source = controlplane.module_source(DEFINITIONS, OPERATOR_MODULE)
    return sorted((source / "config" / "crds" / "bases").glob("*external-secrets*.yaml"))


def _folder(module: Path, tags: str) -> Path:
    """Return the folder of a module's programs: another one whenever a result could differ."""
    digest = hashlib.sha256()
    digest.update(f"{platform.system()} {platform.machine()} {tags} {FLAGS} {REGISTERED}".encode())
    for name in ("go.mod", "go.sum"):
        digest.update((module / name).read_bytes())
    root = controlplane.cache_root().parent / "eso"
    return root / f"{module.name}-{digest.hexdigest()[:16]}" / "bin"


def _build(name: str, output: Path) -> None:
    if name == "external-secrets":
        _build_operator(output)
    else:
        arguments = ["build", *FLAGS, VAULT_TAGS, "-o", str(output), VAULT_PACKAGES[name]]
        controlplane.run_go(arguments, VAULT)


def _build_operator(output: Path) -> None:
    """Build the operator as it is, but for the list of what is compiled in."""
    source = output.parent / "source"
    whole = controlplane.module_source(OPERATOR, OPERATOR_MODULE)
    shutil.copytree(whole, source, ignore=shutil.ignore_patterns("docs", "*_test.go"))
    for folder, _folders, files in os.walk(source):  # the module cache is read-only
        for each in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
            Path(each).chmod(0o755 if each == folder else 0o644)
    for file, packages in REGISTERED.items():
        imports = "".join(f'import _ "{package}"\n' for package in packages)
        (source / file).write_text(f"package register\n\n{imports}")
    arguments = ["build", *FLAGS, OPERATOR_TAGS, "-o", str(output), "."]
    controlplane.run_go(arguments, source, OPERATOR)


def main() -> int:
    """Build what is missing and print where it is."""
    try:
        for path in programs().values():
            sys.stdout.write(f"{path}\n")
        definitions()
    except BuildError as error:
        controlplane.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
