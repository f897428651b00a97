"""An object through the hooks -> what becomes of it.

It is sent as the API server sends it, in an AdmissionReview, so that a case tests what a cluster
does: the reading of the request, the decision and the answer. Of a workload, its author's request
comes first and is judged by the validating hook; then come its pods, which a controller creates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import jsonpatch
import msgspec

from webhook.core import messages
from webhook.core.decision import Allow, Deny, Mutate, Observed, Reason
from webhook.core.deployers import CONTROLLERS
from webhook.core.policyset import PolicySet
from webhook.core.words import Hook, NamespaceMode
from webhook.policytests.kinds import Kind, Unusable, pods_of, title
from webhook.policytests.model import HookChoice, Verdict
from webhook.policytests.spelling import spelled
from webhook.wire.answer import Answer, Malformed, answer
from webhook.wire.review import API_VERSION, KIND

Json = Any

_POD: Final = Kind("", "v1", "pods", ((),))
_NOBODY: Final = ""  # who is held to nothing, as a controller is: its workload was judged
_STRANGER: Final = "system:anonymous"  # whom no policy entrusts with anything
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Sent:
    """An object and the circumstances of its creation; `user` None: deployers are not asked."""

    value: Json
    kind: Kind
    namespace: str
    mode: NamespaceMode = NamespaceMode.ENABLED
    hook: HookChoice = HookChoice.BOTH
    user: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of an object.

    `env_from` and `env` are by container, as they are stored; None where nothing is. Of several
    templates in one object, the names of containers follow the place of their template.
    """

    verdict: Verdict
    reason: Reason
    role: str
    pool: str
    scopes: tuple[str, ...]
    message: str  # of the refusal, in dry run of the one that would be; or empty
    warnings: tuple[str, ...]  # that the author of the object is shown
    env_from: Mapping[str, tuple[str, ...]] | None
    env: Mapping[str, tuple[str, ...]] | None
    undecided: bool = False  # another user might be refused, and the case names none


def outcome(sent: Sent, policies: PolicySet) -> Outcome:
    """Send an object through the hooks; raises `Unusable`."""
    found = _outcome(sent, policies)
    policy = policies.govern(sent.namespace)
    if sent.user is None and policy is not None and policy.has_deployers:
        stranger = _outcome(replace(sent, user=_STRANGER), policies)
        return replace(found, undecided=stranger.verdict is not found.verdict)
    return found


def _outcome(sent: Sent, policies: PolicySet) -> Outcome:
    course = _Course(sent, policies)
    pods = pods_of(sent.value, sent.kind)
    own = () if sent.kind.is_pod else tuple(course.apply())
    stored = {place: course.create(pod) for place, pod in pods.items()}
    told = own or tuple(course.answers)
    return course.outcome(stored, told)


