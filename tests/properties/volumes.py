"""Volumes drawn from a tape: every kind that can name a Secret, and some that cannot."""

from typing import Final

from tests.properties.names import CONFIG_MAPS
from tests.properties.oracle_policy import Json
from tests.properties.tape import Tape

# Volume kinds that name a Secret as an object under `secretRef`.
WITH_SECRET_REF: Final = (
    "flexVolume",
    "cephfs",
    "rbd",
    "iscsi",
    "scaleIO",
    "storageos",
    "cinder",
)
WITH_ITEMS: Final = ("secret", "projected")
KINDS: Final = (*WITH_ITEMS, "csi", "azureFile", *WITH_SECRET_REF)


def volume(tape: Tape, name: str, whole: list[str], keyed: list[tuple[str, str]]) -> Json:
    """A volume over a Secret of `whole`, or with `items` over keys of one Secret of `keyed`."""
    if tape.chance(15) or not whole + keyed:
        return {"name": name, "configMap": {"name": tape.pick(CONFIG_MAPS)}}
    if keyed and (tape.chance(40) or not whole):
        secret = tape.pick(keyed)[0]
        keys = tape.some([key for it, key in keyed if it == secret], least=1, most=2)
        return over_secret(tape.pick(WITH_ITEMS), name, secret, keys)
    return over_secret(tape.pick(KINDS), name, tape.pick(whole), tape.pick(([], [], None)))


def over_secret(kind: str, name: str, secret: str, keys: list[str] | None) -> Json:
    """A volume of this kind that names this Secret; without keys it is all of the Secret."""
    items: Json = {}
    if keys is not None:
        items["items"] = [{"key": key, "path": key.lower()} for key in keys] or None
    sources: list[Json] = [
        {"serviceAccountToken": {"path": "token"}},
        {"secret": {"name": secret, **items}},
        {"configMap": {"name": "cm-own"}},
    ]
    content: Json = {
        "secret": {"secretName": secret, **items},
        "projected": {"sources": sources},
        "csi": {"driver": "d", "nodePublishSecretRef": {"name": secret}},
        "azureFile": {"shareName": "s", "secretName": secret},
    }
    return {"name": name, kind: content.get(kind, {"secretRef": {"name": secret}})}
