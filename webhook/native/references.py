"""Every Secret that a pod names, and whether it may, in CEL.

The places are those of `webhook.core.references`. What the pod is given as a whole and everywhere
is left out at once, so that an ordinary pod costs little.
"""

from collections.abc import Iterator
from typing import Final

from webhook.core.policy import Reaction
from webhook.core.references import WITH_SECRET_REF
from webhook.core.tables import CompiledPolicy
from webhook.native.cel import Variable, mapping, mixed, text
from webhook.native.containers import LISTS
from webhook.native.grants import pool_secret_tables, scope_secrets

# Volumes that name a Secret and nothing else about it.
_PLAIN: Final = (
    ("csi.nodePublishSecretRef", "v.?csi.?nodePublishSecretRef.?name"),
    ("azureFile.secretName", "v.?azureFile.?secretName"),
    *((f"{kind}.secretRef", f"v.?{kind}.?secretRef.?name") for kind in WITH_SECRET_REF),
)


def references(policy: CompiledPolicy) -> Iterator[Variable]:
    """Yield what leads to `trespasses`, which are refused, and `strangers`, which are unmanaged."""
    tables = pool_secret_tables(policy)
    yield from tables
    owners = {secret: text(words) for secret, words in scope_secrets(policy).items()}
    yield Variable("scopeSecrets", mapping(owners))
    looked_at = "" if strict(policy) else f" && {managed(policy, 's')}"
    yield Variable(
        "byContainers",
        " +\n".join(_of_containers(members, name, looked_at) for members, name in LISTS),
    )
    yield Variable("volumes", _of_volumes(looked_at))
    yield Variable(
        "byVolumes",
        "// with those who read it; a volume that nobody mounts is judged as if anybody did\n"
        "variables.volumes.transformList(i, it,\n"
        "  !variables.debugging || variables.mounts.exists(m, m.volume == it.volume),\n"
        "  it)",
    )
    yield Variable(
        "pulled",
        "(variables.debugging ? [] : variables.spec.?imagePullSecrets.orValue([]))\n"
        "  .transformList(i, it, it.?name.orValue('') != '' && !(it.name in variables.given),\n"
        "  {'who': dyn('the pod'), 'secret': dyn(string(it.name)),\n"
        "    'field': dyn(variables.at + 'spec.imagePullSecrets[' + string(i) + ']')})",
    )
    yield Variable(
        "trespasses",
        f"variables.byContainers.filter(it, {managed(policy, 'it.secret')} && "
        f"!{_held()}) +\n"
        f"variables.byVolumes.filter(it, {managed(policy, 'it.secret')} && !{_covered()}) +\n"
        f"variables.pulled.filter(it, {managed(policy, 'it.secret')})",
    )
    if strict(policy):
        yield Variable(
            "strangers",
            "(variables.byContainers + variables.byVolumes)"
            f".filter(it, !{managed(policy, 'it.secret')})",
        )


def strict(policy: CompiledPolicy) -> bool:
    """Tell whether Secrets that the policy does not name are looked at."""
    return policy.guard.unmanaged_secrets is not Reaction.ALLOW


def managed(policy: CompiledPolicy, secret: str) -> str:
    """Return whether a Secret is one of the policy's."""
    tables = ["scopeSecrets", *(each.name for each in pool_secret_tables(policy))]
    return f"({' || '.join(f'{secret} in variables.{each}' for each in tables)})"


def owner(policy: CompiledPolicy, secret: str) -> str:
    """Return the words for what a managed Secret belongs to."""
    tables = [f".or(variables.{each.name}[?{secret}])" for each in pool_secret_tables(policy)]
    return f"variables.scopeSecrets[?{secret}]{''.join(tables)}.orValue('')"


