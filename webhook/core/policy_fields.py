"""What the models of a policy are made of: names that Kubernetes takes, and the base of all."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from webhook.core import names

ApiGroup = Annotated[str, AfterValidator(names.api_group)]
ApiKind = Annotated[str, AfterValidator(names.api_kind)]
ApiResource = Annotated[str, AfterValidator(names.api_resource)]
Days = Annotated[str, AfterValidator(names.days)]
DnsLabel = Annotated[str, AfterValidator(names.dns_label)]
EnvName = Annotated[str, AfterValidator(names.env_name)]
EnvPrefix = Annotated[str, AfterValidator(names.env_prefix)]
LabelGlob = Annotated[str, AfterValidator(names.label_glob)]
LabelKey = Annotated[str, AfterValidator(names.label_key)]
LabelValue = Annotated[str, AfterValidator(names.label_value)]
ObjectName = Annotated[str, AfterValidator(names.object_name)]
OptionalObjectName = Annotated[str, AfterValidator(names.optional_object_name)]
PoolName = Annotated[str, AfterValidator(names.pool_name)]
QualifiedServiceAccount = Annotated[str, AfterValidator(names.qualified_service_account)]
SecretDataKey = Annotated[str, AfterValidator(names.secret_key)]
TemplatePath = Annotated[str, AfterValidator(names.template_path)]


class Model(BaseModel):
    """Frozen, closed, and written in camelCase as everything in Kubernetes is."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )
