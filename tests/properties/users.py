"""Who asks: deployers in each of the ways that a policy can name them, and who only looks so."""

from typing import Final

from tests.properties.oracle_deployers import ACCOUNT, CONTROLLERS
from tests.properties.oracle_policy import Json
from tests.properties.tape import Tape

# What a scope or a pool may say.
DEPLOYERS: Final[tuple[Json, ...]] = (
    {"users": ["joe"]},
    {"groups": ["releasers"]},
    {"serviceAccounts": ["argocd/argo"]},
    {"users": ["joe", "ann"], "groups": ["releasers"]},
    {"users": ["ann"], "groups": ["admins"], "serviceAccounts": ["argocd/argo", "ci/deploy"]},
)
ARGO: Final = ACCOUNT.format("argocd", "argo")
BUILT_IN: Final = sorted(CONTROLLERS)
PEOPLE: Final[tuple[tuple[str, list[str]], ...]] = (
    ("joe", ["releasers"]),
    ("joe", []),
    ("jane", ["releasers", "admins"]),
    (ARGO, ["system:serviceaccounts", "system:serviceaccounts:argocd"]),
    ("jane", []),
    ("jane", ["testers"]),
)
LOOK_ALIKES: Final[tuple[tuple[str, list[str]], ...]] = (
    ("Joe", ["Releasers"]),
    ("joe ", ["releasers-eu"]),
    ("releasers", ["joe", "ann", ARGO]),
    ("argocd/argo", ["argocd/argo", "system:serviceaccounts:argocd"]),
    (ACCOUNT.format("argocd", "argo-2"), []),
    (ACCOUNT.format("argocd-2", "argo"), []),
    (ACCOUNT.format("noxus", "replicaset-controller"), []),
    (ACCOUNT.format("kube-system", "replicaset-controller-2"), []),
    (ACCOUNT.format("kube-system", "generic-garbage-collector"), []),
    ("replicaset-controller", [BUILT_IN[0]]),
    ("system:kube-controller-manager", []),
    ("", []),
)


def user(tape: Tape) -> Json:
    """A `userInfo`; now and then with fields that are absent or null."""
    if tape.chance(15):
        name, groups = tape.pick(BUILT_IN), ["system:serviceaccounts:kube-system"]
    else:
        name, groups = tape.pick(LOOK_ALIKES if tape.chance(20) else PEOPLE)
    if tape.chance(20):
        groups = [*groups, "system:nodes"]
    if tape.chance(4):
        return tape.pick(({}, {"username": name}, {"username": name, "groups": None}))
    return {"username": name, "groups": ["system:authenticated", *groups]}
