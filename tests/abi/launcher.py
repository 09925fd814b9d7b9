#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The launcher: command line, exit status, signals, nothing left behind.

Usage: launcher.py MLX5EMU
"""
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check  # noqa: E402

# command line, exit status, a word that the message must have
BAD = [
    (["--functions", "0", "true"], 2, "1 to 32"),
    (["--functions", "33", "true"], 2, "1 to 32"),
    (["--functions", "2x", "true"], 2, "2x"),
    (["--functions", "-1", "true"], 2, "-1"),
    (["--wire", "hub", "true"], 2, "hub"),
    (["--log-level", "loud", "true"], 2, "loud"),
    (["--log", "/no/such/dir/file", "true"], 2, "/no/such/dir/file"),
    (["--trace", "/no/such/dir/file", "true"], 2, "trace file /no/such/dir/file"),
    (["--nonsense", "true"], 2, "nonsense"),
    (["--functions", "2"], 2, "no program"),
    (["--", "/no/such/program"], 127, "/no/such/program"),
    (["--", "/etc/passwd"], 126, "/etc/passwd"),
]


def main(mlx5emu):
    with Rig("launcher") as rig:
        for args, want, word in BAD:
            status, text = rig.run([mlx5emu] + args)
            check(status == want, f"{args}: status {status}, not {want}")
            check(word in text, f"{args}: the message does not say '{word}': {text}")
        status, text = rig.run([mlx5emu, "--help"])
        check(status == 0 and "--functions" in text, "--help")
        status, text = rig.run([mlx5emu, "--version"])
        check(status == 0 and text.startswith("mlx5emu "), "--version")
        status, text = rig.run([mlx5emu], env={"MLX5EMU_LIB": "/no/lib"})
        check(status == 2, "no program comes first")
        status, text = rig.run([mlx5emu, "true"], env={"MLX5EMU_LIB": "/no/lib.so"})
        check(status == 1 and "/no/lib.so" in text, f"missing library: {status} {text}")

        status, text = rig.run([mlx5emu, "sh", "-c", "exit 7"])
        check(status == 7, f"exit status 7 became {status}")
        status, text = rig.run([mlx5emu, "sh", "-c", "kill -9 $$"])
        check(status == 128 + 9, f"signal 9 became {status}")
        # The shell has the card, its children have not.
        status, text = rig.run([mlx5emu, "sh", "-c", "echo [$LD_PRELOAD]; ls /sys/class/"])
        check("libmlx5emu" not in text, f"LD_PRELOAD is inherited: {text}")
        # LD_PRELOAD cannot hold such a path.
        odd = rig.path("a b:c")
        odd.mkdir()
        shutil.copy(pathlib.Path(mlx5emu).parent.parent.parent / "lib/emu/libmlx5emu.so", odd)
        status, text = rig.run([mlx5emu, "ibv_devices"],
                               env={"MLX5EMU_LIB": str(odd / "libmlx5emu.so")})
        check(status == 0 and "mlx5_0" in text, f"library in '{odd}': {status} {text}")
        status, text = rig.run([mlx5emu, "true"], env={"XDG_RUNTIME_DIR": str(odd)})
        check(status == 1 and "XDG_RUNTIME_DIR" in text, f"directory '{odd}': {status} {text}")

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)  # nohup leaves one ignored, for children as well
            app = rig.start("sleep", [mlx5emu, "sleep", "60"])
            while not list(rig.dir.glob("mlx5emu-*/sys")):
                check(app.popen.poll() is None, "the launcher ended by itself")
                time.sleep(0.01)
            app.signal(number)
            status = app.wait(10)
            check(status == 128 + number, f"signal {number} became {status}")
        left = list(rig.dir.glob("mlx5emu-*"))
        check(not left, f"left behind: {left}")


if __name__ == "__main__":
    main(sys.argv[1])
