# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces of a test's own."""
import contextlib
import subprocess


def ip(*words):
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def namespace(name):
    """A network namespace, gone with all its interfaces afterwards; gives the command that runs
    another one in it."""
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield ["ip", "netns", "exec", name]
    finally:
        ip("netns", "del", name)


def keep_quiet(enter):
    """The kernel sends nothing by itself at interfaces that are made from now on, so that counters
    have only what the test sends."""
    subprocess.run([*enter, "sh", "-c", "cd /proc/sys/net/ipv6/conf 2>/dev/null || exit 0; "
                    "echo 1 >all/disable_ipv6; echo 1 >default/disable_ipv6"], check=True)
