# SPDX-License-Identifier: BSD-3-Clause
"""Shows the main job: guests' packets cross an emulated card through the driver, and the rings
survive a memory hot-add and a guest's reset; then a guest moves to another host and back.

    devtools/demo                           two Linux guests in QEMU
    devtools/demo --guest builtin           all scenarios of dpdk-testvdpa, with built-in guests
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
from rig_backend import BACKENDS, VdpaBackend
from rig_hosts import TwoHosts
from rig_migrate import MigrationStory
from rig_process import Process, status_text
from rig_story import Story
from rig_wait import Failure

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILTIN_RUNS = [(layout, pairs) for layout in ("split", "packed") for pairs in (1, 8)]
MIGRATIONS = 2
BUILTIN_SECONDS = 240  # for one of these, however badly it goes


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
    if args.guest == "builtin" and args.backend == "software":
        parser.error("--guest builtin plays on vDPA devices only: not with --backend software")
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


def tell_story(story, tell):
    """Plays a story to its end; returns what ended it too early, and what its end was like."""
    faults = []
    try:
        story.play()
        story.close()
        story.backend.stop()
    except Failure as e:
        faults.append(str(e))
        tell(f"FAIL: {e}")
    finally:
        story.close()
        story.backend.abort()
    return faults


def play_migration(args, image, workdir, tell):
    """Returns this part of the report; software vhost has no switch to join two hosts."""
    kind = BACKENDS[args.backend]
    if not issubclass(kind, VdpaBackend):
        return None
    workdir = workdir / "migration"
    workdir.mkdir()
    story = MigrationStory(TwoHosts(args.build, workdir, kind, ["", ""]), image, workdir, tell,
                           MIGRATIONS)
    faults = tell_story(story, tell)
    return {**story.as_dict(), "pass": story.passed() and not faults, "faults": faults}


def play_qemu(args, workdir, tell):
    """Returns the report."""
    tell("preparing the guests' kernel and initramfs ...")
    image = rig_image.prepare(args.build, update=not args.no_setup)
    progress = Progress()
    story = Story(BACKENDS[args.backend](args.build, workdir), image, workdir, tell)
    faults = tell_story(story, tell)
    migration = play_migration(args, image, workdir, tell)
    passed = story.passed() and not faults and (migration is None or migration["pass"])
    return {"backend": story.backend.name, "guest": "qemu", "pass": passed,
            "seconds": progress.seconds(), "faults": faults,
            "steps": [step.as_dict() for step in story.steps], "migration": migration}


def run_scenarios(args, workdir, layout, pairs):
    """One run of all scenarios; returns its report."""
    backend = BACKENDS[args.backend]
    path = workdir / "report.json"
    path.unlink(missing_ok=True)
    options = ["--scenario", "all", "--queues", str(pairs), "--json", str(path)]
    options += ["--packed"] if layout == "packed" else []
    options += ["--patience", "500"] if args.backend == "stock" else []
    name = f"{layout}-{pairs}"
    process = Process(name, backend.launch_scenario(args.build, workdir, options), workdir,
                      stdout=True, env=backend.environment(args.build))
    watchdog = threading.Timer(BUILTIN_SECONDS, process.popen.kill)
    watchdog.start()
    try:
        with open(workdir / f"{name}.txt", "w", encoding="utf-8") as text:
            for line in iter(process.popen.stdout.readline, b""):
                line = line.decode(errors="replace")
                text.write(line)
                if line.startswith("["):
                    print(f"{name:>9} {line}", end="", flush=True)
        status = process.popen.wait()
    finally:
        watchdog.cancel()
        process.stop()
    if status not in (0, 1) or not path.exists() or path.stat().st_size == 0:
        raise Failure(f"{name}: {status_text(status)}; its last words: {process.last_words()}")
    report = json.loads(path.read_text())
    if report["pass"] != (status == 0):
        raise Failure(f"{name}: {status_text(status)}, but the report says {report['pass']}")
    return report


def play_builtin(args, workdir, tell):
    """Returns whether all runs passed."""
    begin = tell.seconds()
    reports = []
    for layout, pairs in BUILTIN_RUNS:
        tell(f"{BACKENDS[args.backend].name}: {layout} rings, queue pairs: {pairs}")
        reports.append(run_scenarios(args, workdir, layout, pairs))
    passed = all(report["pass"] for report in reports)
    print()
    for line in rig_report.scenario_lines(reports):
        print(line)
    print(f"{'PASS' if passed else 'FAIL'} ({tell.seconds() - begin:.1f} s)", flush=True)
    if args.json:
        args.json.write_text(json.dumps({
            "backend": BACKENDS[args.backend].name, "guest": "builtin", "pass": passed,
            "seconds": tell.seconds() - begin, "runs": reports}, indent=1) + "\n")
    return passed


def play(args, workdir, tell):
    """Returns whether the story passed."""
    if not args.no_build:
        build(args.build, tell)
    if args.guest == "builtin":
        return play_builtin(args, workdir, tell)
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
