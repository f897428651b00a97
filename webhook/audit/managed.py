"""What `managedFields` tells: who manages which field of an object, and when each last wrote."""

# ruff: noqa: N815 - the field names are those of the Kubernetes API

from collections.abc import Iterable

import msgspec

from webhook.core.pod import View
from webhook.core.words import INJECTION_LABEL


class _Owned(View, frozen=True):
    """That a field, or something below it, has a manager."""


class _Labels(View, frozen=True):
    injection: _Owned | None = msgspec.field(default=None, name=f"f:{INJECTION_LABEL}")


class _Metadata(View, frozen=True):
    labels: _Labels | None = msgspec.field(default=None, name="f:labels")


class _Spec(View, frozen=True):
    template: _Owned | None = msgspec.field(default=None, name="f:template")
    jobTemplate: _Owned | None = msgspec.field(default=None, name="f:jobTemplate")


class _Fields(View, frozen=True):
    """Which of the fields that matter here a manager owns."""

    metadata: _Metadata | None = msgspec.field(default=None, name="f:metadata")
    spec: _Spec | None = msgspec.field(default=None, name="f:spec")
    template: _Owned | None = msgspec.field(default=None, name="f:template")

    @property
    def has_label(self) -> bool:
        meta = self.metadata
        return bool(meta and meta.labels and meta.labels.injection is not None)

    @property
    def has_template(self) -> bool:
        spec = self.spec
        inside = spec is not None and (spec.template, spec.jobTemplate) != (None, None)
        return inside or self.template is not None


class Managed(View, frozen=True):
    """An element of `metadata.managedFields`."""

    time: str | None = None
    fieldsV1: _Fields | None = None


def label_written(entries: Iterable[Managed] | None) -> str:
    """Return the latest time at which the opt-in label can have been written; empty: not known."""
    return _latest(it.time for it in entries or () if it.fieldsV1 and it.fieldsV1.has_label)


def template_written(entries: Iterable[Managed] | None) -> str:
    """Return the latest time at which a template can have been written; empty: not known."""
    return _latest(it.time for it in entries or () if it.fieldsV1 and it.fieldsV1.has_template)


def _latest(times: Iterable[str | None]) -> str:
    """Return the latest; all are in UTC and of one width, so that text compares as time does."""
    return max((time or "" for time in times), default="")
