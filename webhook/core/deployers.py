"""Who deploys: the authenticated identity behind a request, and whom a scope lets deploy.

Labels, annotations and ServiceAccounts are chosen by whoever may create pods in a namespace; this
is the one condition that their author cannot choose. What Kubernetes' own controllers create
inherits the judgement of the workload that they create it for. Owners are never read: anybody may
write them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from webhook.core.policy import Deployers
from webhook.core.value import Value

_SERVICE_ACCOUNT: Final = "system:serviceaccount:"

# The controllers of kube-controller-manager that create pods, or workloads that do, each under its
# own ServiceAccount (--use-service-account-credentials, as kubeadm and hosted services have it).
CONTROLLERS: Final = frozenset(
    f"{_SERVICE_ACCOUNT}kube-system:{name}"
    for name in (
        "cronjob-controller",
        "daemon-set-controller",
        "deployment-controller",
        "job-controller",
        "replicaset-controller",
        "replication-controller",
        "statefulset-controller",
    )
)


class Deployer(Value, frozen=True):
    """The user of a request, as the API server authenticated it."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entrusted:
    """Whom a scope lets deploy, ready to be asked."""

    users: frozenset[str]
    groups: frozenset[str]

    def include(self, deployer: Deployer) -> bool:
        """Tell whether it is one of them."""
        return deployer.name in self.users or not self.groups.isdisjoint(deployer.groups)


def entrusted(deployers: Deployers | None) -> Entrusted | None:
    """Compile the condition; None: everybody may."""
    if deployers is None:
        return None
    accounts = (account.split("/", 1) for account in deployers.service_accounts)
    names = {f"{_SERVICE_ACCOUNT}{namespace}:{name}" for namespace, name in accounts}
    return Entrusted(frozenset({*deployers.users, *names}), frozenset(deployers.groups))


def deployer_of(
    name: str, groups: tuple[str, ...], controllers: Collection[str] = CONTROLLERS
) -> Deployer | None:
    """Return whom to hold a request to; None: a controller, whose workload was judged."""
    return None if name in controllers else Deployer(name, groups)
