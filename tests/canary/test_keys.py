"""`certs` writes private keys into their files, readable by their owner, and nowhere else."""

import contextlib
import re
import stat
from base64 import b64decode, b64encode
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.canary.kit import Place, inside
from tests.canary.ways import leaves
from tests.commands.kit import run

FLAGS = (
    *("--dir", "keys", "--service", "s", "--namespace", "n", "--dns", "localhost"),
    *("--ip", "127.0.0.1", "--ca-lifetime", "30d", "--lifetime", "2h", "--renew"),
)


def private(path: Path) -> bytes:
    """Return what is secret of a key file; the rest of it is the public key."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    number = key.private_numbers().private_value
    return number.to_bytes((key.key_size + 7) // 8)


def readings(text: str) -> bytes:
    """Return a text, and what its words say in base64 and in hexadecimal digits."""
    bodies = [text, *re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text.replace("\n", ""))]
    found = [text.encode()]
    for body in bodies:
        for decode in (partial(b64decode, validate=False), bytes.fromhex):
            with contextlib.suppress(ValueError):
                found.append(decode(body[: len(body) // 4 * 4]))
    return b"\n".join(found)


def test_a_private_key_is_in_its_own_file_alone(tmp_path: Path) -> None:
    place = Place.below(tmp_path)
    (certs,) = [leaf for leaf in leaves() if leaf.path == ("certs",)]
    (form,) = [action for action in certs.options if action.dest == "output"]
    keys, said = set[bytes](), ""

    assert {word for word in FLAGS if word.startswith("--")} == {
        name for action in certs.options for name in action.option_strings if name != "-o"
    }
    for choice in form.choices or ():
        for flags in (FLAGS, FLAGS[:-1], ("--dir", "keys", "--service", "1st")):
            with inside(place):
                ran = run("certs", *flags, "-o", choice)
            said += ran.out + ran.err
            for path in place.work.rglob("*.key"):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                keys.add(private(path))

    others = [path for path in place.work.rglob("*") if path.is_file() and path.suffix != ".key"]
    written = b"\n".join(map(readings, [said, *(path.read_text() for path in others)]))
    assert len(keys) > 1
    assert [key for key in keys if key in written or key.hex().encode() in written] == []
    assert list(place.temporary.iterdir()) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    with inside(Place.below(tmp_path)):
        run("certs", "--dir", "keys")
        (key, *_) = sorted(Path("keys").glob("*.key"))
        text, secret = key.read_text(), private(key)

    assert secret in readings(text)
    assert secret in readings(f"key: {b64encode(secret).decode()}")
    assert secret in readings(secret.hex())
