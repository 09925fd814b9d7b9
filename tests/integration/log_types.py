# SPDX-License-Identifier: BSD-3-Clause
"""The log type of one module shows its lines and no others; the driver's shows all. At info a flow is
one line.

usage: log_types.py
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import flows  # noqa: E402
import rig  # noqa: E402

FLOW = r": start: 2 queues \w+.* in \d+\.\d ms, \d+ commands$"
STATE = r" queue 0: \w+ -> READY$"


def lines(level):
    """The driver's lines of a start and a stop."""
    with rig.Rig("log-types") as r:
        run = flows.Run(r, "ours", 1, log=[level])
        run.do("start")
        run.do("stop")
        run.account()
        dpdk.end(r, run.app)
        return re.findall(r"^(?:.*> )?vdpa_mlx5_devx: (.*)$", run.app.text, re.M)


def have(found, pattern):
    return any(re.search(pattern, line) for line in found)


def main():
    found = lines("pmd.vdpa.mlx5_devx.flow:info")
    rig.check(have(found, FLOW) and not have(found, STATE), f"flow: {found}")
    rig.check(have(found, "stop: 2 queues stopped in .*, A!=U on 0$"), f"flow: {found}")
    found = lines("pmd.vdpa.mlx5_devx.virtq:debug")
    rig.check(have(found, STATE) and not have(found, FLOW), f"virtq: {found}")
    found = lines("pmd.vdpa.mlx5_devx:debug")
    rig.check(have(found, STATE) and have(found, FLOW), f"all: {found}")
    found = lines("pmd.vdpa.mlx5_devx:info")
    rig.check(have(found, FLOW) and not [line for line in found if " queue " in line],
              f"info: {found}")


main()
