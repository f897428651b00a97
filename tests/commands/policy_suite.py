"""A folder with a policy, a pod and two cases, of which one fails."""

from pathlib import Path

from tests.commands.kit import POLICY

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: p
  namespace: noxus
  labels: {noxus.ai/role: worker, noxus.ai/worker-pool: tenant-a}
spec:
  containers:
    - name: app
      image: example/app:1
      env: [{name: LEVEL, value: hunter2-canary}]
"""
HEAD = "apiVersion: secrets.noxus.ai/v1alpha1\nkind: PolicyTest\n"
CASES = f"""\
{HEAD}policy: policy.yaml
object: pod.yaml
cases:
  - name: the pool comes last
    expect: {{envFrom: {{app: [app-env, worker-env, tenant-a-llm]}}}}
  - name: the pool comes first
    expect:
      decision: refused
      envFrom: {{app: [tenant-a-llm, app-env, worker-env]}}
      message: [may not read]
"""


def make(folder: Path) -> Path:
    folder.mkdir()
    (folder / "policy.yaml").write_text(POLICY.read_text())
    (folder / "pod.yaml").write_text(POD)
    (folder / "cases.yaml").write_text(CASES)
    return folder
