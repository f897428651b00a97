"""One more reference to any Secret at all, in any place at all."""

from typing import Final

from tests.properties.names import KEYS, PREFIXES, SECRETS
from tests.properties.oracle_policy import Json
from tests.properties.oracle_references import CONTAINER_LISTS
from tests.properties.tape import Tape
from tests.properties.volumes import KINDS, WITH_ITEMS, over_secret

IN_CONTAINERS: Final = tuple(
    (field, how) for field in CONTAINER_LISTS for how in ("env", "envFrom")
)
PLACES: Final = (*IN_CONTAINERS, *(("volumes", kind) for kind in KINDS), ("imagePullSecrets", ""))


def trespass(tape: Tape, spec: Json, preferred: str) -> None:
    """Add one; where a container has to read it, one of the preferred list."""
    field, how = tape.pick(PLACES)
    secret = tape.pick(SECRETS)
    keys = tape.some(KEYS, least=1, most=2) if tape.chance(40) else []
    if field == "imagePullSecrets":
        spec[field] = [*(spec.get(field) or []), {"name": secret}]
    elif field == "volumes":
        added = over_secret(how, "added", secret, keys if how in WITH_ITEMS else None)
        spec[field] = [*(spec.get(field) or []), added]
        for container in tape.some(spec[preferred], most=2):
            _read(tape, container)
    else:
        added = _element(tape, how, secret)
        if not spec.get(field):
            spec[field] = [{"name": "added", "image": "i"}]
        container = tape.pick(spec[field])
        container[how] = [added, *(container.get(how) or [])]


def _element(tape: Tape, how: str, secret: str) -> Json:
    optional = tape.pick(({}, {"optional": True}))
    if how == "env":
        reference = {"name": secret, "key": tape.pick(KEYS), **optional}
        return {"name": "ADDED", "valueFrom": {"secretKeyRef": reference}}
    prefix = tape.pick(PREFIXES)
    return {"secretRef": {"name": secret, **optional}} | ({"prefix": prefix} if prefix else {})


def _read(tape: Tape, container: Json) -> None:
    """Mounts the volume, or takes variables from a file in it."""
    if tape.chance(25):
        file = {"volumeName": "added", "path": "env", "key": "URL"}
        variable = {"name": "ADDED", "valueFrom": {"fileKeyRef": file}}
        container["env"] = [*(container.get("env") or []), variable]
    else:
        mount = {"name": "added", "mountPath": "/added"}
        container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
