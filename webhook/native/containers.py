"""The containers of a pod that are judged, and the volumes that they read, in CEL."""

from collections.abc import Iterator
from typing import Final

from webhook.native.cel import Variable

# The lists of containers in the API's order, each with the variable that holds what is judged.
LISTS: Final = (
    ("initContainers", "init"),
    ("containers", "regular"),
    ("ephemeralContainers", "debug"),
)


def containers() -> Iterator[Variable]:
    """Yield the lists of containers, and `mounts`: who reads which volume."""
    yield Variable("init", "variables.debugging ? [] : variables.spec.?initContainers.orValue([])")
    yield Variable("regular", "variables.debugging ? [] : variables.spec.?containers.orValue([])")
    yield Variable(
        "before",
        "// debug containers that are there already are not judged again\n"
        "variables.debugging ? oldObject.spec.?ephemeralContainers.orValue([]) : []",
    )
    yield Variable("debug", "variables.spec.?ephemeralContainers.orValue([])")
    yield Variable("added", "variables.debug.filter(it, !(it in variables.before))")
    yield Variable(
        "mounts",
        "// which container reads which volume; a file of variables is read out of one, too\n"
        "(variables.init + variables.regular + variables.added).map(c,\n"
        "  (c.?volumeMounts.orValue([]).map(m, string(m.name)) +\n"
        "    c.?env.orValue([]).map(e, string(e.?valueFrom.?fileKeyRef.?volumeName.orValue(''))))\n"
        "    .map(v, {'volume': v, 'container': string(c.name)})).flatten()",
    )
