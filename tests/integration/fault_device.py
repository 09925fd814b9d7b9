# SPDX-License-Identifier: BSD-3-Clause
"""Makes each firmware command fail in turn while a device is probed, starts for the first time, or is
removed under its front-end. The process lives, the card keeps no object, and the next attempt works:
the device is probed again and carries a frame.

usage: fault_device.py FLOW PROGRAM [DEVARGS [STRIDE [RULE]]]
  FLOW     probe, first (first start after the probe: counters, queues), remove
  PROGRAM  unplug
  DEVARGS  more device arguments, as ",max_conf_threads=4"
  STRIDE   only every so many-th command
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402
import unplug  # noqa: E402

A = dpdk.DEVICES[0]
RULE = "action=fail status=NO_RES"


class Sweep:
    def __init__(self, r, program, devargs, rule):
        self.app = unplug.App(r, program, functions=1)
        self.devargs = f"class=vdpa{devargs}"
        self.rule = rule.split()
        rig.check(self.probe() == 0, "the first probe failed")
        self.path = self.app.serve(A, "vm")
        self.remove()
        self.idle = self.objects()

    def result(self, *words):
        found = self.app.process.ask(" ".join(words), rf"^{words[0]}: (-?\d+)$", 60)
        return int(found[1])

    def probe(self):
        return self.result("probe", f"{A},{self.devargs}")

    def remove(self):
        rig.check(self.result("remove", A) == 0, "the device is not removed")

    def objects(self):
        return self.app.ctl("objects")["functions"]

    def arm(self, k):
        self.app.ctl("fault", "add", "id=k", f"nth={k}", *self.rule)

    def disarm(self):
        """Has the rule acted?"""
        faults = self.app.ctl("fault", "list")["faults"]
        self.app.ctl("fault", "clear")
        return faults[0]["fired"] != 0

    def nothing_left(self, k):
        rig.until(f"k = {k}: the card to have no more objects than {self.idle}", 20,
                  lambda: self.objects() == self.idle)

    def carries(self):
        with fe.FrontEnd(self.path) as front:
            front.start()
            front.send_frame(unplug.FRAME)

    def end(self):
        """What a command refused to give back when the device was removed, closing it gave back;
        the card tells of that, but nothing was left (nothing_left)."""
        self.app.drop(self.path)
        self.app.process.send("quit")
        rig.check(self.app.process.wait(30) == 0, "the process did not end well")


def probe(sweep, k):
    sweep.arm(k)
    result = sweep.probe()
    fired = sweep.disarm()
    if result != 0:
        sweep.nothing_left(k)
        rig.check(sweep.probe() == 0, f"k = {k}: the next probe fails, too")
    sweep.carries()
    sweep.remove()
    return fired


def first(sweep, k):
    rig.check(sweep.probe() == 0, f"k = {k}: cannot be probed")
    sweep.arm(k)
    try:
        with fe.FrontEnd(sweep.path) as front:
            front.start()
            front.ask_u64(fe.GET_FEATURES)
    except (fe.Closed, OSError):
        pass  # it was told
    fired = sweep.disarm()
    sweep.carries()
    sweep.remove()
    return fired


def remove(sweep, k):
    rig.check(sweep.probe() == 0, f"k = {k}: cannot be probed")
    with fe.FrontEnd(sweep.path) as front:
        front.start()
        front.send_frame(unplug.FRAME)
        sweep.arm(k)
        sweep.remove()
        fired = sweep.disarm()
        unplug.bases_are_kept(front)
    sweep.nothing_left(k)
    rig.check(sweep.probe() == 0, f"k = {k}: cannot be probed again")
    sweep.carries()
    sweep.remove()
    return fired


FLOWS = {"probe": probe, "first": first, "remove": remove}


def main(flow, program, devargs="", stride="1", rule=RULE):
    with rig.Rig("fault_device") as r:
        sweep = Sweep(r, program, devargs, rule)
        k, tried = 1, 0
        while FLOWS[flow](sweep, k):
            sweep.nothing_left(k)
            k, tried = k + int(stride), tried + 1
        print(f"{flow}, {rule}: {tried} commands failed, the last was number {k - int(stride)}")
        rig.check(tried > 2, "there was hardly anything to fail")
        sweep.end()


main(*sys.argv[1:])
