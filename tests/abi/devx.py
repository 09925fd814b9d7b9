#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""DevX through rdma-core: devx_tool.c does the calls, here the card's log is judged.

Usage: devx.py MLX5EMU DEVX_TOOL
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check  # noqa: E402


# What a story leaves behind on purpose is no leak to complain of in a sanitizer's build.
LEAVES = ("untidy", "fork", "exit")


def log_of(rig, mlx5emu, tool, story):
    env = {"ASAN_OPTIONS": "detect_leaks=0"} if story in LEAVES else {}
    rig.path("card.log").unlink(missing_ok=True)
    status, text = rig.run([mlx5emu, "--log", "card.log", "--log-level", "info", tool, story],
                           env=env)
    print(text)
    check(status == 0, f"{story}: status {status}")
    return rig.path("card.log").read_text()


def main(mlx5emu, tool):
    with Rig("devx") as rig:
        log = log_of(rig, mlx5emu, tool, "tidy")
        check(not re.search(r" left", log), f"objects were left over:\n{log}")
        log = log_of(rig, mlx5emu, tool, "untidy")
        check(re.search(r"uverbs0: closed with [1-9]\d* objects left", log),
              f"objects were left over, but the card does not say so:\n{log}")
        log_of(rig, mlx5emu, tool, "refused")
        for story in ("unmap", "async"):
            log = log_of(rig, mlx5emu, tool, story)
            check(not re.search(r"mlx5emu (error|warning)", log), f"the card complains:\n{log}")
        log_of(rig, mlx5emu, tool, "fork")
        log_of(rig, mlx5emu, tool, "exit")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
