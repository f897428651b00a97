"""What the Helm chart takes as values, as JSON schema.

`python -m tools.values_schema > manifests/chart/values.schema.json`. The chart's own options are
written here; policy and pools are the models of the policy, so that helm refuses what the webhook
would, before anything is installed.
"""

import json
from typing import Any, Final

from webhook.core.policy import PolicySpec
from webhook.settings import LOG_LEVELS

Json = dict[str, Any]

# A DNS subdomain, as names of objects are.
NAME: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_TEXT: Final = {"type": "string"}
_LABELS: Final = {"type": "object", "additionalProperties": _TEXT}
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}


def schema() -> Json:
    """Return the schema of values.yaml; what it does not name is refused."""
    spec = _untitled(PolicySpec.model_json_schema(by_alias=True))
    definitions = spec.pop("$defs")
    fields = {name: field for name, field in spec["properties"].items() if name != "worker"}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$defs": definitions,
        "title": "Values of the chart noxus-secret-webhook",
        **_closed(
            {
                "replicas": {"type": "integer", "minimum": 1},
                "image": _closed(
                    {
                        "repository": {**_TEXT, "minLength": 1},
                        "tag": _TEXT,
                        "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                    }
                ),
                "imagePullSecrets": _OBJECTS,
                "certificates": _certificates(),
                "dryRun": {"type": "boolean"},
                "policy": _closed(
                    {
                        "create": {"type": "boolean"},
                        "name": {**_TEXT, "pattern": NAME, "maxLength": 253},
                        **fields,
                    }
                ),
                "worker": {"$ref": "#/$defs/Worker"},
                "deployers": _closed({"enabled": {"type": "boolean"}}),
                "backstop": _closed({"enabled": {"type": "boolean"}}),
                "reload": _closed({"enabled": {"type": "boolean"}}),
                "prometheus": _closed({"enabled": {"type": "boolean"}, "labels": _LABELS}),
                "networkPolicy": _closed(
                    {
                        "enabled": {"type": "boolean"},
                        "apiServerPorts": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "integer", "minimum": 1, "maximum": 65535},
                        },
                    }
                ),
                "logLevel": {"enum": list(LOG_LEVELS)},
                "resources": {"type": "object"},
                "priorityClassName": _TEXT,
                "nodeSelector": _LABELS,
                "tolerations": _OBJECTS,
                "global": {"type": "object", "description": "Helm's own, in a subchart."},
            }
        ),
    }


def _certificates() -> Json:
    """Return the schema of `certificates`: a CA of one's own goes with files only."""
    return {
        **_closed(
            {"from": {"enum": ["selfManaged", "certManager", "files"]}, "caBundle": {**_TEXT}}
        ),
        "if": {"properties": {"from": {"const": "files"}}},
        "then": {"properties": {"caBundle": {"pattern": "-----BEGIN CERTIFICATE-----"}}},
        "else": {"properties": {"caBundle": {"maxLength": 0}}},
    }


def _closed(properties: Json) -> Json:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _untitled(value: Any) -> Any:  # noqa: ANN401
    """Leave out the titles that pydantic makes of names: they repeat those."""
    if isinstance(value, dict):
        return {
            key: _untitled(item)
            for key, item in value.items()
            if not (key == "title" and isinstance(item, str))
        }
    return [_untitled(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
