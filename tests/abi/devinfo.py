#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""rdma-core's own tools see the functions of the card.

Usage: devinfo.py MLX5EMU
"""
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check, skip  # noqa: E402


def main(mlx5emu):
    if not shutil.which("ibv_devinfo"):
        skip("ibv_devinfo is not installed (package ibverbs-utils)")
    with Rig("devinfo") as rig:
        for nb in (1, 3, 32):
            status, text = rig.run([mlx5emu, "--functions", nb, "ibv_devices"])
            names = re.findall(r"^\s+(mlx5_\d+)\s+([0-9a-f]{16})$", text, re.M)
            check(status == 0, f"ibv_devices: status {status}\n{text}")
            check(sorted(n for n, _ in names) == sorted(f"mlx5_{i}" for i in range(nb)),
                  f"ibv_devices with {nb} functions:\n{text}")
            check(len({guid for _, guid in names}) == nb, f"GUIDs are not unique:\n{text}")
        status, text = rig.run([mlx5emu, "--functions", 2, "--log", "card.log", "ibv_devinfo",
                                "-v"])
        check(status == 0, f"ibv_devinfo: status {status}\n{text}")
        for want, times in ((r"hca_id:\s+mlx5_[01]", 2), (r"PORT_ACTIVE", 2),
                            (r"link_layer:\s+Ethernet", 2), (r"vendor_part_id:\s+4126", 2)):
            check(len(re.findall(want, text)) == times, f"not {times} x {want}:\n{text}")
        log = rig.path("card.log").read_text()
        check(not re.search(r"mlx5emu (error|warning)", log), f"the card complains:\n{log}")


if __name__ == "__main__":
    main(sys.argv[1])
