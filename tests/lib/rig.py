# SPDX-License-Identifier: BSD-3-Clause
"""Starts programs for a test, talks to them, and takes everything away again.

    with Rig("name") as rig:
        app = rig.start("app", ["prog", "-i"])
        app.expect(r"prompt> ")
        app.send("quit")
        app.wait(10)

A program runs on a terminal of its own (so its output is not held back in a buffer), without
echo. Its output is kept, and printed when the test fails. Every wait has a limit. All processes
are ended by their pid, in reverse order, and by the kernel should the test be killed; the rig's directory is removed, except when the test
failed and RIG_KEEP is set.
"""
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import termios
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "devtools" / "lib"))
from rig_process import Child, status_text  # noqa: E402
from rig_wait import Deadline, Failure, until  # noqa: E402

SKIP = 77  # meson's exit status for a skipped test


def skip(reason):
    """Ends the test as skipped, visibly."""
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


def _words(argv):
    """The command line as strings; files that are named relative to where the test was started
    (meson does that) by their full path, because programs run in the rig's directory."""
    return [os.path.abspath(arg) if "/" in arg and os.path.exists(arg) else arg
            for arg in map(str, argv)]


class Proc(Child):
    """A program on its own terminal."""

    def __init__(self, name, argv, env, cwd):
        master, slave = pty.openpty()
        attr = termios.tcgetattr(slave)
        attr[3] &= ~termios.ECHO
        attr[1] &= ~termios.OPOST  # no \r\n
        termios.tcsetattr(slave, termios.TCSANOW, attr)
        self.tty = master
        super().__init__(name, argv, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=cwd)
        os.close(slave)
        self.text = ""
        self.pos = 0  # where the next expect() looks
        self.eof = False
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.tty, 65536)
            except OSError:  # the other side is closed
                data = b""
            with self.news:
                if data:
                    self.text += data.decode(errors="replace")
                else:
                    self.eof = True
                self.news.notify_all()
            if not data:
                return

    @property
    def pid(self):
        return self.popen.pid

    def send(self, line):
        """Types a line."""
        os.write(self.tty, (line + "\n").encode())

    def expect(self, pattern, timeout=20):
        """Waits for a regular expression behind what was found last; returns the match."""
        regex = re.compile(pattern, re.M)
        deadline = Deadline(f"{self.name} to print: {pattern}", timeout)
        with self.news:
            while True:
                match = regex.search(self.text, self.pos)
                if match:
                    self.pos = match.end()
                    return match
                if self.eof:
                    raise Failure(f"{self.name} ended ({self.how_it_ended()}), expected: {pattern}")
                self.news.wait(deadline.left())

    def how_it_ended(self):
        """Its terminal may be closed before the kernel says so."""
        try:
            return status_text(self.popen.wait(2))
        except subprocess.TimeoutExpired:
            return "its terminal, but it runs"

    def ask(self, line, pattern, timeout=20):
        """Types a line and waits for an answer."""
        with self.news:
            self.pos = len(self.text)
        self.send(line)
        return self.expect(pattern, timeout)

    def told(self, line, prompt, timeout=20):
        """Types a line; returns all that is printed until the prompt, a plain text. (A regular
        expression that begins with "anything" takes a time that grows with the square of the text,
        for each piece of text that comes, and meanwhile nobody empties the program's terminal.)"""
        with self.news:
            begin = self.pos = len(self.text)
        self.send(line)
        end = self.expect(re.escape(prompt), timeout).start()
        return self.text[begin:end]

    def wait(self, timeout=20):
        """Waits for the program's own end; returns its exit status (negative: a signal)."""
        try:
            status = self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: still runs after {timeout} s") from None
        self.reader.join(5)
        return status

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self):
        """Ends it whatever it does."""
        self.end(seconds=3)
        self.reader.join(2)
        try:
            os.close(self.tty)
        except OSError:
            pass


class Rig:
    """A test's directory, environment and processes."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"rig-{name}-"))
        self.env = dict(os.environ, XDG_RUNTIME_DIR=str(self.dir),
                        RUNTIME_DIRECTORY=str(self.dir), TERM="dumb")
        self.procs = []

    def __enter__(self):
        return self

    def start(self, name, argv, env=None):
        """Starts a program in the rig's directory."""
        argv = _words(argv)
        print(f"+ {' '.join(argv)}", flush=True)
        proc = Proc(name, argv, dict(self.env, **(env or {})), self.dir)
        self.procs.append(proc)
        return proc

    def run(self, argv, timeout=30, env=None):
        """Runs a program to its end; returns (status, output)."""
        argv = _words(argv)
        print(f"+ {' '.join(argv)}", flush=True)
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=timeout, cwd=self.dir,
                                  env=dict(self.env, **(env or {})), check=False)
        except subprocess.TimeoutExpired as late:
            print((late.stdout or b"").decode(errors="replace"))
            raise Failure(f"{argv[0]}: still runs after {timeout} s") from None
        return done.returncode, done.stdout.decode(errors="replace")

    def path(self, name):
        return self.dir / name

    def await_path(self, name, timeout=20):
        """Waits until a file exists (a socket that a program makes)."""
        # Asked again and again: not all file systems have an event for "somebody made a socket".
        until(f"{name} to appear", timeout, self.path(name).exists)
        return self.path(name)

    def __exit__(self, kind, value, trace):
        for proc in reversed(self.procs):
            proc.stop()
        if kind is not None and kind is not SystemExit:
            for proc in self.procs:
                print(f"--- {proc.name} ---\n{proc.text}")
            for log in sorted([*self.dir.glob("*.log"), *self.dir.glob("*.console")]):
                print(f"--- {log.name} ---\n{log.read_text(errors='replace')[-20000:]}")
        if kind is not None and os.environ.get("RIG_KEEP"):
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        if kind is Failure:
            print(f"FAIL: {value}", flush=True)
            sys.exit(1)
        return False


def check(condition, message):
    """Fails the test with the message unless the condition holds."""
    if not condition:
        raise Failure(message)
