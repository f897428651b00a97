"""`spec.rotation` and `spec.reload`: when a Secret is to be changed, and what follows a change."""

from enum import StrEnum

from pydantic import Field

from webhook.core.policy_fields import Days, Model


class ReloadMode(StrEnum):
    """How workloads come to be restarted when what their pods were given changes."""

    NONE = "None"  # not Off, which is false in YAML
    ANNOTATE = "Annotate"
    ROLLOUT = "Rollout"


class Risk(StrEnum):
    """How much harm a credential does in the wrong hands, and so how soon it is replaced."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class Rotation(Model):
    """How old what a Secret holds may become, for reports of rotation; nothing is refused."""

    high: Days = Field(default="30d", description="For Secrets of high risk, such as API keys.")
    medium: Days = Field(default="60d", description="For Secrets of medium risk.")
    low: Days = Field(default="90d", description="For Secrets of low risk.")


class Reload(Model):
    """What becomes of running pods when a Secret changes that the policy gave them."""

    mode: ReloadMode = Field(
        default=ReloadMode.NONE,
        description=(
            "Annotate: tell Reloader, in an annotation of each Deployment, StatefulSet and "
            "DaemonSet, what its pods are given. Rollout: restart them, one after the other; "
            "needs the component reload."
        ),
    )
    # Several keys of a rotation are written within seconds, and a pipeline's Secrets within one
    # or two dozen. Below 2 s a change within the second of another could be missed.
    quiet_seconds: int = Field(
        default=30,
        ge=2,
        le=86_400,
        description="Rollout: restart once nothing has changed for so long.",
    )
    timeout_seconds: int = Field(
        default=600,  # the default progressDeadlineSeconds of a Deployment
        ge=30,
        le=86_400,
        description="Rollout: begin the next restart after so long, though this one is not done.",
    )
