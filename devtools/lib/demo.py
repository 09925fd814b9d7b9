# SPDX-License-Identifier: BSD-3-Clause
"""Shows the main job: guests' packets cross an emulated card through the driver, and the rings
survive a memory hot-add and a guest's reset.

    devtools/demo                           two Linux guests in QEMU
    devtools/demo --guest builtin           the same story with built-in guests, in one process
    devtools/demo --backend software        a baseline: DPDK's software vhost instead
    devtools/demo --backend stock           another: the stock mlx5 driver on the same card

The exit status is 0 only for PASS. After a failure the logs stay, and their place is printed.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import rig_image
import rig_report
from rig_backend import BACKENDS
from rig_process import Process, status_text
from rig_story import Story
from rig_wait import Failure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILTIN_SECONDS = 120


def arguments():
    parser = argparse.ArgumentParser(
        prog="devtools/demo", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    # devtools/demo itself acts on this one, before there is a Python to read it.
    parser.add_argument("--no-setup", action="store_true", help="do not install packages")
    parser.add_argument("--guest", default="qemu", choices=["qemu", "builtin"])
    parser.add_argument("--backend", default="vdpa", choices=sorted(BACKENDS))
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the report there")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", metavar="DIR",
                        help="build directory (build)")
    parser.add_argument("--no-build", action="store_true", help="take what was built before")
    parser.add_argument("--keep", action="store_true", help="keep the logs after PASS, too")
    args = parser.parse_args()
    if args.guest == "builtin" and args.backend != "vdpa":
        parser.error("--guest builtin plays on the vdpa back-end only")
    return args


class Progress:
    """One line a happening, with the time since the start."""

    def __init__(self):
        self.begin = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.begin

    def __call__(self, text):
        print(f"[{self.seconds():6.1f} s] {text}", flush=True)


def build(directory, tell):
    """Configures where that was not done, and compiles what changed."""
    tell(f"building in {directory} ...")
    commands = [["ninja", "-C", str(directory)]]
    if not (directory / "build.ninja").exists():
        commands.insert(0, ["meson", "setup", str(directory), str(ROOT)])
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failure(f"'{' '.join(command)}' failed:\n{done.stdout[-4000:]}")


def play_qemu(args, workdir, tell):
    """Returns the report."""
    tell("preparing the guests' kernel and initramfs ...")
    image = rig_image.prepare(args.build, update=not args.no_setup)
    progress = Progress()
    backend = BACKENDS[args.backend](args.build, workdir)
    story = Story(backend, image, workdir, tell)
    faults = []
    try:
        story.play()
        story.close()
        backend.stop()
    except Failure as e:
        faults.append(str(e))
        tell(f"FAIL: {e}")
    finally:
        story.close()
        backend.abort()
    return {"backend": backend.name, "guest": "qemu", "pass": story.passed() and not faults,
            "seconds": progress.seconds(), "faults": faults,
            "steps": [step.as_dict() for step in story.steps]}


def play_builtin(args, workdir, tell):
    """Returns the exit status: the program prints its own report."""
    tell("playing the story with built-in guests ...")
    backend = BACKENDS["vdpa"]
    report = args.json or workdir / "report.json"
    process = Process("testvdpa", backend.launch(args.build) + [
        "--scenario", "demo", "--json", str(report)], workdir, stdout=True,
        env=backend.environment(args.build))
    watchdog = threading.Timer(BUILTIN_SECONDS, process.popen.kill)
    watchdog.start()
    try:
        for line in iter(process.popen.stdout.readline, b""):
            print(line.decode(errors="replace"), end="", flush=True)
        status = process.popen.wait()
    finally:
        watchdog.cancel()
        process.stop()
    if status != 0:
        print(f"FAIL: {process.name}: {status_text(status)}; its last words: "
              f"{process.last_words()}", flush=True)
    return status


def play(args, workdir, tell):
    """Returns whether the story passed."""
    if not args.no_build:
        build(args.build, tell)
    if args.guest == "builtin":
        return play_builtin(args, workdir, tell) == 0
    report = play_qemu(args, workdir, tell)
    print()
    for line in rig_report.lines(report):
        print(line)
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return report["pass"]


def on_signal(signum, frame):
    raise KeyboardInterrupt


def main():
    args = arguments()
    args.build = args.build.resolve()
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGHUP, on_signal)
    # Not below the build: socket paths must be short.
    workdir = pathlib.Path(tempfile.mkdtemp(prefix="vdpa-demo-", dir="/tmp"))
    tell = Progress()
    passed = False
    try:
        passed = play(args, workdir, tell)
    except Failure as e:
        print(f"FAIL: {e}", flush=True)
    except KeyboardInterrupt:
        print("FAIL: interrupted", flush=True)
    if passed and not args.keep:
        shutil.rmtree(workdir)
    else:
        print(f"logs: {workdir}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
