"""What the values of a decision are made of."""

import msgspec


class Value(msgspec.Struct, frozen=True, gc=False):
    """A frozen value that is part of no cycle.

    A decision makes dozens. A frozen dataclass sets each of its fields by a call, and takes five
    times as long; and the garbage collector need not look at these.
    """
