"""Sources and variables as words, the same for what is expected and for what is there."""

from typing import Any

from webhook.core.policy_sources import EnvFromSource

Json = Any


def spelled(element: Json) -> str:
    """Say an element of a container's `envFrom` or `env`; of the latter the name alone."""
    if (reference := element.get("secretRef")) is not None:
        return _words("Secret", reference, element)
    if (reference := element.get("configMapRef")) is not None:
        return _words("ConfigMap", reference, element)
    return str(element.get("name") or "")


def said(source: EnvFromSource) -> str:
    """Say an expected source."""
    kind, reference = source.read
    plain = {"name": reference.name, "optional": reference.optional}
    return _words(kind, plain, {"prefix": source.prefix})


def _words(kind: str, reference: Json, element: Json) -> str:
    words = str(reference.get("name") or "")
    if kind != "Secret":  # which nearly all are
        words = f"{kind} {words}"
    if element.get("prefix"):
        words += f", prefix {element['prefix']}"
    return f"{words}, optional" if reference.get("optional") else words
