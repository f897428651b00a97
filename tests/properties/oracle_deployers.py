"""Who may deploy what: the authenticated user against `deployers` of scopes and pools."""

from typing import Final, NamedTuple

from tests.properties.oracle_policy import Json

ACCOUNT: Final = "system:serviceaccount:{}:{}"
# What they create was judged where a person acted: at its workload.
CONTROLLERS: Final = frozenset(
    ACCOUNT.format("kube-system", name)
    for name in (
        "replicaset-controller",
        "replication-controller",
        "statefulset-controller",
        "daemon-set-controller",
        "job-controller",
        "deployment-controller",
        "cronjob-controller",
    )
)


class User(NamedTuple):
    """The `userInfo` of a request."""

    name: str
    groups: frozenset[str]


def user_of(request: Json) -> User:
    info = request.get("userInfo") or {}
    return User(info.get("username") or "", frozenset(info.get("groups") or []))


def may_deploy(limits: Json, user: User | None) -> bool:
    """Is this user among the deployers of a scope or a pool? Without a user nobody asks."""
    deployers = limits.get("deployers")
    if deployers is None or user is None or user.name in CONTROLLERS:
        return True
    accounts = [
        ACCOUNT.format(*account.split("/")) for account in deployers.get("serviceAccounts") or []
    ]
    names = [*(deployers.get("users") or []), *accounts]
    return user.name in names or not user.groups.isdisjoint(deployers.get("groups") or [])
