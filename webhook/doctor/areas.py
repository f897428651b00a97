"""What the promise rests on, as rights in RBAC: whoever has one of them can break it."""

from dataclasses import dataclass
from typing import Final

from webhook.core.words import GROUP
from webhook.doctor.certificates import SECRET
from webhook.doctor.expected import CONFIGURATION, GUARD
from webhook.doctor.rbac import Wanted

_CHANGE: Final = ("update", "patch", "delete", "deletecollection")
_WRITE: Final = ("create", *_CHANGE)
_MAKE: Final = ("create", "update", "patch")
_ADMISSION: Final = "admissionregistration.k8s.io"
_RBAC: Final = "rbac.authorization.k8s.io"


@dataclass(frozen=True, slots=True)
class Area:
    """One thing to protect: what somebody with any of these rights may do, in words."""

    may: str
    wanted: tuple[Wanted, ...]


def areas(namespace: str) -> tuple[Area, ...]:
    """Return all of them, for an installation in this namespace."""
    return (
        Area(
            "change the webhook configurations",
            tuple(
                Wanted(_ADMISSION, resource, _CHANGE, CONFIGURATION)
                for resource in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
            ),
        ),
        Area(
            "change the label guard",
            tuple(
                Wanted(_ADMISSION, resource, _CHANGE, GUARD)
                for resource in (
                    "validatingadmissionpolicies",
                    "validatingadmissionpolicybindings",
                )
            ),
        ),
        Area("take the opt-in label off", (Wanted(GROUP, "injectionlabels", ("update",)),)),
        Area(
            "change policies",
            (
                Wanted(GROUP, "secretinjectionpolicies", _WRITE),
                Wanted(
                    "apiextensions.k8s.io",
                    "customresourcedefinitions",
                    _CHANGE,
                    f"secretinjectionpolicies.{GROUP}",
                ),
            ),
        ),
        Area("get the CA's key", _key()),
        Area(f"change what is in namespace {namespace}", _inside(namespace)),
        Area(
            "take any right",
            (
                *(
                    Wanted(_RBAC, resource, ("bind", "escalate"))
                    for resource in ("clusterroles", "roles")
                ),
                *(Wanted("", who, ("impersonate",)) for who in ("users", "groups")),
                Wanted("", "serviceaccounts", ("impersonate",)),
            ),
        ),
    )


def _key() -> tuple[Wanted, ...]:
    """Read or write it in its Secret, or run something in our namespace that can."""

    def here(group: str, resource: str, verbs: tuple[str, ...], name: str = "") -> Wanted:
        return Wanted(group, resource, verbs, name, inside=True)

    return (
        here("", "secrets", ("get", "list", "watch", "update", "patch"), SECRET),
        # A Secret of type service-account-token is given the token of whatever account it names.
        here("", "secrets", ("create",)),
        here("", "serviceaccounts/token", ("create",)),
        here("", "serviceaccounts", ("impersonate",)),
        here("", "pods", _MAKE),
        here("", "pods/ephemeralcontainers", ("update", "patch")),
        *(here("", f"pods/{sub}", ("get", "create")) for sub in ("exec", "attach")),
        here("", "replicationcontrollers", _MAKE),
        *(
            here("apps", kind, _MAKE)
            for kind in ("deployments", "replicasets", "statefulsets", "daemonsets")
        ),
        *(here("batch", kind, _MAKE) for kind in ("jobs", "cronjobs")),
    )


def _inside(namespace: str) -> tuple[Wanted, ...]:
    """Everything else there: the last good policies, who leads, and how we are reached."""
    return (
        Wanted("", "namespaces", ("update", "patch", "delete"), namespace, inside=True),
        *(
            Wanted(group, resource, verbs, inside=True)
            for group, resource, verbs in (
                ("", "secrets", ("delete", "deletecollection")),
                ("", "configmaps", _CHANGE),
                ("", "services", _CHANGE),
                ("", "pods", ("delete", "deletecollection")),
                ("apps", "deployments", ("delete", "deletecollection")),
                ("apps", "deployments/scale", ("update", "patch")),
                ("apps", "controllerrevisions", _WRITE),
                ("coordination.k8s.io", "leases", _WRITE),
                ("discovery.k8s.io", "endpointslices", _WRITE),
                ("policy", "poddisruptionbudgets", _CHANGE),
                ("networking.k8s.io", "networkpolicies", _WRITE),
                (_RBAC, "roles", ("bind", "escalate")),
            )
        ),
    )
