# SPDX-License-Identifier: BSD-3-Clause
"""Open vSwitch with DPDK, as Debian ships it, unpacked into <build>/ovs and never installed: an
installed one would start daemons. An instance has its database, sockets and log in a directory of its
own, and its interfaces in the test's network namespace.
"""
import os
import pathlib
import re
import shutil
import subprocess

from rig_wait import Failure, until

PACKAGES = ["openvswitch-common", "openvswitch-switch", "openvswitch-switch-dpdk"]
# Found by failing: OVS adds --in-memory to --no-huge unless there is --legacy-mem, one pool for all
# ports would be 800 MB, and a PMD thread that never sleeps takes one of two processors.
SETTINGS = {
    "dpdk-init": "true",
    "dpdk-extra": "--no-huge --legacy-mem -m 320 --no-pci --no-telemetry",
    "dpdk-lcore-mask": "0x1",
    "pmd-cpu-mask": "0x2",
    "pmd-maxsleep": "200",
    "per-port-memory": "true",
}


def prepare(build):
    """Returns where it is unpacked. Failure: it cannot be had, or not be run."""
    root = build / "ovs"
    if not root.exists():
        part = build / "ovs.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        done = subprocess.run(["apt-get", "download", *PACKAGES], cwd=part, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failure(f"apt-get download {' '.join(PACKAGES)}: {done.stdout.strip()}")
        for package in part.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(part / "root")], check=True)
        (part / "root").rename(root)
        shutil.rmtree(part)
    said = subprocess.run(["ldd", str(daemon(root))], capture_output=True, text=True, check=False)
    lacks = [line.strip() for line in said.stdout.splitlines() if "not found" in line]
    if lacks:
        raise Failure(f"OVS lacks libraries (devtools/setup installs them): {', '.join(lacks)}")
    return root


def daemon(root):
    return root / "usr" / "lib" / "openvswitch-switch-dpdk" / "ovs-vswitchd-dpdk"


class Ovs:
    """@rig is a test's rig, @enter a command that runs another one in the network namespace."""

    def __init__(self, rig, root, enter, settings=()):
        self.rig = rig
        self.root = root
        self.enter = list(enter)
        self.dir = rig.path("ovs")
        self.dir.mkdir()
        self.database = f"unix:{self.dir}/db.sock"
        share = root / "usr" / "share" / "openvswitch"
        self.env = {f"OVS_{name}": str(self.dir)
                    for name in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR")}
        self.env.update(OVS_PKGDATADIR=str(share), RUNTIME_DIRECTORY=str(self.dir))
        self.run(root / "usr/bin/ovsdb-tool", "create", self.dir / "conf.db",
                 share / "vswitch.ovsschema")
        rig.start("ovsdb-server", [
            root / "usr/sbin/ovsdb-server", self.dir / "conf.db",
            f"--remote=punix:{self.dir}/db.sock", f"--unixctl={self.dir}/db.ctl",
            "-vconsole:off", f"--log-file={rig.path('ovsdb-server.log')}"], self.env)
        rig.await_path("ovs/db.sock")
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", *(
            f'other_config:{key}="{value}"'
            for key, value in {**SETTINGS, **dict(settings)}.items()))
        self.switch = None
        self.starts = 0

    def run(self, *argv):
        status, text = self.rig.run([*argv], env=self.env)
        if status != 0:
            raise Failure(f"{pathlib.Path(argv[0]).name} {' '.join(map(str, argv[1:]))}: {text}")
        return text

    def vsctl(self, *words):
        return self.run(self.root / "usr/bin/ovs-vsctl", f"--db={self.database}", "-t", "20",
                        *words)

    def appctl(self, *words):
        return self.run(self.root / "usr/bin/ovs-appctl", "-t", self.dir / "switch.ctl", "-T", "10",
                        *words)

    def start(self):
        """Starts the switch; the database tells it its bridges and ports."""
        self.switch = self.rig.start("ovs-vswitchd", [
            *self.enter, daemon(self.root), self.database, "-vconsole:off", "--disable-system",
            f"--unixctl={self.dir}/switch.ctl", f"--log-file={self.rig.path('ovs-vswitchd.log')}"],
            self.env)
        self.starts += 1
        # Returns when the switch has done what the database says; but at once if it says nothing new.
        self.vsctl("set", "Open_vSwitch", ".", f"external_ids:starts={self.starts}")

    def exit(self):
        """Ends the switch, with the interfaces that it has made."""
        self.appctl("exit", "--cleanup")
        if self.switch.wait() != 0:
            raise Failure("ovs-vswitchd did not end well")

    def kill(self):
        """The switch dies without a word; it can be started again."""
        self.switch.signal(9)
        self.switch.wait()
        os.unlink(self.dir / "switch.ctl")

    def bridge(self, name):
        self.vsctl("add-br", name, "--", "set", "bridge", name, "datapath_type=netdev")

    def add_vhost(self, bridge, port, socket):
        """A port that connects to the front-end's socket."""
        self.vsctl("add-port", bridge, port, "--", "set", "Interface", port,
                   "type=dpdkvhostuserclient", f"options:vhost-server-path={socket}")

    def add_interface(self, bridge, port):
        self.vsctl("add-port", bridge, port)

    def ofport(self, port):
        """The port's number in its bridge, None while it is not there."""
        text = self.vsctl("get", "Interface", port, "ofport").strip()
        return int(text) if text.isdigit() else None

    def await_port(self, port, seconds=20):
        """Waits until the switch has a port in its bridge."""
        until(f"OVS to have port {port}", seconds, lambda: self.ofport(port), 0.1)

    def await_vhost(self, port, seconds=20):
        """Waits until the switch polls a front-end at a vhost-user port."""
        until(f"OVS to serve port {port}", seconds, lambda: re.search(
            rf"port: {port}\s+queue-id:\s+0 \(enabled\)",
            self.appctl("dpif-netdev/pmd-rxq-show")), 0.1)

    def place(self, bridge, mac):
        """Number of the port behind which the bridge has seen an address, None if nowhere."""
        for line in self.appctl("fdb/show", bridge).splitlines():
            words = line.split()
            if len(words) == 4 and words[2] == mac and words[0].isdigit():
                return int(words[0])
        return None

    def counters(self):
        """What the switch has counted since it started: "from PORT", "to PORT" and "dropped for
        PORT" of the ports, but for those that nobody is at, whose counters it does not show;
        "read from interfaces" by the main thread, which serves what is no port of DPDK's."""
        counters = {}
        for port in re.split(r"port \d+: ", self.appctl("dpctl/show", "-s"))[1:]:
            name = port.split()[0]
            for key, pattern in (("from", r"RX packets:(\d+)"), ("to", r"TX packets:(\d+)"),
                                 ("dropped for", r"TX packets:\S+ errors:\S+ dropped:(\d+)")):
                found = re.search(pattern, port)
                if found:
                    counters[f"{key} {name}"] = int(found[1])
        threads = self.appctl("dpif-netdev/pmd-stats-show")
        main = re.search(r"main thread:\s+packets received: (\d+)", threads)
        counters["read from interfaces"] = int(main[1]) if main else 0
        return counters
