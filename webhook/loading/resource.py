"""A resource as the API server sends it -> a `Policy`, or every problem in it."""

from collections.abc import Mapping
from typing import Any, Final

from webhook.core.policy import KIND, Policy
from webhook.loading.load import validated
from webhook.loading.problems import PolicyError, Problem
from webhook.loading.yamltree import Document

# The rest of the metadata is the API server's own: who manages which field alone may take as much
# room as the policy itself.
_METADATA: Final = ("name", "generation", "creationTimestamp")


def load_resource(resource: Mapping[str, Any]) -> Policy:
    """Load a SecretInjectionPolicy of the cluster by the rules of a file; its status is not read.

    Raises `PolicyError`, whose problems have a field and neither a file nor a line.
    """
    metadata = resource.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {}
    value = {key: part for key, part in resource.items() if key != "status"}
    value["metadata"] = {key: metadata[key] for key in _METADATA if key in metadata}
    try:
        return validated(Document(file="", value=value, lines={}))
    except RecursionError:  # the API server stores what is nested 10,000 deep
        problem = Problem("", 0, "", f"the {KIND} is nested too deeply")
        raise PolicyError([problem]) from None
