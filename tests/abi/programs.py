#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Large programs with libraries of their own start and end with the card preloaded, and its control
thread running: nothing that the library brings along stands in the way of theirs.

Usage: programs.py MLX5EMU
"""
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check, skip  # noqa: E402

PROGRAMS = [
    (["qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none", "-monitor",
      "stdio"], r"\(qemu\)", "quit"),
    # parses JSON, and answers in it
    (["qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none", "-qmp",
      "stdio"], r'"QMP".*\n', '{"execute": "qmp_capabilities"}\n{"execute": "quit"}'),
    (["dpdk-testpmd", "--no-huge", "-m", "192", "--no-pci", "--file-prefix", "programs",
      "--vdev", "net_null0", "--", "-i", "--total-num-mbufs=2048"], r"testpmd> ", "quit"),
    (["python3", "-c", "import json, ssl, ctypes; print('up', json.dumps({}))\n"
      "import os; input()"], r"up {}", ""),
]


def main(mlx5emu):
    with Rig("programs") as rig:
        ran = 0
        for i, (argv, prompt, end) in enumerate(PROGRAMS):
            if not shutil.which(argv[0]):
                print(f"{argv[0]} is not installed")
                continue
            # A sanitizer's build would judge the program's own leaks.
            app = rig.start(argv[0] + str(i), [mlx5emu, "--control", "ctl"] + argv,
                            env={"ASAN_OPTIONS": "detect_leaks=0"})
            app.expect(prompt, 60)
            status, text = rig.run([mlx5emu, "ctl", "--socket", "ctl", "stats"])
            check(status == 0 and "rx_unmatched" in text, f"{argv[0]}: no answer: {text}")
            app.send(end)
            status = app.wait(30)
            check(status == 0, f"{argv[0]} ended with status {status}")
            check(not rig.path("ctl").exists(), f"{argv[0]} left the control socket")
            ran += 1
        if ran == 0:
            skip("none of the programs is installed")


if __name__ == "__main__":
    main(sys.argv[1])
