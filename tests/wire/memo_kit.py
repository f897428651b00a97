"""Creations of pods, written as an API server writes them."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.core.kit import CIRCLES, policy
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.wire.answer import Answer, answer
from webhook.wire.memo import Memo

Json = Any

SECRET = b"a secret of the test"
POLICIES = PolicySet([policy(CIRCLES)])
MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
POD = {"group": "", "version": "v1", "kind": "Pod"}
PODS = {"group": "", "version": "v1", "resource": "pods"}


def encode(review: Json) -> bytes:
    """Write as Go does: no spaces, what is outside of ASCII as it is."""
    return json.dumps(review, separators=(",", ":"), ensure_ascii=False).encode()


def token_volume(name: str) -> Json:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 420}}


@dataclass
class Pods:
    """A controller that makes pods of one template; `final` as the validating hook sees them.

    Whatever a test changes in `labels`, `spec` and `request` is in all of its pods.
    """

    final: bool = False
    named: bool = False  # by the controller, as a StatefulSet's are
    labels: Json = field(default_factory=lambda: {"app": "noxus", "noxus.ai/role": "frontend"})
    annotations: Json = field(default_factory=dict)
    generate: str = "web-7d9c8b6f5d-"
    owner: str = "web-7d9c8b6f5d"
    spec: Json = field(default_factory=dict)
    request: Json = field(default_factory=dict)
    user: Json = field(default_factory=lambda: {"username": "jane", "groups": ["developers"]})
    token: bool = True
    env_from: Json = None

    def review(self, n: int) -> Json:
        """Return the review of the n-th pod."""
        request = {
            "uid": f"00000000-0000-4000-8000-{n:012}",
            "kind": POD,
            "resource": PODS,
            "requestKind": POD,
            "requestResource": PODS,
            "name": f"web-{n}" if self.named else None,
            "namespace": "noxus",
            "operation": "CREATE",
            "userInfo": self.user,
            "object": self.pod(n),
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        } | self.request
        return {
            "kind": "AdmissionReview",
            "apiVersion": "admission.k8s.io/v1",
            "request": {k: v for k, v in request.items() if k == "oldObject" or v is not None},
        }

    def body(self, n: int) -> bytes:
        """Return the review of the n-th pod as it is sent."""
        return encode(self.review(n))

    def pod(self, n: int) -> Json:
        named = {"name": f"web-{n}"} if self.final or self.named else {}
        made = {
            "uid": f"10000000-0000-4000-8000-{n:012}",
            "creationTimestamp": f"2026-11-24T10:{n:02}:00Z",
        }
        metadata = {
            **named,
            "generateName": self.generate,
            "namespace": "noxus",
            **(made if self.final else {}),
            "labels": self.labels,
            "annotations": self.annotations,
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": self.owner,
                    "uid": "c1a7b5b2-0f3e-4b0e-8d57-1f3e5a9b7c21",
                    "controller": True,
                }
            ],
            "managedFields": [
                {
                    "manager": "kube-controller-manager",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": f"2026-11-24T10:{n:02}:00Z",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {"f:dnsPolicy": {}}},
                }
            ],
        }
        return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": self._spec(n)}

    def _spec(self, n: int) -> Json:
        name = f"kube-api-access-{n:05}"
        token = {"name": name, "readOnly": True, "mountPath": MOUNT}
        tmp = {"name": "tmp", "emptyDir": {}}
        mounts = [{"name": "tmp", "mountPath": "/tmp"}, *([token] if self.token else [])]  # noqa: S108
        return {
            "volumes": [tmp, *([token_volume(name)] if self.token else [])],
            "containers": [
                {
                    "name": "web",
                    "image": "noxus/web:2",
                    "env": [{"name": "PASSWORD", "value": "hunter2"}],
                    "volumeMounts": mounts,
                }
                | ({"envFrom": self.env_from} if self.env_from else {})
            ],
            "serviceAccountName": "web",
        } | self.spec


class Asking:
    """A memo, asked as the server asks it; each answer is compared with the one without it."""

    def __init__(self, policies: PolicySet = POLICIES, **options: Json) -> None:
        self.memo = Memo(answer, secret=SECRET, **options)
        self.policies = policies

    def ask(
        self,
        body: bytes,
        hook: Hook = Hook.MUTATE,
        mode: NamespaceMode = NamespaceMode.ENABLED,
    ) -> str:
        """Ask; returns hit, miss, unfit or skipped."""
        before = self.memo.counts()
        given = self.memo(body, hook=hook, mode=mode, policies=self.policies)
        plain = answer(body, hook=hook, mode=mode, policies=self.policies)
        assert_same(given, plain)
        after = self.memo.counts()
        (result,) = (name for name in after if after[name] != before[name])
        return result

    def know(self, pods: Pods, **how: Json) -> None:
        """Ask about two pods, so that the third is known."""
        for n in (1, 2):
            self.ask(pods.body(n), **how)


def assert_same(given: Answer, plain: Answer) -> None:
    assert given.body == plain.body
    assert given.record == plain.record
    assert given.asked == plain.asked
    assert given.decision == plain.decision
