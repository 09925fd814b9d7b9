#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Faults and latencies as a program on rdma-core sees them (fault_tool.c, devx_tool.c): errno,
status, events; and nothing that fails takes the process along.

Usage: faults.py MLX5EMU FAULT_TOOL DEVX_TOOL
"""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check  # noqa: E402

LAX = {"ASAN_OPTIONS": "detect_leaks=0"}  # a driver that stops half way leaves things behind


def run(rig, mlx5emu, tool, story, **config):
    """A story on a card with this configuration, and with a log of its own."""
    rig.path("card.log").unlink(missing_ok=True)
    rig.path("card.json").write_text(json.dumps(config))
    return rig.run([mlx5emu, "--config", "card.json", "--log", "card.log", tool, story], env=LAX)


def stories(rig, mlx5emu, tool):
    status, text = run(rig, mlx5emu, tool, "timeout", faults=[
        {"action": "timeout", "command": "ALLOC_TRANSPORT_DOMAIN", "delay": "20ms"}])
    check(status == 0, f"timeout: {text}")
    status, text = run(rig, mlx5emu, tool, "timeout", faults=[
        {"action": "timeout-after", "command": "ALLOC_TRANSPORT_DOMAIN"}])
    check(status == 0, f"timeout-after: {text}")
    for after in ("", "-after"):
        status, text = run(rig, mlx5emu, tool, "fail", faults=[
            {"action": "fail" + after, "command": "REG_UMEM", "status": "NO_RES"},
            {"action": "fail" + after, "command": "ALLOC_TRANSPORT_DOMAIN", "status": "LIM_ERR",
             "syndrome": 0x1234}])
        check(status == 0, f"fail{after}: {text}")


def serial(rig, mlx5emu, tool):
    """Lower bounds only: how late a thread wakes up is not the card's to say."""
    for limit, at_least in ((1, 8), (2, 4), (0, 2)):
        status, text = run(rig, mlx5emu, tool, "serial", latency={
            "commands": {"ALLOC_TRANSPORT_DOMAIN": "10ms"}, "commands_in_flight": limit})
        check(status == 0, f"serial: {text}")
        took = int(re.search(r"took (\d+) us", text)[1])
        print(f"8 commands of 10 ms in 4 threads, {limit or 'any number'} at a time: {took} us")
        check(took >= at_least * 10000, f"{limit} at a time: {took} us is too fast")


def removed(rig, mlx5emu, tool):
    sock = rig.path("ctl")
    rig.path("card.log").unlink(missing_ok=True)
    app = rig.start("tool", [mlx5emu, "--control", str(sock), "--log", "card.log", tool,
                             "removed"], LAX)
    app.expect("ready")
    status, text = rig.run([mlx5emu, "ctl", "--socket", str(sock), "remove", "0"])
    check(status == 0, f"remove: {text}")
    status = app.wait(20)
    check(status == 0, f"removed: status {status}\n{app.text}")
    log = rig.path("card.log").read_text()
    check("function 0: removed" in log, f"the log does not say it:\n{log}")
    check("closed with" not in log, f"something was left:\n{log}")


def sweep(rig, mlx5emu, tool):
    """Fails the k-th command, whatever it is, for all k."""
    for action in ("fail", "fail-after", "timeout-after", "remove"):
        k = 0
        while True:
            k += 1
            status, text = run(rig, mlx5emu, tool, "tidy", faults=[
                {"action": action, "command": "any", "nth": k}])
            check(status in (0, 1), f"{action} of command {k}: status {status}\n{text}")
            log = rig.path("card.log").read_text()
            if "fault 'fault1'" not in log:
                check(status == 0, f"nothing failed, but the status is {status}\n{text}")
                break
        print(f"{action}: {k - 1} commands")
        check(k > 10, f"only {k - 1} commands")


def main(mlx5emu, fault_tool, devx_tool):
    with Rig("faults") as rig:
        stories(rig, mlx5emu, fault_tool)
        serial(rig, mlx5emu, fault_tool)
        removed(rig, mlx5emu, fault_tool)
        sweep(rig, mlx5emu, devx_tool)


if __name__ == "__main__":
    main(*sys.argv[1:4])
