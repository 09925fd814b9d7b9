#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the card gets into a program, and that it gets nowhere else.

Usage: injection.py MLX5EMU LIBRARY TOOL LINKED_TOOL

TOOL sees a card when the library is preloaded; LINKED_TOOL has the library among its own.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Rig, check  # noqa: E402
from rig_wait import until  # noqa: E402

NONE, ONE = "0 devices:", "1 devices: mlx5_0/0242c0fffe000001"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
# A sanitizer's run-time library must come first, and would speak of what "exit" leaves.
ASAN = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}


def trees(rig):
    return sorted(rig.dir.glob("mlx5emu-*"))


def sees(rig, what, argv, env=None):
    status, text = rig.run(argv, env=dict(ASAN, **(env or {})))
    check(status == 0 and what in text, f"{argv} {env}: not '{what}': {status} {text}")
    check(not trees(rig), f"left behind: {trees(rig)}")
    return text


def linked(rig, tool):
    """A program with the library among its own needs a configuration, and nothing else."""
    rig.path("empty.json").write_text("{}")
    rig.path("two.json").write_text('{"functions": [{}, {"pci": "0001:81:00.0"}]}')
    rig.path("bad.json").write_text('{"functions": 99}')
    sees(rig, NONE, [tool, "count"])
    sees(rig, NONE, [tool, "count"], {"MLX5EMU_FUNCTIONS": "2"})
    sees(rig, ONE, [tool, "count"], {"MLX5EMU_CONFIG": "empty.json"})
    sees(rig, "2 devices:", [tool, "count"], {"MLX5EMU_CONFIG": "two.json"})
    sees(rig, ONE, [tool, "count"], {"MLX5EMU_CONFIG": "two.json", "MLX5EMU_FUNCTIONS": "1"})
    text = sees(rig, NONE, [tool, "count"], {"MLX5EMU_CONFIG": "bad.json"})
    check("no card: bad.json: functions is 99, but must be" in text, f"no reason given: {text}")
    sees(rig, "not disturbed", [tool, "alone"], {"MLX5EMU_CONFIG": "empty.json"})
    children(rig, [tool], {"MLX5EMU_CONFIG": "empty.json"})


def children(rig, run, env):
    text = sees(rig, "posix_spawn", run + ["children"], env)
    for how in ("popen", "system", "execv", "execve", "posix_spawn"):
        check(f"{how}: 0 0\n" in text, f"a child by {how} has something of the card:\n{text}")


def killed(rig, tool):
    """What a killed process left goes with the next start; what lives stays."""
    first = rig.start("first", [tool, "hold"], env=dict(ASAN, MLX5EMU_CONFIG="empty.json"))
    first.expect("holding")
    living = trees(rig)
    check(len(living) == 1, f"not one directory: {living}")
    second = rig.start("second", [tool, "hold"], env=dict(ASAN, MLX5EMU_CONFIG="empty.json"))
    second.expect("holding")
    second.signal(signal.SIGKILL)
    second.wait()
    check(len(trees(rig)) == 2, f"killed, and left nothing? {trees(rig)}")
    status, text = rig.run([tool, "count"], env=dict(ASAN, MLX5EMU_CONFIG="empty.json"))
    check(status == 0 and ONE in text, f"third process: {text}")
    check(trees(rig) == living, f"after the third process: {trees(rig)}, not {living}")
    first.send("")
    first.expect("closed")
    first.send("")
    check(first.wait() == 0 and not trees(rig), f"left behind: {trees(rig)}")


def launcher_killed(rig, mlx5emu, tool):
    app = rig.start("launcher", [mlx5emu, tool, "hold"], env=ASAN)
    app.expect("holding")
    app.signal(signal.SIGKILL)
    app.wait()
    check(len(trees(rig)) == 1, f"not one directory: {trees(rig)}")

    # The program dies with its launcher, but a moment later; then nobody has the lock.
    def cleaned():
        rig.run([mlx5emu, "true"], env=ASAN)
        return not trees(rig)
    until("the leftover to be removed", 20, cleaned)


def as_nobody(rig, mlx5emu, library, tool, other):
    """Without rights, and with nothing that root left in the environment."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("not root, or no setpriv: all of this ran without rights anyway")
        return
    rig.dir.chmod(0o755)
    here = rig.path("nobody")
    here.mkdir()
    shutil.chown(here, 65534, 65534)
    copies = [shutil.copy(p, rig.dir) for p in (mlx5emu, library, tool, other)]
    env = dict(ASAN, XDG_RUNTIME_DIR=str(here), MLX5EMU_LIB=copies[1], LD_LIBRARY_PATH=str(rig.dir))
    status, text = rig.run(NOBODY + [copies[0], copies[2], "alone"], env=env)
    check(status == 0 and "not disturbed" in text, f"as nobody: {status} {text}")
    status, text = rig.run(NOBODY + [copies[3], "count"],
                           env=dict(env, MLX5EMU_CONFIG=str(rig.path("empty.json"))))
    check(status == 0 and ONE in text, f"as nobody, linked: {status} {text}")
    check(not list(here.iterdir()), f"left behind: {list(here.iterdir())}")


def many(rig, mlx5emu, tool):
    """Processes at the same time have nothing in common."""
    apps = []
    for i in range(4):
        app = rig.start(f"app{i}", [mlx5emu, "--control", f"ctl{i}", tool, "hold"], env=ASAN)
        app.expect("holding")
        apps.append(app)
    check(len(trees(rig)) == 4, f"not four directories: {trees(rig)}")
    apps[0].signal(signal.SIGKILL)
    apps[0].wait()
    for i, app in enumerate(apps[1:], 1):
        status, text = rig.run([mlx5emu, "ctl", "--socket", f"ctl{i}", "objects"])
        check(status == 0 and "PD: 1\n" in text, f"process {i}: {text}")
        app.send("")
        app.expect("closed")
        status, text = rig.run([mlx5emu, "ctl", "--socket", f"ctl{i}", "objects"])
        check(status == 0 and "total: 0\n" in text, f"process {i} after its end: {text}")
        app.send("")
        check(app.wait() == 0, f"process {i} failed")
        check(not rig.path(f"ctl{i}").exists(), f"ctl{i} is still there")


def exports(rig, library):
    """Whatever else it exported would get in the way of some program."""
    if not shutil.which("nm"):
        print("no nm here")
        return
    status, text = rig.run(["nm", "-D", "--defined-only", library])
    names = [line.split()[-1].split("@")[0] for line in text.splitlines()]
    check(status == 0 and "open" in names and "ioctl" in names, f"nm: {text}")
    libc = ctypes.CDLL("libc.so.6")
    foreign = [name for name in names if not hasattr(libc, name)]
    # A sanitizer's build has marks of its own.
    foreign = [name for name in foreign if not name.startswith(("__asan", "__odr", "__ubsan"))]
    check(not foreign, f"exports that are no names of libc: {foreign}")


def main(mlx5emu, library, tool, linked_tool):
    with Rig("injection") as rig:
        exports(rig, library)
        sees(rig, NONE, [tool, "count"])
        sees(rig, ONE, [mlx5emu, tool, "count"])
        sees(rig, "not disturbed", [mlx5emu, tool, "alone"])
        children(rig, [mlx5emu, "--control", "c", tool], {})
        linked(rig, linked_tool)
        killed(rig, linked_tool)
        launcher_killed(rig, mlx5emu, tool)
        many(rig, mlx5emu, tool)
        as_nobody(rig, mlx5emu, library, tool, linked_tool)


if __name__ == "__main__":
    main(*(str(pathlib.Path(arg).resolve()) for arg in sys.argv[1:]))
