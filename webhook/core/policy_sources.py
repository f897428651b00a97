"""What a scope gives: elements of `envFrom` and `env`, as Kubernetes writes them."""

from typing import Self, cast

from pydantic import Field, model_validator

from webhook.core.policy_fields import EnvName, EnvPrefix, Model, ObjectName, SecretDataKey


class SourceRef(Model):
    """The Secret or ConfigMap that an `envFrom` element reads; it is in the pod's namespace."""

    name: ObjectName = Field(description="Name of the Secret or ConfigMap.")
    optional: bool = Field(
        default=False, description="Whether the pod may start while it does not exist."
    )


class EnvFromSource(Model):
    """One element of a container's `envFrom`, as Kubernetes writes it."""

    prefix: EnvPrefix = Field(default="", description="Put in front of every key; empty: nothing.")
    secret_ref: SourceRef | None = Field(
        default=None, description="Read all keys of a Secret; this or configMapRef."
    )
    config_map_ref: SourceRef | None = Field(
        default=None, description="Read all keys of a ConfigMap; this or secretRef."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.secret_ref is None) == (self.config_map_ref is None):
            raise ValueError("name exactly one of secretRef and configMapRef")
        return self

    @property
    def read(self) -> tuple[str, SourceRef]:
        """Return the kind of what is read, and the reference to it."""
        if self.secret_ref is not None:
            return "Secret", self.secret_ref
        return "ConfigMap", cast("SourceRef", self.config_map_ref)


class SecretKeyRef(Model):
    """One key of one Secret."""

    name: ObjectName = Field(description="Name of the Secret.")
    key: SecretDataKey = Field(description="Key inside it.")
    optional: bool = Field(default=False, description="Whether the pod may start without it.")


class EnvVarSource(Model):
    """Where the value of a variable comes from."""

    secret_key_ref: SecretKeyRef = Field(description="A key of a Secret.")


class EnvVar(Model):
    """One variable that reads a Secret key, as Kubernetes writes it in `env`."""

    name: EnvName = Field(description="Name of the variable.")
    value_from: EnvVarSource = Field(description="Where its value comes from.")
