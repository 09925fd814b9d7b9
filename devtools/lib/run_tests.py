# SPDX-License-Identifier: BSD-3-Clause
"""Builds the project and runs its test suites.

    devtools/test                           set up the machine, build, run every suite
    devtools/test --no-setup                the same without looking at packages
    devtools/test --suite unit              one suite only (may be given again)
    devtools/test --no-suite once           without a suite (may be given again)
    devtools/test --suite trial             tests on trial, which run only when asked for
    devtools/test --sanitize address,undefined
    devtools/test --compiler clang

The last line is "N passed, N failed, N skipped"; the exit status is 0 only if nothing failed and
something ran. Each skip is listed with its reason.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PASSED = {"OK", "EXPECTEDFAIL"}
TRIAL = "trial"  # tests that failed here without an explanation yet, or whose bounds are loose
SKIPPED = {"SKIP", "IGNORED"}


def arguments():
    parser = argparse.ArgumentParser(prog="devtools/test",
                                     description="Builds the project and runs its test suites.")
    # devtools/test itself acts on this one, before there is a Python to read it.
    parser.add_argument("--no-setup", action="store_true", help="do not install packages")
    parser.add_argument("--suite", action="append", default=[], help="run this suite (repeatable)")
    parser.add_argument("--no-suite", action="append", default=[],
                        help="leave out this suite (repeatable)")
    parser.add_argument("--compiler", default="gcc", choices=["gcc", "clang"])
    parser.add_argument("--sanitize", default="none",
                        help="meson's b_sanitize: address,undefined or thread")
    parser.add_argument("--build", type=pathlib.Path, help="build directory")
    parser.add_argument("--timeout-multiplier", type=float, default=None)
    return parser.parse_args()


def build_dir(args):
    """One build directory for each kind of build, so that none undoes another's work."""
    if args.build:
        return args.build.resolve()
    name = "build"
    if args.compiler != "gcc":
        name += "-" + args.compiler
    if args.sanitize != "none":
        name += "-" + args.sanitize.replace(",", "-")
    return ROOT / name


def configure(args, build):
    options = ["-Dwerror=true", f"-Db_sanitize={args.sanitize}"]
    if args.compiler == "clang" and args.sanitize != "none":
        options.append("-Db_lundef=false")  # clang links the sanitizer's runtime into programs only
    command = ["meson", "setup", str(build), str(ROOT), *options]
    if (build / "build.ninja").exists():
        command.insert(2, "--reconfigure")
    subprocess.run(command, check=True, env={**os.environ, "CC": args.compiler},
                   stdout=subprocess.DEVNULL)


def left_out(args):
    return args.no_suite + ([] if TRIAL in args.suite else [TRIAL])


def tell_trial(args, build):
    """What is left out unasked is told."""
    if TRIAL not in left_out(args):
        return
    listed = subprocess.run(["meson", "test", "-C", str(build), "--no-rebuild", "--list",
                             "--suite", TRIAL], capture_output=True, text=True, check=False)
    names = [line.split(" / ")[-1].strip() for line in listed.stdout.splitlines()
             if " / " in line]
    if names:
        print(f"on trial, not run (devtools/test --suite {TRIAL}): {', '.join(sorted(names))}")


def run_tests(args, build):
    multiplier = args.timeout_multiplier or (4 if args.sanitize != "none" else 1)
    command = ["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs",
               "--timeout-multiplier", str(multiplier),
               # Most tests wait for programs most of the time.
               "--num-processes", str(2 * (os.cpu_count() or 1))]
    for suite in args.suite:
        command += ["--suite", suite]
    for suite in left_out(args):
        command += ["--no-suite", suite]
    # A leak that a test leaves is a failure; libraries that are not ours may leak at exit.
    env = dict(os.environ)
    env.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    # DPDK's libraries are not instrumented: how they order their own accesses cannot be seen.
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1:ignore_noninstrumented_modules=1")
    subprocess.run(command, env=env, check=False)


def skip_reason(stdout):
    """What a skipped test said of why: its last line that is not empty."""
    lines = [line.strip() for line in stdout.splitlines() if line.strip()]
    said = [line for line in lines if re.search(r"skip", line, re.I)]
    return (said or lines or ["no reason given"])[-1]


def results(build):
    log = build / "meson-logs" / "testlog.json"
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines() if line.strip()]


def report(tests):
    """Prints one line a suite and returns (passed, failed, skipped)."""
    suites = collections.defaultdict(lambda: [0, 0, 0])
    for test in tests:
        kind = 0 if test["result"] in PASSED else 2 if test["result"] in SKIPPED else 1
        suites[test["name"].split(" / ")[0].split(":")[-1]][kind] += 1
        if kind == 2:
            print(f"skipped: {test['name']}: {skip_reason(test.get('stdout') or '')}")
        if kind == 1:
            print(f"FAILED: {test['name']} ({test['result']})")
    for suite, (passed, failed, skipped) in sorted(suites.items()):
        print(f"suite {suite}: {passed} passed, {failed} failed, {skipped} skipped")
    return tuple(sum(column) for column in zip(*suites.values())) if suites else (0, 0, 0)


def main():
    args = arguments()
    build = build_dir(args)
    configure(args, build)
    subprocess.run(["meson", "compile", "-C", str(build)], check=True)
    (build / "meson-logs" / "testlog.json").unlink(missing_ok=True)
    run_tests(args, build)
    passed, failed, skipped = report(results(build))
    tell_trial(args, build)
    if passed + failed == 0:
        print("devtools/test: no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"devtools/test: {' '.join(map(str, error.cmd))}: exit status {error.returncode}")