def _of_containers(members: str, name: str, looked_at: str) -> str:
    judged = ", !(c in variables.before)" if name == "debug" else ""
    whole = _mention(members, "envFrom", "e.secretRef.name", ".secretRef", "false", "''")
    key = "string(e.valueFrom.secretKeyRef.?key.orValue(''))"
    secret = "e.valueFrom.secretKeyRef.name"  # noqa: S105 - an expression
    single = _mention(members, "env", secret, ".valueFrom.secretKeyRef", "true", key)
    return (
        f"variables.{name}.transformList(i, c{judged},\n"
        "  c.?envFrom.orValue([]).transformList(j, e,\n"
        f"    {_looked_at('e.?secretRef.?name', looked_at)},\n    {whole}) +\n"
        "  c.?env.orValue([]).transformList(j, e,\n"
        f"    {_looked_at('e.?valueFrom.?secretKeyRef.?name', looked_at)},\n    {single}))\n"
        "  .flatten()"
    )


def _looked_at(secret: str, looked_at: str) -> str:
    return (
        f"[string({secret}.orValue(''))].exists(s,\n"
        f"      s != '' && !(s in variables.given){looked_at})"
    )


def _mention(members: str, field: str, secret: str, tail: str, single: str, key: str) -> str:
    return mixed(
        container="string(c.name)",
        who="'container \\'' + c.name + '\\''",
        secret=f"string({secret})",
        single=single,  # key of it, or all
        key=key,
        field=(
            f"variables.at + 'spec.{members}[' + string(i) + '].{field}[' + string(j) + ']{tail}'"
        ),
    )


def _of_volumes(looked_at: str) -> str:
    plain = ",\n      ".join(
        f"{{'secret': dyn(string({secret}.orValue(''))), 'field': dyn({text(field)}), "
        "'keys': dyn([]), 'whole': dyn(true)}"
        for field, secret in _PLAIN
    )
    mention = mixed(
        volume="string(v.name)",
        who="'volume \\'' + v.name + '\\''",
        secret="p.secret",  # noqa: S106 - an expression
        whole="p.whole",
        keys="p.keys",
        field="variables.at + 'spec.volumes[' + string(i) + '].' + p.field",
    )
    return (
        "variables.spec.?volumes.orValue([]).transformList(i, v,\n"
        "  ((v.?secret.hasValue() ?\n"
        f"      [{_with_items('v.secret', 'v.secret.?secretName', text('secret.secretName'))}] :\n"
        "      []) +\n"
        # The one list here that Go writes as null where it is empty.
        "    (v.?projected.?sources.hasValue() && dyn(v.projected.sources) != null ?\n"
        "      v.projected.sources : []).transformList(j, p, p.?secret.hasValue(),\n      "
        + _with_items("p.secret", "p.secret.?name", "'projected.sources[' + string(j) + '].secret'")
        + ") +\n"
        f"    [{plain}]\n"
        f"  ).filter(p, [string(p.secret)].exists(s,\n"
        f"      s != '' && !(s in variables.given){looked_at}))\n"
        f"  .map(p, {mention})).flatten()"
    )


def _with_items(source: str, name: str, field: str) -> str:
    """Return what a volume reads that may list keys; without, Kubernetes projects every key."""
    return mixed(
        secret=f"string({name}.orValue(''))",
        field=field,
        keys=f"{source}.?items.orValue([]).map(k, string(k.key))",
        whole=f"{source}.?items.orValue([]).size() == 0",
    )


def _held() -> str:
    return (
        "variables.held.exists(h, h.secret == it.secret &&\n"
        "  (h.containers == '' || it.container.matches(h.containers)) &&\n"
        "  (h.keys == '' || (it.single && it.key.matches(h.keys))))"
    )


def _covered() -> str:
    """Return whether every reader of a volume is entitled to all that it mounts."""
    return (
        "[variables.held.filter(h, h.secret == it.secret)].all(own,\n"
        "  [variables.mounts.filter(m, m.volume == it.volume).map(m, m.container)].all(readers,\n"
        "    readers.size() == 0 ? " + _covers("own") + " :\n"
        "      readers.all(r, [own.filter(h, h.containers == '' || r.matches(h.containers))]\n"
        "        .all(some, " + _covers("some") + "))))"
    )


def _covers(held: str) -> str:
    keys = f"it.keys.all(k, {held}.exists(h, h.keys != '' && k.matches(h.keys)))"
    return f"({held}.exists(h, h.keys == '') || (!it.whole && {keys}))"
