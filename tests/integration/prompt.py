# SPDX-License-Identifier: BSD-3-Clause
"""The prompt of dpdk-testvdpa: every command about devices, ports, queues, statistics, memory, logs
and telemetry is typed, with a device of the emulated card behind it, and its answer is read. How it
is made sure that no command is forgotten: tests/lib/typed.py.

usage: prompt.py
"""
import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend  # noqa: E402
import rig  # noqa: E402
import typed  # noqa: E402

TYPED = [
    "show devices",
    "show info DEV",
    "show features DEV",
    "show limits DEV",
    "attach DEV SOCKET [server|client]",
    "detach DEV|SOCKET",
    "show port [DEV|SOCKET]",
    "hot-plug DEVARGS",
    "hot-unplug DEV",
    "show device [DEV]",
    "show virtq [DEV]",
    "show stats [DEV]",
    "show memory [DEV]",
    "show json [DEV]",
    "show queues DEV|SOCKET [QUEUE]",
    "stats rates [DEV|SOCKET]",
    "stats every SECONDS [DEV|SOCKET]",
    "stats off",
    "stats reset DEV [QUEUE]",
    "log list [PATTERN]",
    "log level PATTERN emergency|alert|critical|error|warning|notice|info|debug",
    "telemetry COMMAND [PARAMS]",
    "show keys DEV",
    "help [SECTION]",
    "wait SECONDS",
    "quit",
]
DEV, OTHER = dpdk.DEVICES
FRAMES = 100


def devices(typist):
    listed = typist.told("show devices")
    rig.check(all(re.search(rf"^{dev} +driver vdpa_mlx5_devx, up to \d+ queue pairs, not attached$",
                            listed, re.M) for dev in (DEV, OTHER)), listed)
    rig.check("\n2 vDPA devices\n" in listed, listed)
    info = typist.told(f"show info {DEV}")
    rig.check(f"device {DEV}\n  driver: vdpa_mlx5_devx\n  bus: pci\n  devargs: class=vdpa\n"
              in info, info)
    rig.check(re.search(r"statistics of a queue: [1-9]\d*$", info, re.M), info)
    features = typist.told(f"show features {DEV}")
    rig.check(re.search(r"^  virtio   VERSION_1 +offered$", features, re.M) and
              re.search(r"^  protocol REPLY_ACK +offered$", features, re.M), features)
    limits = typist.told(f"show limits {DEV}")
    pairs = re.search(r"queue pairs: (\d+) \(rings: (\d+)\)", limits)
    rig.check(int(pairs[2]) == 2 * int(pairs[1]) > 0 and "live migration: yes" in limits, limits)


def attached(typist):
    typist.ask(f"attach {DEV} s0", rf"^attached {DEV} to s0$")
    typist.ask(f"attach {OTHER} s1 client", rf"^attached {OTHER} to s1$")
    typist.ask("show port s1", rf"^port {OTHER} at s1 \(client\): waiting, 0 of 0 rings enabled")
    typist.ask(f"detach {OTHER}", rf"^detached {OTHER}$")
    typist.ask(f"attach {OTHER} s1 server", rf"^attached {OTHER} to s1$")
    both = typist.told("show device")
    rig.check(all(f"device {dev}: waiting" in both for dev in (DEV, OTHER)), both)
    typist.ask("show queues s0", rf"^port {DEV}: waiting, 0 queues$")


def running(typist, guest):
    """With a front-end, before and after it has sent frames."""
    ports = typist.told("show port")
    rig.check(f"port {DEV} at s0 (server): running, 2 of 2 rings enabled, 1 memory regions" in ports
              and f"port {OTHER} at s1 (server): waiting" in ports, ports)
    typist.ask(f"show features {DEV}", r"^  virtio   VERSION_1 +offered negotiated$")
    first = typist.told("stats rates s0")
    rig.check(first.count("this is the first reading") == 2, first)
    for _ in range(FRAMES):
        guest.send_frame(bytes(range(64)))
    rates = typist.told("stats rates")
    rig.check(re.search(r"queue 0, rates over [\d.]+ s, received_desc [1-9][\d.]+/s, completed_desc "
                        r"[1-9]", rates) and "index" not in rates, rates)
    queue = typist.told(f"show queues {DEV} 1")
    desc, avail, used = frontend.ring_place(1)
    rig.check(f"  queue 1 (transmit): enabled, size {frontend.RING_SIZE}, calls by eventfd\n"
              f"    guest addresses: descriptors {desc:#x} driver area {avail:#x} device area "
              f"{used:#x}\n    live A {FRAMES}, U {FRAMES}\n    base A 0, U 0\n"
              "    saved A 0, U 0\n    resumed A 0, U 0\n    rates over" in queue, queue)
    typist.ask(f"show virtq {DEV}", r"virtq 0: enabled, size 64, .*vhost base \(0, 0\)$\n"
               rf" +received_desc +{FRAMES}$")
    typist.ask(f"show json {DEV}", rf'^{{"device":"{DEV}",.*"state":"running",.*"size":64')


