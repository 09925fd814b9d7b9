# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-testvdpa without any vDPA device: its guests on the distribution's dpdk-testpmd, typed at the
prompt. Any vhost-user back-end will do.

usage: other_backend_prompt.py TESTVDPA
"""
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

WISHES = "mergeable indirect event-idx"
FLOWS = ["hot-add A 16M", "unplug A", "reset A", "rebind B", "stop A", "start A", "kill B"]


def start_testpmd(r):
    vdevs = [word for i, name in enumerate("ab")
             for word in ("--vdev", f"net_vhost{i},iface={r.path(name)},queues=2")]
    testpmd = r.start("testpmd", [
        "dpdk-testpmd", *dpdk.eal("other", 256), *dpdk.ALONE, "--no-pci", "--no-telemetry", *vdevs,
        "--", "--forward-mode=io", "--no-mlockall", "--total-num-mbufs=8192", "--rxq=2", "--txq=2"])
    for name in "ab":
        r.await_path(name)
    testpmd.expect("Press enter to exit")  # it drops what comes before it forwards
    return testpmd


def main(testvdpa):
    if shutil.which("dpdk-testpmd") is None:
        rig.skip("no dpdk-testpmd")
    with rig.Rig("prompt") as r:
        testpmd = start_testpmd(r)
        app = r.start("testvdpa", [testvdpa, *dpdk.eal("testvdpa"), "--no-pci", "--", "-i"])
        app.expect("testvdpa> ", 60)
        for name in "ab":
            app.ask(f"guest add {name.upper()} {r.path(name)} queues 2 packed {WISHES}",
                    "added guest")
        app.ask("guest start B echo", "^guest B: echo")
        app.ask("guest start A tx rate 1000 window 16", "^guest A: ")
        # who starts while others have the processor may need its time
        rig.until("packets to arrive", 30, lambda: int(
            app.ask("guest show A", r"arrived (\d+)")[1]) > 200)
        for flow in FLOWS:
            took = app.ask(f"flow {flow}", rf"^.*{flow.split()[0]} of .*$", 60)
            print(took.group(0))
        stopped = app.ask("guest stop A", r"stopped guest A: (\d+) sent, (\d+) arrived, (\d+) lost, "
                          r"0 duplicated, 0 reordered, 0 torn, (\d+) excused, 0 pending", 60)
        print(stopped.group(0))
        rig.check(int(stopped[2]) > 200 and stopped[3] == "0", "packets are lost")
        shown = app.ask("guest show", r"(?s)A.*B.*testvdpa> ").group(0)
        print(shown)
        rig.check(shown.count("MRG_RXBUF MQ INDIRECT_DESC EVENT_IDX") == 2, "a wish was not granted")
        rig.check(shown.count("device errors: 0, impossible bases: 0") == 2, "a guest saw errors")
        app.send("quit")
        rig.check(app.wait(30) == 0, "the app did not end well")
        testpmd.send("")
        rig.check(testpmd.wait(20) == 0, "testpmd did not end well")


main(*sys.argv[1:])
