# SPDX-License-Identifier: BSD-3-Clause
"""Our front-end with a back-end that we did not write, and that is no vDPA driver: the distribution's
dpdk-testpmd forwards between two net_vhost ports. What our guests do must make sense to any
back-end, so every flow is played, the back-end's death among them. It offers what no mlx5 card
does: indirect descriptors and the event index.

usage: other_backend.py PROGRAM PAIRS [echo] [WORDS: packed, mergeable, indirect, event, poll]
"""
import pathlib
import shutil
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

SOCKETS = ["a.sock", "b.sock"]
GRANTED = ["mergeable", "indirect", "event"]  # by rte_vhost, whenever they are asked for


def start_testpmd(r, pairs):
    """Two ports whose queue pairs are joined; a killed one's sockets have to go first."""
    for name in SOCKETS:
        r.path(name).unlink(missing_ok=True)
    vdevs = [word for i, name in enumerate(SOCKETS)
             for word in ("--vdev", f"net_vhost{i},iface={r.path(name)},queues={pairs}")]
    testpmd = r.start("testpmd", [
        "dpdk-testpmd", *dpdk.eal("other", 256), *dpdk.ALONE, "--no-pci", "--no-telemetry", *vdevs,
        "--", "--forward-mode=io", "--no-mlockall", "--total-num-mbufs=8192",
        f"--rxq={pairs}", f"--txq={pairs}"])
    for name in SOCKETS:
        r.await_path(name)
    return testpmd


def kill_and_restart(r, guests, testpmd, pairs):
    guests.expect(r"^kill the back-end$", 120)
    testpmd.signal(signal.SIGKILL)
    testpmd.wait(20)
    guests.expect(r"^start the back-end$", 30)
    testpmd = start_testpmd(r, pairs)
    guests.send("it runs")
    return testpmd


def main(program, pairs, *words):
    if shutil.which("dpdk-testpmd") is None:
        rig.skip("no dpdk-testpmd")
    with rig.Rig("other") as r:
        testpmd = start_testpmd(r, pairs)
        guests = r.start("guests", [program, *map(r.path, SOCKETS), pairs, *words])
        testpmd = kill_and_restart(r, guests, testpmd, pairs)
        status = guests.wait(120)
        print(guests.text)
        rig.check(status == 0, "the guests are not content")
        granted = "".join(f" {word}" for word in GRANTED if word in words)
        rig.check(f"granted:{granted};" in guests.text, f"not granted:{granted}")
        testpmd.send("")
        rig.check(testpmd.wait(20) == 0, "testpmd did not end well")


main(*sys.argv[1:])
