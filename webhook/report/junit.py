"""Results as JUnit XML, as Jenkins, GitLab and others read it: a suite a file, a case a case.

There is no one schema. What is written here is what those readers have in common: the attributes
that each of them shows, and times in seconds.
"""

import html
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from webhook.policytests.difftext import difference_lines
from webhook.policytests.result import Result

# What no XML 1.0 document may hold, not even written as a reference.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDTH: Final = 100  # columns of a difference; the readers show it as it is


def junit(results: Iterable[Result]) -> str:
    """Return the document; results of one file must follow one another."""
    every = list(results)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f"<testsuites{_counts('noxus-secrets test', every)}>")
    for file, grouped in groupby(every, key=lambda it: it.file):
        suite = list(grouped)
        lines.append(f"  <testsuite{_counts(file, suite)}>")
        for case in suite:
            lines += _case(case)
        lines.append("  </testsuite>")
    lines.append("</testsuites>")
    return "\n".join(lines) + "\n"


def _case(case: Result) -> Iterator[str]:
    where = _attributes(
        name=case.name,
        classname=case.file,
        file=case.file,
        line=str(case.line),
        time=_time(case.seconds),
    )
    if case.passed:
        yield f"    <testcase{where}/>"
        return
    told = "\n".join(str(line) for it in case.differences for line in difference_lines(it, _WIDTH))
    differs = f"not as expected: {', '.join(it.what for it in case.differences)}"
    yield f"    <testcase{where}>"
    yield f"      <failure{_attributes(message=differs, type='difference')}>"
    yield f"{_text(f'{case.file}:{case.line}')}\n{_text(told)}</failure>"
    yield "    </testcase>"


def _counts(name: str, results: list[Result]) -> str:
    return _attributes(
        name=name,
        tests=str(len(results)),
        failures=str(sum(not it.passed for it in results)),
        errors="0",  # what cannot be read ends the command before any case runs
        skipped="0",
        time=_time(sum(it.seconds for it in results)),
    )


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{_text(value)}"' for name, value in values.items())


def _time(seconds: float) -> str:
    return f"{seconds:.6f}"


def _text(value: str) -> str:
    return html.escape(_ILLEGAL.sub("\ufffd", value))