class _Course:
    """The requests of one case, one after the other, until one is refused."""

    def __init__(self, sent: Sent, policies: PolicySet) -> None:
        self._sent, self._policies = sent, policies
        self.answers: list[Answer] = []

    def apply(self) -> Iterator[Answer]:
        """Have the workload itself judged, which only the validating hook does."""
        sent = self._sent
        if sent.hook is not HookChoice.MUTATE:
            yield self._ask(Hook.VALIDATE, sent.value, sent.kind, sent.user)

    def create(self, pod: Json) -> Json | None:
        """Have a pod created; returns it as it is stored, None where it is refused."""
        sent = self._sent
        if self._refusing() is not None:
            return None
        user = sent.user if sent.kind.is_pod else None
        if sent.hook is not HookChoice.VALIDATE:
            given = self._ask(Hook.MUTATE, pod, _POD, user)
            match given.decision:
                case Deny():
                    return None
                case Mutate(patch=patch):
                    plain = msgspec.json.decode(msgspec.json.encode(patch))
                    pod = jsonpatch.apply_patch(pod, plain)
                case Allow() | Observed():
                    pass
        if sent.hook is HookChoice.BOTH or (sent.hook is HookChoice.VALIDATE and sent.kind.is_pod):
            self._ask(Hook.VALIDATE, pod, _POD, user)
        return None if self._refusing() is not None else pod

    def outcome(self, stored: Mapping[str, Json | None], told: tuple[Answer, ...]) -> Outcome:
        """Sum up."""
        deny = next((it for it in self.answers if isinstance(_verdict(it), Deny)), None)
        inject = next((it for it in self.answers if _injects(it)), None)
        main = deny or inject or self.answers[0]
        verdict, report = _verdict(main), main.decision.report
        pods = {place: pod for place, pod in stored.items() if pod is not None}
        kept = len(pods) == len(stored)
        return Outcome(
            verdict=_word(main),
            reason=report.reason,
            role=report.role,
            pool=report.pool,
            scopes=report.scopes,
            message=messages.refusal(verdict.refusals) if isinstance(verdict, Deny) else "",
            # A client is shown each sentence once, whichever hook has it.
            warnings=tuple(
                dict.fromkeys(line for it in told for line in it.decision.report.warnings)
            ),
            env_from=_by_container(pods, "envFrom") if kept else None,
            env=_by_container(pods, "env") if kept else None,
        )

    def _refusing(self) -> Answer | None:
        return next((it for it in self.answers if isinstance(it.decision, Deny)), None)

    def _ask(self, hook: Hook, value: Json, kind: Kind, user: str | None) -> Answer:
        sent = self._sent
        try:
            found = answer(
                _review(sent, value, kind, user),
                hook=hook,
                mode=sent.mode,
                policies=self._policies,
                controllers=CONTROLLERS if user is not None else {_NOBODY},
            )
        except Malformed as error:
            raise Unusable(f"{title(sent.value)} is not as Kubernetes wants it: {error}") from None
        self.answers.append(found)
        return found


def _review(sent: Sent, value: Json, kind: Kind, user: str | None) -> bytes:
    request = {
        "uid": "noxus-secrets-test",
        "resource": {"group": kind.group, "version": kind.version, "resource": kind.resource},
        "operation": "CREATE",
        "namespace": sent.namespace,
        "userInfo": {
            "username": _NOBODY if user is None else user,
            "groups": groups_of(user, sent.groups) if user is not None else (),
        },
        "object": value,
    }
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "request": request})


def groups_of(user: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    """Return the groups of a user with those that the API server adds by itself."""
    added = ["system:unauthenticated" if user == _STRANGER else "system:authenticated"]
    if user.startswith(_ACCOUNT):
        namespace = user.removeprefix(_ACCOUNT).partition(":")[0]
        added = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", *added]
    return tuple(dict.fromkeys((*groups, *added)))


def _verdict(given: Answer) -> Allow | Mutate | Deny:
    decision = given.decision
    return decision.would if isinstance(decision, Observed) else decision


def _injects(given: Answer) -> bool:
    verdict = _verdict(given)
    return isinstance(verdict, Mutate) and verdict.report.reason is Reason.INJECTED


def _word(given: Answer) -> Verdict:
    rehearsed = isinstance(given.decision, Observed)
    if isinstance(_verdict(given), Deny):
        return Verdict.WOULD_REFUSE if rehearsed else Verdict.REFUSED
    if _injects(given):
        return Verdict.WOULD_INJECT if rehearsed else Verdict.INJECTED
    return Verdict.ALLOWED  # the annotation alone is not worth a word of its own


def _by_container(pods: Mapping[str, Json], member: str) -> dict[str, tuple[str, ...]]:
    several = len(pods) > 1
    found: dict[str, tuple[str, ...]] = {}
    for place, pod in pods.items():
        spec = pod.get("spec") or {}
        for members in ("initContainers", "containers", "ephemeralContainers"):
            for container in spec.get(members) or ():
                name = str(container.get("name") or "")
                elements = tuple(map(spelled, container.get(member) or ()))
                found[f"{place}/{name}" if several else name] = elements
    return found
