"""Golden cases: one folder is one request, the policy it meets, and the answer it gets.

    request.json   an AdmissionReview as the API server sends it
    policy.yaml    the policies in force
    case.yaml      what the case is about, the hook, the namespace's mode, and, written by hand,
                   what must come of it: the outcome, and each container's sources and variables
                   once the patch is applied ("name", "name with prefix P", "name, optional")
    response.json  the answer, its patch decoded

`pytest --update-golden` rewrites response.json and nothing else.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jsonpatch
import yaml

from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.loading.load import load_text
from webhook.wire.answer import Malformed, NoPolicyLoaded, answer

Json = Any

FOLDER: Final = Path(__file__).parent
FILES: Final = {"request.json", "policy.yaml", "case.yaml", "response.json"}
NAMES: Final = sorted(path.name for path in FOLDER.iterdir() if (path / "case.yaml").is_file())
INJECTED: Final = "secrets.noxus.ai/injected"
NO_POLICY: Final = "# no policy is loaded\n"


@dataclass(frozen=True)
class Case:
    """What `case.yaml` says, with the other files beside it."""

    folder: Path
    about: str
    hook: Hook
    mode: NamespaceMode
    outcome: str  # allowed | injected | refused | malformed | no policy
    after: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return (self.folder / "request.json").read_bytes()

    @property
    def request(self) -> Json:
        return json.loads(self.body)["request"]

    @property
    def policies(self) -> PolicySet:
        text = (self.folder / "policy.yaml").read_text()
        return PolicySet(()) if text == NO_POLICY else load_text(text).policies

    @property
    def expected(self) -> str:
        file = self.folder / "response.json"
        return file.read_text() if file.exists() else ""


def read_case(name: str) -> Case:
    folder = FOLDER / name
    said = yaml.safe_load((folder / "case.yaml").read_text())
    hook, mode = Hook(said.pop("hook")), NamespaceMode(said.pop("mode"))
    return Case(folder=folder, hook=hook, mode=mode, **said)


def ask(case: Case, body: bytes | None = None, hook: Hook | None = None) -> Json:
    """Return the answered `response` with its patch decoded, or the error that HTTP carries."""
    body = case.body if body is None else body
    try:
        given = answer(body, hook=hook or case.hook, mode=case.mode, policies=case.policies)
    except Malformed as error:
        return {"error": 400, "message": str(error)}
    except NoPolicyLoaded as error:
        return {"error": 500, "message": str(error)}
    review = json.loads(given.body)
    assert review["apiVersion"] == "admission.k8s.io/v1"
    assert review["kind"] == "AdmissionReview"
    response = review["response"]
    if "patch" in response:
        response["patch"] = json.loads(base64.b64decode(response["patch"]))
    return response


def outcome(response: Json) -> str:
    if "error" in response:
        return {400: "malformed", 500: "no policy"}[response["error"]]
    if not response["allowed"]:
        return "refused"
    return "injected" if "patch" in response else "allowed"


def with_object(case: Case, changed: Json) -> bytes:
    """Return the request of a case with another object."""
    review = json.loads(case.body)
    review["request"]["object"] = changed
    return json.dumps(review).encode()


def applied(case: Case, response: Json) -> Json:
    return jsonpatch.apply_patch(case.request["object"], response.get("patch", []))


def containers(pod: Json) -> list[Json]:
    lists = ("initContainers", "containers", "ephemeralContainers")
    return [container for members in lists for container in pod["spec"].get(members) or ()]


def sources(pod: Json) -> dict[str, dict[str, list[str]]]:
    """Say each container's sources and variables as `after` of a case does."""
    return {
        container["name"]: {
            part: [_spelled(element) for element in container[part]]
            for part in ("envFrom", "env")
            if container.get(part)
        }
        for container in containers(pod)
    }


def _spelled(element: Json) -> str:
    reference = element.get("secretRef") or element.get("configMapRef") or element
    prefix = f" with prefix {element['prefix']}" if element.get("prefix") else ""
    optional = ", optional" if reference.get("optional") else ""
    return f"{reference['name']}{prefix}{optional}"


def without_sources(pod: Json) -> Json:
    """Return a copy of a pod without all that a patch may touch."""
    bare: Json = json.loads(json.dumps(pod))
    for container in containers(bare):
        container.pop("envFrom", None)
        container.pop("env", None)
    annotations = bare["metadata"].get("annotations") or {}
    annotations.pop(INJECTED, None)
    bare["metadata"]["annotations"] = annotations
    return bare


def render(value: Json, indent: int = 0, used: int = 0) -> str:
    """Write JSON with what fits into a line on one line, as people would."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(line) + indent + used < 100:
        return line
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        names = [(f"{json.dumps(k)}: ", v) for k, v in value.items()]
        parts = [name + render(v, indent + 2, len(name)) for name, v in names]
        opening, closing = "{}"
    else:
        parts = [render(v, indent + 2) for v in value]
        opening, closing = "[]"
    return f"{opening}\n{pad}" + f",\n{pad}".join(parts) + f"\n{' ' * indent}{closing}"
