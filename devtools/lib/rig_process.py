# SPDX-License-Identifier: BSD-3-Clause
"""Child processes that never outlive who started them: each is ended by its own process id, and the
kernel ends it if its parent is killed. The demo and the tests (tests/lib/rig.py) start theirs so.
"""
import ctypes
import os
import shlex
import signal
import subprocess

from rig_wait import Failure

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """Runs in the child before exec."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A program that was started with the files and environment that subprocess is told."""

    def __init__(self, name, command, **options):
        self.name = name
        # A session of its own: Ctrl-C reaches the parent only, which ends its children in order.
        self.popen = subprocess.Popen(command, start_new_session=True,
                                      preexec_fn=die_with_parent, **options)

    def end(self, signum=signal.SIGTERM, seconds=10):
        """Ends the process, the hard way after @seconds; returns its exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(signum)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        return self.popen.returncode


class Process(Child):
    """A child with its log file; use stop(), which is harmless when called again. @stdin and
    @stdout: whether the rig writes to the one and reads the other. RUNTIME_DIRECTORY is where DPDK
    makes its files, which nobody would take away from /run."""

    def __init__(self, name, command, logdir, env=None, stdin=False, stdout=False):
        self.log_path = logdir / f"{name}.log"
        self.log = open(self.log_path, "wb")
        self.log.write(("$ " + " ".join(map(shlex.quote, command)) + "\n").encode())
        self.log.flush()
        super().__init__(
            name, command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout else self.log, stderr=self.log,
            env={**os.environ, "RUNTIME_DIRECTORY": str(logdir), **(env or {})})

    def check(self):
        """Raises Failure if the process ended by itself."""
        status = self.popen.poll()
        if status is not None:
            raise Failure(f"{self.name} ended by itself, {status_text(status)}; "
                          f"its last words: {self.last_words()}")

    def last_words(self):
        lines = [line.strip() for line in
                 self.log_path.read_text(errors="replace").splitlines()[1:] if line.strip()]
        return " | ".join(lines[-3:]) or "none"

    def stop(self, signum=signal.SIGTERM, seconds=10):
        """Ends the process and closes its files; returns its exit status."""
        status = self.end(signum, seconds)
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                stream.close()
        self.log.close()
        return status


def status_text(status):
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
