"""Brings the `control_plane` fixture to these tests."""

from tests.controlplane.fixture import (
    control_plane,
    pytest_collection_finish,
    pytest_collection_modifyitems,
)

__all__ = ["control_plane", "pytest_collection_finish", "pytest_collection_modifyitems"]
