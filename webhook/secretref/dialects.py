"""What systemd and docker make of a statement that dotenv reads: their rules, and how they differ.

`kubectl create secret --from-env-file` has the rules of `docker run --env-file`: each line is taken
as it stands. systemd reads an `EnvironmentFile` much as a shell reads an assignment. Only dotenv
knows `export`, comments behind a value, and `${...}`.
"""

import re
from typing import Final

DOCKER: Final = "docker --env-file and kubectl --from-env-file"
SYSTEMD: Final = "systemd"

# What a backslash keeps from its meaning between double quotes, as in a shell.
_ESCAPED: Final = '"\\`$'
_REFERENCE: Final = re.compile(r"\$\{[^}]+\}")


def docker(statement: str) -> tuple[str, str]:
    """Return name and value as docker and kubectl take the first line of a statement."""
    name, _, value = statement.lstrip().partition("\n")[0].partition("=")
    return name, value


def systemd(statement: str) -> tuple[str, str]:
    """Return name and value as systemd takes a statement."""
    name, _, rest = statement.partition("=")
    return name.strip(), _unquote(rest)


def _unquote(text: str) -> str:
    """Remove quotes and backslashes, up to the end of the line outside of quotes."""
    value, quote, i = "", "", 0
    bare_end = 0  # white space outside of quotes counts only in front of something else
    text = text.lstrip(" \t")
    while i < len(text):
        char, following = text[i], text[i + 1 : i + 2]
        i += 1
        if quote == "'":
            quote, value = ("", value) if char == "'" else (quote, value + char)
        elif char == "\\" and (not quote or following in _ESCAPED or following == "\n"):
            value += "" if following == "\n" else following
            i += 1
        elif quote:
            quote, value = ("", value) if char == '"' else (quote, value + char)
        elif char == "\n":
            break
        elif char in "'\"" and not value[bare_end:].strip(" \t"):
            # Quotes stand where a value, or a further part of it, begins.
            quote, value = char, value[:bare_end]
        else:
            value += char
            continue
        bare_end = len(value)
    return value[:bare_end] + value[bare_end:].rstrip(" \t")


def differences(statement: str, name: str, value: str) -> list[str]:
    """Say who reads a statement otherwise than dotenv, and why; nothing of the value is quoted.

    `name` and `value` are what dotenv makes of it, without replacing `${...}`.
    """
    by_docker, by_systemd = docker(statement), systemd(statement)
    written = statement.partition("=")[2].strip()
    found: list[str] = []
    if statement.lstrip().startswith("export") and by_docker[0] != name:
        return ["only dotenv knows export: remove it"]
    if by_docker[0] != name or by_systemd[0] != name:
        return [f"{DOCKER} take no space or quote at the name: write NAME=value"]
    if _REFERENCE.search(value):
        found.append(
            "dotenv puts the value of a variable in place of ${...}, and the others do not: write "
            "it out"
        )
    if "\n" in statement.strip():
        found.append(f"{DOCKER} take the first line alone: write the value in one line")
    elif written[:1] in {"'", '"'} and by_docker[1].strip() != value:
        found.append(
            f"{DOCKER} keep the quotes as a part of the value: leave them out if no program needs "
            "them"
        )
    elif by_docker[1].strip() != value:
        found.append(
            f"for {DOCKER} the value goes on to the end of the line: put comments on lines of "
            "their own"
        )
    elif by_docker[1] != value:
        found.append(f"{DOCKER} keep the white space around the value: remove it")
    if by_systemd[1] != value and "\n" not in statement.strip():
        found.append(f"{SYSTEMD} {_why_systemd(written)}")
    return found


def _why_systemd(written: str) -> str:
    if "\\" in written:
        return "reads backslashes otherwise: leave them out, or put single quotes around the value"
    if "#" in written:
        return (
            "knows no comments behind a value, which goes on to the end of the line: put them on "
            "lines of their own"
        )
    return "keeps white space that is no blank and no tab: remove it from around the value"
