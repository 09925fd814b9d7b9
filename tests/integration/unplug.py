# SPDX-License-Identifier: BSD-3-Clause
"""Devices come and go while the process lives: rte_dev_probe, rte_dev_remove, and a card that is
pulled out, with front-ends that use them.

usage: unplug.py STORY PROGRAM
  connected  a device is removed under its front-end, and probed again beside it
  cycle      twenty times removed and probed, at a socket that stays
  surprise   the card is pulled out
  race       removed and probed while telemetry asks and front-ends come and go
  many       eight functions come and go, each with its front-end
  kinds      physical, virtual and sub-functions, in both syntaxes of DPDK
  stock      the same with DPDK's own mlx5 driver
"""
import json
import os
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import card_ctl  # noqa: E402
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))
A, B = dpdk.DEVICES
# Allowing a device that is not there keeps EAL from looking at the others now. (An auxiliary device
# that it has seen and not probed never gets arguments later: lib/eal of 22.11.)
NOTHING_YET = ["-a", "0000:00:00.0", "-a", "auxiliary:mlx5_core.sf.0"]


class App:
    def __init__(self, r, program, functions=2, stock=False):
        self.r = r
        self.sockets = []
        driver = pathlib.Path(os.environ["DRIVER"])
        load = [] if stock else ["-d", driver.name, "--log-level", "pmd.vdpa.mlx5_devx:info"]
        r.path("card.json").write_text(json.dumps({
            "functions": functions, "wire": "loop",
            "control": {"socket": str(r.path("ctl"))},
            "log": {"file": "card.log", "level": "info"}}))
        self.process = r.start("unplug", [
            os.environ["MLX5EMU"], "--config", "card.json", "--", program, *dpdk.eal("unplug"),
            *load, *NOTHING_YET],
            env={"LD_LIBRARY_PATH": str(driver.parent)})
        self.process.expect("ready", 60)

    def do(self, *words, result=0):
        found = self.process.ask(" ".join(map(str, words)), rf"^{words[0]}: (-?\d+)$", 60)
        rig.check(int(found[1]) == result, f"{words}: {found[1]}, not {result}")

    def probe(self, device, devargs="class=vdpa"):
        self.do("probe", f"{device},{devargs}")

    def serve(self, device, name):
        self.do("serve", device, self.r.path(name))
        self.sockets.append(str(self.r.path(name)))
        return self.sockets[-1]

    def drop(self, path):
        self.do("drop", path)
        self.sockets.remove(str(path))

    def ctl(self, *words):
        return card_ctl.ask(self.r.path("ctl"), *words)

    def end(self):
        for path in list(self.sockets):  # vhost must not be at work when EAL goes
            self.drop(path)
        dpdk.end(self.r, self.process)


def bases_are_kept(front):
    """Of a device that is gone vhost still knows where its rings are."""
    for queue in (0, 1):
        base, used = front.get_base(queue), front.used_index(queue)
        rig.check(base & 0xFFFF == used, f"queue {queue}: base {base:#x}, but used {used}")


def is_refused(front):
    rig.check(front.set_table([front.main, front.add_memory(1 << 30, 1 << 20)]) != 0,
              "a device that is gone took a memory table")


def beside_another(r, program):
    """Both devices, and a front-end that uses the second: it must not notice anything."""
    app = App(r, program)
    app.probe(A)
    app.probe(B)
    other = fe.FrontEnd(app.serve(B, "other"))
    other.start()
    return app, other


def connected(r, program):
    """D17: also while the rest of the process goes on."""
    app, other = beside_another(r, program)
    with fe.FrontEnd(app.serve(A, "vm")) as front:
        front.start()
        for _ in range(5):
            front.send_frame(FRAME)
        app.do("remove", A)
        other.send_frame(FRAME)
        is_refused(front)
        bases_are_kept(front)
        app.do("serve", A, r.path("vm2"), result=-19)  # no such device
        app.probe(A)
        with fe.FrontEnd(app.serve(A, "vm2")) as second:
            second.start()
            second.send_frame(FRAME)
            is_refused(front)
            second.send_frame(FRAME)
            other.send_frame(FRAME)
    for name in ("vm", "vm2"):  # both sockets lead to the device that is there
        with fe.FrontEnd(str(r.path(name))) as third:
            third.start()
            third.send_frame(FRAME)
    app.do("remove", A)
    app.probe(A)  # the sockets of before work again
    for name in ("vm", "vm2"):
        with fe.FrontEnd(str(r.path(name))) as third:
            third.start()
            third.send_frame(FRAME)
    other.close()
    app.end()
    dpdk.card_is_content(r)


def cycle(r, program):
    """V12: the next front-end finds the device again, at the socket of before."""
    app = App(r, program, functions=1)
    app.probe(A)
    path = app.serve(A, "vm")
    objects = app.ctl("objects")
    for turn in range(20):
        with fe.FrontEnd(path) as front:
            front.start()
            front.send_frame(FRAME)
            if turn % 2 == 0:
                app.do("remove", A)
                bases_are_kept(front)
            if turn % 4 == 0:
                app.probe(A)  # beside it
        if turn % 2 == 1:
            app.do("remove", A)
        if turn % 4 != 0:
            app.probe(A)
    rig.check(app.ctl("objects") == objects, f"{app.ctl('objects')}, was {objects}")
    app.do("remove", A)
    app.end()
    dpdk.card_is_content(r)


