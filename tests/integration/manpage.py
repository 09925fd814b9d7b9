# SPDX-License-Identifier: BSD-3-Clause
"""The manual page of dpdk-testvdpa, as groff (and mandoc, where it is there) takes it: no warning,
and what comes out has the commands. That no command is missing in the source: test_manpage.c.

usage: manpage.py PAGE
"""
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import rig  # noqa: E402


def main(page):
    if not shutil.which("groff"):
        rig.skip("groff is not installed (package groff-base)")
    with rig.Rig("manpage") as r:
        status, said = r.run(["groff", "-man", "-Tutf8", "-ww", "-z", page])
        rig.check(status == 0 and not said.strip(), f"groff, status {status}: {said}")
        if shutil.which("mandoc"):
            status, said = r.run(["mandoc", "-T", "lint", "-W", "warning", page])
            rig.check(status == 0, f"mandoc: {said}")
        status, text = r.run(["groff", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", page])
        rig.check(status == 0 and len(text) > 2000, f"status {status}: {text}")
        for words in ("NAME", "SYNOPSIS", "OPTIONS", "COMMANDS", "EXIT STATUS",
                      "attach DEV SOCKET [server|client]", "--cmdline-file FILE"):
            rig.check(re.search(rf"^ *{re.escape(words)}$", text, re.M), f"no line '{words}' in\n"
                      f"{text}")


main(sys.argv[1])