def memory(typist):
    typist.ask(f"show memory {DEV}", rf"running, 1 memory regions, .*\n  region 0: guest "
               rf"0x000000000000 size {frontend.RAM_SIZE:#x} front-end {frontend.USER_BASE:#x} ")
    keys = typist.told(f"show keys {DEV}")
    rig.check(re.search(r'^  key +"0x[1-9a-f]', keys, re.M) and
              re.search(rf"^  bytes +{frontend.RAM_SIZE}$", keys, re.M), keys)


def statistics(typist):
    typist.ask(f"show stats {DEV}", rf"  virtq 0:\n +received_desc +{FRAMES}$")
    typist.ask(f"stats reset {DEV} 0", rf"^statistics of 1 queues of {DEV} begin anew$")
    typist.ask(f"show stats {DEV}", r"  virtq 0:\n +received_desc +0\n[\s\S]*  virtq 1:\n"
               rf" +received_desc +{FRAMES}$")
    typist.ask(f"stats reset {DEV}", rf"^statistics of \d+ queues of {DEV} begin anew$")
    typist.ask(f"show stats {DEV}", r"  virtq 1:\n +received_desc +0$")
    typist.ask("stats every 0.1 s0", rf"^rates of {DEV}$")
    for _ in range(3):  # while nobody types; the prompt is drawn again below
        typist.app.expect(rf"\r\x1b\[Krates of {DEV}$[\s\S]*?testvdpa> ")
    rig.check(typist.told("wait 0.35").count(f"rates of {DEV}") >= 2, "not while waiting")
    typist.ask("stats off", r"^statistics are off$")
    typist.ask("stats off", r"^statistics are already off$")


def logs(typist, guest):
    ours = typist.told("log list pmd.vdpa.mlx5_devx*")
    rig.check(re.search(r"^  pmd.vdpa.mlx5_devx.virtq +notice$", ours, re.M) and
              "lib.eal" not in ours, ours)
    rig.check("lib.eal" in typist.told("log list"), "not all types are listed")
    typist.ask("log level pmd.vdpa.mlx5_devx.virtq debug", r"^1 log type at level debug$")
    typist.ask("log list *.virtq", r"virtq +debug$")
    guest.get_base(0)
    typist.app.expect(r"queue 0: READY -> SUSPENDED")
    typist.ask("log level pmd.vdpa.mlx5_devx.* notice", r"^\d+ log types at level notice$")


def telemetry(typist):
    answer = json.loads(typist.told("telemetry /vdpa/info " + DEV).strip())
    rig.check(answer["/vdpa/info"]["owner"] >= 0, f"{answer}")
    rig.check("/testvdpa/ports" in json.loads(typist.told("telemetry /").strip())["/"], "no list")
    typist.ask(f"telemetry /vdpa/virtq,{DEV},0", r'^{"/vdpa/virtq":{"queue":0')


def plugged(typist):
    typist.ask(f"detach {DEV}", rf"^detached {DEV}$")
    typist.ask(f"hot-unplug {DEV}", rf"^unplugged {DEV}$")
    typist.ask("show devices", rf"^{OTHER}.*\n1 vDPA device$")
    typist.ask(f"hot-plug {DEV},class=vdpa,queues=2", rf"^plugged {DEV}$")
    typist.ask(f"show info {DEV}", r"devargs: class=vdpa,queues=2$")
    typist.ask(f"attach {DEV} s0", rf"^attached {DEV} to s0$")


def helped(typist):
    everything = typed.of_help(typist.told("help"))
    rig.check(everything[-1] == "quit" and set(TYPED) <= set(everything), f"{everything}")
    rig.check(typed.of_help(typist.told("help log")) == [text for text in TYPED
                                                         if text.startswith("log")], "help log")


def edited(app):
    """What librte_cmdline does for who types: Tab completes and lists, a mistake gets its answer."""
    os.write(app.tty, b"show devi\t")
    app.expect(r"show device")
    os.write(app.tty, b"s\n")
    app.expect(r"^2 vDPA devices$")
    os.write(app.tty, b"show info 0\t")
    app.expect(rf"show info {DEV[:-1]}")
    os.write(app.tty, b"3\n")
    app.expect(rf"^device {OTHER}$")
    os.write(app.tty, b"log level pmd.vdpa.* w\t")
    app.expect(r"warning ")
    app.send("")
    app.expect(r"^\d+ log types at level warning$")
    os.write(app.tty, b"stats \t")
    app.expect(r"^ *every \[every\]: [\s\S]*^ *reset \[reset\]: ")
    os.write(app.tty, b"no\n")
    app.expect(r"error: .no. does not fit, usage: stats ")
    app.send("nonsense")
    app.expect(r"error: unknown command .nonsense. \(.help. lists them\)$")


def main():
    with rig.Rig("prompt") as r:
        app = dpdk.testvdpa(r, functions=2)
        typist = typed.Typist(app, TYPED)
        devices(typist)
        attached(typist)
        with frontend.FrontEnd(str(r.await_path("s0"))) as guest:
            guest.start()
            running(typist, guest)
            memory(typist)
            statistics(typist)
            telemetry(typist)
            logs(typist, guest)
        plugged(typist)
        helped(typist)
        edited(app)
        typist.ask("quit", r"waiting -> down")
        rig.check(app.wait(30) == 1, "two mistakes were typed: the exit status is 1")
        typist.check()
        dpdk.card_is_content(r)


main()
