"""Every command in every output form, and the tree of the command line to compare them with."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from webhook.__main__ import parser

# What stands for a file in a command, and the document that is there when it is not its turn.
USUAL: Final = {
    "{policy}": "policy.yaml",
    "{objects}": "0-pod.yaml",
    "{secrets}": "0-secret.yaml",
    "{flow}": "0-flow.yaml",
    "{values}": "0-values.yaml",
    "{cases}": "0-cases.yaml",
    "{variables}": "0-file.env",
    "{stdin}": "0-review.json",
}
# ... and the documents that belong there; all others are there by mistake.
MEANT: Final = {
    "{policy}": ("policy.yaml", "secret.yaml", "broken.yaml", ".env"),
    "{objects}": ("pod.yaml", "workload.json", "broken.yaml"),
    "{secrets}": ("secret.yaml", "broken.yaml"),
    "{flow}": ("flow.yaml", "broken.yaml"),
    "{values}": ("values.yaml", "broken.yaml"),
    "{cases}": ("cases.yaml", "broken.yaml"),
    "{variables}": (".env",),
    "{stdin}": ("review.json", "broken.json"),
}


@dataclass(frozen=True)
class Way:
    """One way to call a command."""

    line: str
    shows: tuple[str, ...] = ()  # whose documents standard output repeats, being their purpose
    writes: str = ""  # the folder into which values are to be written

    @property
    def words(self) -> list[str]:
        return self.line.split()

    @cache  # noqa: B019 - there are few, and they live as long as the tests
    def parsed(self) -> argparse.Namespace:
        """Return what argparse makes of it."""
        return parser().parse_args(self.words)

    @property
    def slots(self) -> list[str]:
        """Return what can be given by mistake."""
        return [slot for slot in USUAL if slot in self.line or (slot == "{stdin}" and self.reads)]

    def is_first(self, slot: str) -> bool:
        """Tell whether this is the first way of its command with such a file."""
        like = (way for way in WAYS if way.words[:2] == self.words[:2] and slot in way.slots)
        return next(like) is self

    @property
    def reads(self) -> bool:
        """Tell whether it reads standard input."""
        return self.words[0] == "review" or "-" in self.words


@dataclass(frozen=True)
class Leaf:
    """A command of the tree that can be run."""

    path: tuple[str, ...]
    parser: argparse.ArgumentParser = field(hash=False, compare=False)

    @property
    def options(self) -> list[argparse.Action]:
        """Return its flags and arguments, without --help."""
        actions = self.parser._actions
        return [it for it in actions if not isinstance(it, argparse._HelpAction)]


def leaves() -> list[Leaf]:
    """Return every command that there is, by argparse's own account."""
    return list(_leaves(parser(), ()))


def _leaves(of: argparse.ArgumentParser, path: tuple[str, ...]) -> Iterator[Leaf]:
    below = [it for it in of._actions if isinstance(it, argparse._SubParsersAction)]
    if not below:
        yield Leaf(path, of)
    for action in below:
        for name, command in action.choices.items():
            yield from _leaves(command, (*path, name))


_POD: Final = "--policy {policy} -n noxus -f {objects} --as jane --as-group a"
_AWS: Final = "--aws-region eu-central-1 --aws-role-arn arn:aws:iam::123456789012:role/noxus"
_STORE: Final = (
    "-n noxus --path-template x/{scope} --refresh-interval 15m --store-name s --service-account a"
)
_VAULT: Final = (
    "--vault-server https://vault.example --vault-role r --vault-path kv --vault-auth-path k "
    "--vault-audience a --vault-ca-configmap ca --vault-namespace ns"
)
_AZURE: Final = (
    "--azure-vault-url https://v.vault.azure.net "
    "--azure-client-id 11111111-1111-1111-1111-111111111111 "
    "--azure-tenant-id 22222222-2222-2222-2222-222222222222"
)

