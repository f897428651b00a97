"""How old each Secret of a policy may become."""

from tests.core import kit
from webhook.core.policy_upkeep import Risk
from webhook.rotation.limits import Limit, limits

POLICY = """
rotation: {high: 10d, low: 365d}
scopes:
  - name: shared
    roles: [frontend, worker]
    envFrom: [{secretRef: {name: app-env}}, {configMapRef: {name: settings}}]
  - name: calm
    roles: [worker]
    risk: Low
    envFrom: [{secretRef: {name: calm-env}}, {secretRef: {name: app-env}, prefix: X_}]
  - name: keys
    roles: [backend]
    env:
      - {name: REDIS_USER, valueFrom: {secretKeyRef: {name: redis, key: u}}}
      - {name: PARTNER_API_KEY, valueFrom: {secretKeyRef: {name: partner, key: k}}}
  - name: elsewhere
    roles: [worker]
    namespaces: [other]
    envFrom: [{secretRef: {name: other-env}}]
worker:
  pools:
    a: {envSecretRef: a-llm}
    b: {envSecretRef: b-llm, risk: Medium}
    c: {envSecretRef: c-llm, namespaces: [other]}
    d: {}
    off: {envSecretRef: off-llm, enabled: false}
"""


def test_the_risk_is_that_of_the_policy_else_of_what_lies_in_the_secret() -> None:
    assert limits(kit.model(POLICY).spec, "noxus") == [
        Limit("app-env", ("shared", "calm"), Risk.MEDIUM, 60),
        Limit("calm-env", ("calm",), Risk.LOW, 365),
        Limit("redis", ("keys",), Risk.LOW, 365),
        Limit("partner", ("keys",), Risk.HIGH, 10),
        Limit("a-llm", ("pool/a",), Risk.HIGH, 10),
        Limit("b-llm", ("pool/b",), Risk.MEDIUM, 60),
    ]
