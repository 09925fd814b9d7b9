# SPDX-License-Identifier: BSD-3-Clause
"""Starts and stops the programs of a test, and waits for what they say.

A Rig owns a private directory and every process that was started through it; leaving its `with`
block ends them by pid and removes the directory, whatever happened. A Program's output is read by
a thread of its own, so waiting for a line is waiting for an event: `expect()` returns as soon as
the line is there, and fails with the program's last words when the time is up or the program ends.

Exit status of a test: 0 passed, 77 skipped (meson's convention; skip() prints the reason).
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

SKIPPED = 77


class Failure(Exception):
    """Something that a test waited for or checked did not hold."""


def skip(reason):
    """Ends the test as skipped."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def need(*programs):
    """Skips the test when a program that it needs is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")


def check(condition, message):
    """Fails the test with the message unless the condition holds."""
    if not condition:
        raise Failure(message)


class Program:
    """A running program; stdout and stderr are one stream, kept whole and matched by line."""

    def __init__(self, name, argv, env, cwd):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.output = []
        self._seen = 0
        self._ended = False
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=env, cwd=cwd, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        # A prompt has no newline: what has come so far counts as a line of its own.
        pending = b""
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            lines = (pending + data).split(b"\n")
            pending = lines.pop() if data else b""
            with self._news:
                self.output += [line.decode(errors="replace").rstrip("\r") for line in lines]
                self._prompt = pending.decode(errors="replace")
                self._ended = not data
                self._news.notify_all()
            if not data:
                return

    _prompt = ""

    def text(self):
        """All that the program has said."""
        with self._news:
            return "\n".join([*self.output, self._prompt])

    def expect(self, pattern, timeout=20.0):
        """Waits for a line, not seen by an earlier expect(), that the pattern is found in."""
        regex = re.compile(pattern)
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                while self._seen < len(self.output):
                    line = self.output[self._seen]
                    self._seen += 1
                    found = regex.search(line)
                    if found:
                        return found
                found = regex.search(self._prompt)
                if found:
                    self._prompt = ""
                    return found
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "it ended" if self._ended else f"{timeout:g} s passed"
                    raise Failure(f"{self.name}: waited for /{pattern}/, {why}; it said last:\n"
                                  + "\n".join(self.output[-25:]) + "\n" + self._prompt)
                self._news.wait(left)

    def send(self, line):
        """Types a line."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, line, pattern, timeout=20.0):
        """Types a line and waits for the answer."""
        with self._news:
            self._seen = len(self.output)
        self.send(line)
        return self.expect(pattern, timeout)

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def wait(self, timeout=20.0):
        """Waits for the end; returns the exit status (negative: the signal)."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: did not end within {timeout:g} s; it said last:\n"
                          + "\n".join(self.output[-25:])) from None
        self._reader.join(timeout)
        return status

    def stop(self, timeout=10.0):
        """SIGTERM, then SIGKILL for a program that does not listen; returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except Failure:
            # The whole session: a launcher that was killed must not leave its program behind.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.wait(timeout)
            raise

    def kill(self):
        if self.alive():
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Rig:
    """A private directory and the programs of one test."""

    def __init__(self, keep=False):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vdpa-test-"))
        self.programs = []
        self._keep = keep
        # Private runtime directory: DPDK keeps its sockets and locks there.
        self.env = {**os.environ, "XDG_RUNTIME_DIR": str(self.dir),
                    "RUNTIME_DIRECTORY": str(self.dir)}

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for program in reversed(self.programs):
            program.kill()
        if kind is not None and kind is not SystemExit:
            for program in self.programs:
                print(f"--- {program.name}: {' '.join(program.argv)}\n{program.text()}")
        if not self._keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return str(self.dir / name)

    def start(self, name, *argv, env=None):
        program = Program(name, argv, {**self.env, **(env or {})}, self.dir)
        self.programs.append(program)
        return program

    def wait_socket(self, name, timeout=20.0, program=None):
        """Waits until somebody listens on the unix socket (connecting tells; closed at once)."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.path(name))
                return
            except OSError as error:
                if program is not None and not program.alive():
                    raise Failure(f"{program.name} ended before it listened on {name}") from error
                if time.monotonic() > deadline:
                    raise Failure(f"nobody listens on {name}: {error}") from error
                time.sleep(0.02)  # nothing announces a listening socket to a stranger


def main(test):
    """Runs a test function; turns failures into a message and an exit status."""
    try:
        test()
    except Failure as failure:
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
