"""What `doctor` expects, from the manifests: `python -m tools.doctor_expected` writes it."""

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
BASE = ROOT / "manifests" / "base"
DEPLOYERS = ROOT / "manifests" / "components" / "deployers" / "entries.yaml"
FILE = ROOT / "webhook" / "doctor" / "expected.json"
WHAT = {
    "MutatingWebhookConfiguration": ("mutating", "webhooks"),
    "ValidatingWebhookConfiguration": ("validating", "webhooks"),
    "ValidatingAdmissionPolicy": ("guard", "spec"),
    "ValidatingAdmissionPolicyBinding": ("guardBinding", "spec"),
}


def text() -> str:
    """Return the content of the file."""
    found: dict[str, Any] = {}
    for path in sorted(BASE.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document and document["kind"] in WHAT:
                name, part = WHAT[document["kind"]]
                found[name] = document[part]
    found["deployers"] = yaml.safe_load(DEPLOYERS.read_text())["webhooks"]
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
