"""Loopback addresses for Services and pods.

All of 127.0.0.0/8 is this machine, so that each pod can have an address of its own and use the very
ports of its manifest, and nothing leaves the machine. Several control planes may run at once: each
takes a block that nobody else has.
"""

import random
import socket
from dataclasses import dataclass
from typing import Self

# Bound on the last address of a block of Services, to say that the block is taken. Above 1,024, so
# that anybody may bind it, and below the ports that the kernel hands out (32,768).
CLAIM_PORT = 20443
ATTEMPTS = 100
# The second byte of an address: Services in 64-127, and their pods 64 further on, in 128-191.
FIRST_SERVICE_BYTE, FIRST_POD_BYTE, BYTES = 64, 128, 64
LAST_POD = 254


@dataclass
class Addresses:
    """A block of 256 addresses for Services, and one for pods; given back by `close`."""

    block: tuple[int, int]
    claim: socket.socket
    pods: int = 0

    @classmethod
    def reserve(cls) -> Self:
        """Take a block at random that nobody has."""
        for _ in range(ATTEMPTS):
            block = (random.randrange(BYTES), random.randrange(256))  # noqa: S311 - no secret
            claim = socket.socket()
            try:
                claim.bind((f"127.{FIRST_SERVICE_BYTE + block[0]}.{block[1]}.255", CLAIM_PORT))
            except OSError:  # somebody has it
                claim.close()
                continue
            return cls(block, claim)
        raise OSError(f"no free block of loopback addresses in {ATTEMPTS} attempts")

    @property
    def service_range(self) -> str:
        """What `--service-cluster-ip-range` takes."""
        return f"127.{FIRST_SERVICE_BYTE + self.block[0]}.{self.block[1]}.0/24"

    def pod(self) -> str:
        """Return an address for one more pod; after 254 pods they come round again."""
        self.pods = self.pods % LAST_POD + 1
        return f"127.{FIRST_POD_BYTE + self.block[0]}.{self.block[1]}.{self.pods}"

    def close(self) -> None:
        """Give the block back."""
        self.claim.close()
