"""`python -m tests.report.browser`: Debian's Chromium, installed where that is possible.

Where it is not, that is said in one line, and the tests that need a browser are left out.
"""

from tools.debian import Program, installed

PROGRAM = "chromium"

if __name__ == "__main__":
    installed(Program(PROGRAM, "report", "the tests in a browser are left out"))
