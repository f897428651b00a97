"""External Secrets Operator beside the control plane, as a process of its own."""

import shutil
import tempfile
from pathlib import Path
from typing import Self

from tests.controlplane.plane import ControlPlane
from tests.controlplane.processes import ProcessGroup


class Operator:
    """Starts on entering the context, stops on leaving it, and leaves nothing behind.

    It is ready when what is applied to the control plane changes.
    """

    def __init__(self, program: Path, plane: ControlPlane) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="external-secrets-"))
        self._command = [
            *(str(program), "--metrics-addr=0", "--concurrent=4", "--loglevel=info"),
            # A store that was not right is looked at again soon: the tests mend one.
            "--store-requeue-interval=2s",
        ]
        self._environment = {"HOME": str(self.folder), "KUBECONFIG": str(plane.kubeconfig)}
        self._group = ProcessGroup(self.folder, temporary=True)

    def __enter__(self) -> Self:
        self.program = self._group.start("external-secrets", self._command, self._environment)
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()
        self._group.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.program.log.read_text()