WAYS: Final = (
    *(
        Way(f"explain {_POD} --mode {mode} -o {output}")
        for mode in ("enabled", "dry-run")
        for output in ("text", "json")
    ),
    *(
        Way(f"explain --policy {{policy}} -n noxus --flow {{flow}} --secrets {{secrets}} -o {it}")
        for it in ("text", "json")
    ),
    *(
        # It prints the pod, and so what the pod itself holds; nothing else, and no value on stderr.
        Way(f"inject {_POD} --mode {mode} -o {output}", shows=("{objects}",))
        for mode in ("enabled", "dry-run")
        for output in ("same", "json")
    ),
    *(
        Way(f"review --policy {{policy}} --hook {hook} --mode {mode}")
        for hook in ("mutate", "validate")
        for mode in ("enabled", "dry-run")
    ),
    *(Way(f"check {{policy}} -o {it}") for it in ("table", "json")),
    Way("check --policy {policy}"),
    *(Way(f"lint --policy {{policy}} {{secrets}} -o {it}") for it in ("table", "json")),
    *(Way(f"lint {{variables}} -n noxus --strict -o {it}") for it in ("table", "json")),
    Way("lint --policy {policy} -n noxus --from-cluster"),
    *(
        Way(f"test {{cases}} --policy {{policy}} --junit junit.xml -o {it}")
        for it in ("table", "json")
    ),
    Way("test {cases} --run *"),
    *(
        Way(
            "audit --policy {policy} -n noxus -f {objects} --flows {flow} --secrets {secrets} "
            f"--mode {mode} -o {output}"
        )
        for mode in ("enabled", "dry-run")
        for output in ("table", "json", "html", "policyreport")
    ),
    *(
        Way(f"audit --rotation --policy {{policy}} -n noxus -f {{secrets}} -o {it}")
        for it in ("table", "json", "html", "metrics")
    ),
    *(
        Way(
            f"plan --from {{policy}} --to policy.yaml -n noxus -f {{objects}} --mode {mode} -o {it}"
        )
        for mode in ("enabled", "dry-run")
        for it in ("table", "json", "html")
    ),
    Way("plan --from policy.yaml --to {policy} -f {objects} --fail-on-widening"),
    *(
        Way(f"import env-file {{variables}} --policy {{policy}} -n noxus --unassigned worker {it}")
        for it in (
            "-o table",
            "-o json",
            "--as external-secrets --store-name s --path-template x/{scope} -o table",
            "--as external-secrets -o json",
        )
    ),
    Way("import env-file {variables} --policy {policy} -n noxus"),
    Way("import env-file {variables} --policy {policy} -n noxus --assign CRM_TOKEN=worker"),
    Way(
        "import env-file {variables} --policy {policy} -n noxus --unassigned worker --as secrets "
        "--out secrets --force",
        writes="secrets",
    ),
    Way("import helm-values {values} -n noxus"),
    # It prints the policy with the pools of the values, its comments included.
    Way("import helm-values {values} --policy {policy}", shows=("{policy}",)),
    *(
        Way(f"export external-secrets --policy {{policy}} {_STORE} --provider {of} -o {it}")
        for of in (f"aws {_AWS}", f"vault {_VAULT}", f"azure {_AZURE}")
        for it in ("yaml", "json")
    ),
    Way(
        "export external-secrets --policy {policy} --provider aws --cluster-scoped "
        f"--service-account-namespace es {_AWS}"
    ),
    *(Way(f"export helm-values --policy {{policy}} -o {it}") for it in ("yaml", "json")),
    *(
        Way(f"export admission-policies --policy {{policy}} {flags} -o {it}")
        for flags in ("", "--differences", "--validating-only --controllers a,b")
        for it in ("yaml", "json")
    ),
    *(Way(f"completion {it}") for it in ("bash", "zsh", "fish")),
)

# Commands that need more than files, with the test that runs them in every form.
ELSEWHERE: Final = {
    ("certs",): "test_keys.py",
    ("serve",): "test_server.py",
    ("doctor",): "../e2e/test_canary.py",
}
# Flags that no way has, with the reason.
WITHOUT: Final = {
    ("test", "watch"): "prints again and again what is printed without it, until Ctrl-C",
}
