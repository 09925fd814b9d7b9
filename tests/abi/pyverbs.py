#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The witness: rdma-core's own Python tests, untouched, on a card of one function. All of them are
run; exactly those that PASSING names must pass. One that stops to pass is a failure, and one that
begins to is one, too: then the list and the guide (emulated-card-witnesses.md) are to be mended.

Usage: pyverbs.py MLX5EMU PASSING
"""
import collections
import gzip
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check, skip  # noqa: E402

# pyverbs is a package of Debian's python3, whatever other Python comes first in PATH.
PYTHON = "/usr/bin/python3"
# Where its package python3-pyverbs has the tests; long files are compressed, as documentation is.
TESTS = pathlib.Path("/usr/share/doc/rdma-core/tests")


def unpack(target):
    """Makes the tests a Python package again."""
    target.mkdir()
    for file in TESTS.iterdir():
        opener = gzip.open if file.suffix == ".gz" else open
        name = file.name.removesuffix(".gz")
        with opener(file, "rb") as source, open(target / name, "wb") as copy:
            shutil.copyfileobj(source, copy)


def results(text):
    """{name: "ok", "FAIL", "ERROR" or "skipped '...'"} of a verbose run of unittest. Between name
    and result there may be a line of description, and one that the test has printed."""
    found = re.findall(r"^\w+ \((tests\.[\w.]+)\)(?:\n.*?)? \.\.\. (?:.*\n)??"
                       r"(ok|FAIL|ERROR|skipped .*)$", text, re.M)
    return dict(found)


def main(mlx5emu, passing):
    if not TESTS.is_dir():
        skip(f"no rdma-core tests: {TESTS} is missing (package python3-pyverbs, with its "
             "documentation)")
    wanted = set(pathlib.Path(passing).read_text().split())
    with Rig("pyverbs") as rig:
        unpack(rig.path("tests"))
        _, text = rig.run([mlx5emu, "--log", "card.log", "--", PYTHON,
                           rig.path("tests") / "run_tests.py", "-v"],
                          timeout=100, env={"PYTHONDONTWRITEBYTECODE": "1"})
        ran = re.search(r"^Ran (\d+) tests", text, re.M)
        check(ran, f"the tests did not come to their end:\n{text}")
        got = results(text)
        check(len(got) == int(ran[1]), f"{ran[1]} tests ran, {len(got)} told how it went:\n{text}")
        passed = {name for name, result in got.items() if result == "ok"}
        for name in sorted(passed):
            print("ok", name)
        reasons = collections.Counter(got[name] for name in got if name not in passed)
        for reason, number in reasons.most_common():
            print(f"{number:4} {reason}")
        check(not wanted - passed, "no longer pass: " + ", ".join(
            f"{name} ({got.get(name, 'not there')})" for name in sorted(wanted - passed)))
        check(not passed - wanted, f"pass, but are not listed: {sorted(passed - wanted)}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
