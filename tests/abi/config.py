#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The configuration file and the control socket, from the launcher to the card.

Usage: config.py MLX5EMU DEVX_TOOL INJECTION_TOOL
"""
import json
import os
import pathlib
import socket
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check  # noqa: E402

# file, words of the message; the program must not have run
BAD = [
    ("{", ["bad.json", "line 1", "not JSON"]),
    ('{"nix": 1}', ["bad.json", 'unknown key "nix"', "functions"]),
    ('{"functions": [{"mac": "x"}]}', ["bad.json", "functions[0].mac", "unicast"]),
    ('{"log": {"file": "/no/such/dir/x"}}', ["/no/such/dir/x"]),
    ('{"capabilities": {"max_num_virtio_queues": "many"}}',
     ["capabilities.max_num_virtio_queues", '"many"', "number from"]),
]
CONFIG = {
    "functions": [{}, {"mac": "02:00:00:00:00:07", "mtu": 2000}, {}],
    "capabilities": {"max_num_virtio_queues": 6},
    "log": {"file": "card.log", "level": "info"},
    "control": {"socket": "ctl"},
}


def refused(rig, mlx5emu):
    for text, words in BAD:
        rig.path("bad.json").write_text(text)
        status, out = rig.run([mlx5emu, "--config", "bad.json", "touch", "ran"])
        check(status == 2, f"{text}: status {status}")
        check(all(word in out for word in words), f"{text}: the message is: {out}")
        check(not rig.path("ran").exists(), f"{text}: the program was run")
    status, out = rig.run([mlx5emu, "--config", "none.json", "true"])
    check(status == 2 and "none.json" in out, f"no such file: {status} {out}")


def ctl(rig, mlx5emu, *words, want=0):
    status, text = rig.run([mlx5emu, "ctl", "--socket", "ctl"] + list(words))
    check(status == want, f"ctl {words}: status {status}: {text}")
    return text


def asked(rig, mlx5emu, tool):
    rig.path("good.json").write_text(json.dumps(CONFIG))
    # In the environment it is not, and an option wins over the file.
    app = rig.start("app", [mlx5emu, "--config", "good.json", "--functions", "2", tool, "hold"])
    app.expect("holding")
    mode = os.lstat(rig.path("ctl")).st_mode
    check(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, f"mode {mode:o}")
    reply = json.loads(ctl(rig, mlx5emu, "--json", "status"))
    check(reply["ok"] and reply["card"] == "running" and reply["contexts"] == 1, reply)
    check([f["mac"] for f in reply["functions"]] == ["02:6d:6c:78:35:00", "02:00:00:00:00:07"],
          reply)
    check([f["mtu"] for f in reply["functions"]] == [9000, 2000], reply)
    # Which one comes first in the program's list is the order of a directory's entries.
    used = [f["function"] for f in reply["functions"] if f["commands"] > 0]
    check(len(used) == 1, reply)
    reply = json.loads(ctl(rig, mlx5emu, "--json", "config"))["config"]
    check(reply["log"] == {"level": "info", "file": str(rig.path("card.log").resolve())}, reply)
    check(reply["capabilities"]["max_num_virtio_queues"] == 6, reply)
    check(len(reply["functions"]) == 2, reply)
    rig.path("again.json").write_text(json.dumps(dict(reply, control={})))
    status, text = rig.run([mlx5emu, "--config", "again.json", "true"])
    check(status == 0, f"what 'config' shows cannot be read: {text}")
    reply = json.loads(ctl(rig, mlx5emu, "--json", "objects", str(used[0])))["functions"]
    check(len(reply) == 1 and reply[0]["PD"] == 1, reply)
    check("rx_unmatched" in ctl(rig, mlx5emu, "stats", "1"), "stats")
    check("objects" in ctl(rig, mlx5emu, "help"), "help")
    for words, say in ((["nix"], "unknown verb 'nix'"), (["stats", "2"], "0 to 1"),
                       (["status", "x"], "usage: status")):
        check(say in ctl(rig, mlx5emu, *words, want=1), f"{words}")
    ctl(rig, mlx5emu, want=2)
    taken(rig, mlx5emu, tool)
    app.send("")
    app.expect("closed")
    reply = json.loads(ctl(rig, mlx5emu, "--json", "objects", str(used[0])))["functions"]
    check(reply[0]["total"] == 0, reply)
    app.send("")
    check(app.wait() == 0, "the program failed")
    check(not rig.path("ctl").exists(), "the socket is still there")
    text = ctl(rig, mlx5emu, "status", want=1)
    check("No such file" in text, text)
    stale(rig, mlx5emu)


def taken(rig, mlx5emu, tool):
    """A card without its socket is better than none; the first keeps the name."""
    status, text = rig.run([mlx5emu, "--control", "ctl", tool, "count"])
    check(status == 0 and "1 devices" in text, f"second card: {status} {text}")
    check("a running card has this name" in text, f"second card: {text}")
    check("uptime" in ctl(rig, mlx5emu, "status"), "the first card does not answer any more")


def stale(rig, mlx5emu):
    """The socket of a dead process."""
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(rig.path("ctl")))
    dead.listen()
    dead.close()
    check("no card listens here any more" in ctl(rig, mlx5emu, "status", want=1), "stale")
    status, text = rig.run([mlx5emu, "--control", "ctl", "true"])
    check(status == 0 and text == "", f"stale name: {status} {text}")
    check(not rig.path("ctl").exists(), "the socket is still there")


def main(mlx5emu, devx_tool, injection_tool):
    with Rig("config") as rig:
        refused(rig, mlx5emu)
        asked(rig, mlx5emu, injection_tool)
        rig.path("caps.json").write_text(json.dumps(
            {"capabilities": CONFIG["capabilities"], "log": {"file": "caps.log"}}))
        status, text = rig.run([mlx5emu, "--config", "caps.json", devx_tool, "tidy"])
        check(status == 0 and "virtqs: 6\n" in text, f"capability: {status} {text}")


if __name__ == "__main__":
    main(*sys.argv[1:])