def surprise(r, program):
    app, other = beside_another(r, program)
    with fe.FrontEnd(app.serve(A, "vm")) as front:
        front.start()
        for _ in range(5):
            front.send_frame(FRAME)
        app.ctl("remove", "0")
        app.process.expect(rf"gone {A}", 20)
        other.send_frame(FRAME)
        is_refused(front)
        bases_are_kept(front)
        app.do("remove", A)
        other.send_frame(FRAME)
        is_refused(front)
    other.send_frame(FRAME)
    other.close()
    app.do("remove", B)
    app.end()


def ask_telemetry(path, stop, answers):
    """Asks for the device all the time, as monitoring would if it were in a hurry."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        sock.recv(1024)
        while not stop.is_set():
            for command in ("/vdpa/list", f"/vdpa/info,{A}", f"/vdpa/stats,{A}"):
                sock.send(command.encode())
                answers.append(len(sock.recv(65536)))


def come_and_go(path, stop, rounds):
    """Front-ends that are hung up on, or find no device, and come again."""
    while not stop.is_set():
        try:
            with fe.FrontEnd(path) as front:
                front.socket.settimeout(2)
                front.start()
                for _ in range(3):
                    front.post_frame(FRAME)
                    front.kick(1)
                    front.ask_u64(fe.GET_FEATURES)
                rounds.append(front.get_base(1))
        except (fe.Closed, OSError, rig.Failure):
            pass  # the device went


def race(r, program):
    """V12: front-ends come again and again, to a device that comes and goes."""
    app = App(r, program, functions=1)
    app.probe(A)
    path = app.serve(A, "vm")
    stop, answers, rounds = threading.Event(), [], []
    threads = [
        threading.Thread(target=ask_telemetry, args=(
            r.await_path("dpdk/unplug/dpdk_telemetry.v2"), stop, answers)),
        threading.Thread(target=come_and_go, args=(path, stop, rounds))]
    for thread in threads:
        thread.start()
    try:
        for turn in range(30):
            asked, served = len(answers) + 10, len(rounds) + turn % 3
            while (len(answers) < asked or len(rounds) < served) and all(
                    thread.is_alive() for thread in threads):
                stop.wait(0.01)
            app.do("remove", A)
            app.probe(A)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    rig.check(answers and rounds, f"{len(answers)} answers, {len(rounds)} front-ends")
    app.drop(path)
    app.do("remove", A)
    app.end()
    dpdk.card_is_content(r)


def many(r, program):
    app = App(r, program, functions=8)
    names = [f"0000:03:{(2 + i) // 8:02x}.{(2 + i) % 8}" for i in range(8)]
    for _ in range(2):
        fronts = []
        for i, name in enumerate(names):
            app.probe(name)
            fronts.append(fe.FrontEnd(app.serve(name, f"vm{i}")))
            fronts[i].start()
        while fronts:
            for front in fronts:
                front.send_frame(FRAME)
            fronts.pop().close()
            app.do("remove", names[len(fronts)])
            app.drop(r.path(f"vm{len(fronts)}"))
    app.end()
    dpdk.card_is_content(r)


KINDS = [
    # in the card's file, name, to be probed as
    ({"kind": "pf", "pci": "0000:03:00.0"}, "0000:03:00.0", "{},class=vdpa"),
    ({"kind": "pf", "pci": "0000:03:00.1"}, "0000:03:00.1", "bus=pci,addr={}/class=vdpa"),
    ({}, "0000:03:00.4", "{},class=vdpa"),
    ({"kind": "sf", "pci": "0000:03:00.0"}, "mlx5_core.sf.5", "auxiliary:{},class=vdpa"),
    ({"kind": "sf", "sf": 88, "pci": "0000:03:00.1"}, "mlx5_core.sf.88",
     "bus=auxiliary,name={}/class=vdpa"),
]
OURS = "/driver=mlx5_devx,resume_index=saved"


def kinds(r, program, stock=False):
    """K18: each with doorbells, memory and traffic of its own."""
    app = App(r, program, functions=[kind for kind, _, _ in KINDS], stock=stock)
    status = app.ctl("status")["functions"]
    rig.check([f.get("auxiliary") for f in status[2:]] ==
              [None, "mlx5_core.sf.5", "mlx5_core.sf.88"], f"{status}")
    protocol = fe.PROTOCOL_MQ if stock else fe.PROTOCOL_MQ | fe.PROTOCOL_REPLY_ACK
    fronts = []
    for _, name, how in KINDS:
        if stock:  # it does not read classes of the global syntax
            how = "{},class=vdpa" if name[0] == "0" else "auxiliary:{},class=vdpa"
        elif "/class" in how:
            how += OURS
        app.do("probe", how.format(name))
        fronts.append(fe.FrontEnd(app.serve(name, f"vm-{name}"), protocol=protocol))
        fronts[-1].start()
    for front in fronts:
        front.send_frame(FRAME)
    for (_, name, how), front in zip(KINDS, fronts):
        front.close()
        app.drop(r.path(f"vm-{name}"))
        app.do("remove", name)
        if not stock:
            app.do("probe", how.format(name))
    app.end()
    if not stock:
        dpdk.card_is_content(r)


def stock_kinds(r, program):
    kinds(r, program, stock=True)


if __name__ == "__main__":
    with rig.Rig("unplug") as rig_:
        {"connected": connected, "cycle": cycle, "surprise": surprise, "many": many, "race": race,
         "kinds": kinds, "stock": stock_kinds}[sys.argv[1]](rig_, sys.argv[2])
