# SPDX-License-Identifier: BSD-3-Clause
"""The rig takes long answers as fast as they come. It once searched them with a regular expression
whose time grew with the square of their length, so that commands seemed slow which were not: their
program waited for somebody to read its terminal."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import rig  # noqa: E402

LINES = 4000
PROGRAM = f"""
import sys
print("> ", end="", flush=True)
for line in sys.stdin:
    for number in range({LINES}):
        print(f"line number {{number}} of what {{line.strip()}} tells", flush=True)
    print("> ", end="", flush=True)
"""
CPU_SECONDS = 5  # a hundredth of that on an idle machine; it was over a minute


def main():
    with rig.Rig("told") as r:
        app = r.start("teller", [sys.executable, "-c", PROGRAM])
        app.expect("> ")
        begin = time.process_time()
        for name in ("one", "two"):
            lines = app.told(name, "> ", 60).splitlines()
            rig.check(len(lines) == LINES and lines[0] == f"line number 0 of what {name} tells" and
                      lines[-1] == f"line number {LINES - 1} of what {name} tells", lines[-3:])
        spent = time.process_time() - begin
        rig.check(spent < CPU_SECONDS, f"{spent:.1f} s of processor time for {2 * LINES} lines")


if __name__ == "__main__":
    main()
