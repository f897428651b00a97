"""Builds the control plane before any test that needs one; see tests/controlplane/README.md."""

from tests.controlplane.fixture import pytest_collection_finish, pytest_collection_modifyitems

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems"]
