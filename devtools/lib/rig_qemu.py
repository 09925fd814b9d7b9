# SPDX-License-Identifier: BSD-3-Clause
"""A QEMU that survives MSI-X and vhost-user without KVM, as 7.2 of Debian 12 does not: the one of
bookworm-backports, unpacked into <build>/qemu and never installed. It runs with this machine's
libraries and its BIOS."""
import pathlib
import subprocess

import apt_suite
from rig_wait import Failure

SUITE = "bookworm-backports"
PACKAGES = ["qemu-system-x86", "qemu-system-data"]
BIOS = pathlib.Path("/usr/share/seabios")


def prepare(build):
    """Returns VmOptions.qemu. Failure: it cannot be had, or not be run."""
    root = build / "qemu"
    if not root.exists():
        try:
            apt_suite.unpack(SUITE, PACKAGES, root)
        except apt_suite.NotHere as e:
            raise Failure(str(e)) from e
    program = root / "usr" / "bin" / "qemu-system-x86_64"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"QEMU of {SUITE} does not run here: {done.stderr.strip()}")
    return str(program), "-L", str(root / "usr" / "share" / "qemu"), "-L", str(BIOS)
