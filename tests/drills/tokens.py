"""What a node fetches for its pods' volumes: ConfigMaps, Secrets, tokens of ServiceAccounts."""

import http.client
import time
from typing import Any

from tests.controlplane.plane import ControlPlane

Json = Any
# As manifests/base asks for it, and renewed at four fifths of it, as kubelets do.
TOKEN_SECONDS, RENEWED_AT = 3600, 0.8
OK, CREATED = 200, 201


class Objects:
    """Reads from the API server; raises OSError where it is away."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane, self._path = plane, f"/api/v1/namespaces/{namespace}"
        self._tokens: dict[str, tuple[float, bytes]] = {}  # until when, by the pod's UID

    def read(self, kind: str, name: str) -> Json | None:
        """Give a ConfigMap or Secret by plural kind and name; None where there is none."""
        try:
            answer = self._plane.api("GET", f"{self._path}/{kind}/{name}")
        except http.client.HTTPException as problem:
            raise OSError(str(problem)) from None
        return answer.body if answer.status == OK else None

    def token(self, pod: Json) -> bytes:
        """Give a token that is good as long as the pod is there: RBAC is that of the pod."""
        meta = pod["metadata"]
        until, token = self._tokens.get(meta["uid"], (0.0, b""))
        if time.monotonic() < until:
            return token
        bound = {"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": meta["uid"]}
        spec = {"expirationSeconds": TOKEN_SECONDS, "boundObjectRef": bound}
        account = pod["spec"]["serviceAccountName"]
        path = f"{self._path}/serviceaccounts/{account}/token"
        try:
            answer = self._plane.api("POST", path, {"spec": spec})
        except http.client.HTTPException as problem:
            raise OSError(str(problem)) from None
        if answer.status != CREATED:
            raise OSError(f"no token for ServiceAccount {account!r}: {answer.message}")
        token = str(answer.body["status"]["token"]).encode()
        self._tokens[meta["uid"]] = (time.monotonic() + RENEWED_AT * TOKEN_SECONDS, token)
        return token
