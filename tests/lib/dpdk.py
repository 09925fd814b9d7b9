# SPDX-License-Identifier: BSD-3-Clause
"""DPDK programs on the emulated card, as the tests start them: the app that serves vDPA devices
with our driver, and dpdk-testpmd's virtio-user port as a front-end that this project did not write.
meson tells in the environment where what was built lies: MLX5EMU, TESTVDPA, DRIVER."""
import json
import os
import pathlib
import re
import shutil
import time

import rig
from rig_wait import until

DEVICES = ["0000:03:00.2", "0000:03:00.3"]

# No secondary processes: EAL then makes no thread for them, which it would end by cancelling it, and
# TSan takes that ill.
ALONE = ["--no-shconf"]


def eal(prefix, memory=192):
    """EAL options of a process that needs no hugepages and no files of its own."""
    return ["--no-huge", "-m", str(memory), "--lcores", "0@0-1,1@0-1", "--file-prefix", prefix]


def testvdpa(r, functions=1, wire="loop", devargs="class=vdpa", card=None, more=(), enter=()):
    """The app with our driver and every function of one card, at its prompt. The card has the
    configuration of the dictionary, as in a file for mlx5emu --config; wire=None: its wires, too.
    more: further EAL options; enter: a command that runs the app's, as in a network namespace."""
    config = []
    if card:
        r.path("card.json").write_text(json.dumps(card))
        config = ["--config", "card.json"]
    allow = [word for device in DEVICES[:functions] for word in ("-a", f"{device},{devargs}")]
    driver = pathlib.Path(os.environ["DRIVER"])
    net = ["--wire", wire] if wire else []
    app = r.start("testvdpa", [
        *enter, os.environ["MLX5EMU"], "--functions", str(functions), *net, *config,
        "--log", "card.log", "--log-level", "info", "--", os.environ["TESTVDPA"],
        *eal("testvdpa"), *more, "-d", driver.name, *allow, "--", "-i"],
        # by name: EAL refuses a path with a world-writable parent
        env={"LD_LIBRARY_PATH": str(driver.parent)})
    app.expect(r"testvdpa> ", 60)
    return app


def end(r, app):
    """Quits the app, which has to end well and to leave nothing on the card. The card says so when
    its device file is closed: "closed with N objects left", and a line for each."""
    app.send("quit")
    rig.check(app.wait(30) == 0, f"{app.name} did not end well")
    card_said(r, " left")


def card_is_content(r):
    """The card had nothing to complain of; for tests that give it no reason to."""
    card_said(r, "mlx5emu error", "mlx5emu warning")


def card_said(r, *words):
    """Fails the test if one of the words is in the card's log."""
    card = r.path("card.log").read_text()
    rig.check("card with" in card, "the card has logged nothing")
    for word in words:
        rig.check(word not in card, f"the card said '{word}':\n{card}")


def virtio_user(r, socket, pairs=1, options=(), features="", more=()):
    """testpmd on a virtio-user port whose back-end listens on the socket, at its prompt; more of
    the port's own options in features, as ",packed_vq=1"; more: further EAL options."""
    if not shutil.which("dpdk-testpmd"):
        rig.skip("dpdk-testpmd is not installed (package dpdk-dev)")
    port = (f"net_virtio_user0,mac=52:54:00:00:00:01,path={r.path(socket)},"
            f"queues={pairs},queue_size=256{features}")
    testpmd = r.start("testpmd", [
        "dpdk-testpmd", *eal("testpmd"), *more, "--no-pci", "--vdev", port, "--", "-i",
        f"--rxq={pairs}", f"--txq={pairs}", "--total-num-mbufs=16384", "--no-mlockall", *options])
    testpmd.expect(r"testpmd> ", 60)
    return testpmd


def port_packets(testpmd):
    """(received, sent) by testpmd's port 0 so far."""
    found = testpmd.ask("show port stats 0", r"RX-packets: (\d+)[\s\S]*?TX-packets: (\d+)")
    return int(found[1]), int(found[2])


def await_packets(testpmd, received, sent, timeout=60):
    """Asks for the port's counters, which testpmd announces to nobody, until both have passed. On a
    loaded machine a packet's way round takes a turn of the scheduler at each of its stations."""
    end = time.monotonic() + timeout
    now = port_packets(testpmd)
    while now[0] < received or now[1] < sent:
        rig.check(time.monotonic() < end, f"port 0 has received {now[0]} and sent {now[1]} packets "
                  f"in {timeout} s, wanted {received} and {sent}")
        now = port_packets(testpmd)
    return now


def queue_packets(testpmd):
    """{queue: received packets} from the port's extended statistics."""
    text = testpmd.ask("show port xstats 0", r"xstats for port 0[\s\S]*?testpmd> |"
                       r"NIC extended statistics[\s\S]*?testpmd> ")[0]
    return {int(queue): int(count)
            for queue, count in re.findall(r"rx_q(\d+)_good_packets: (\d+)", text)
            or re.findall(r"rx_q(\d+)_packets: (\d+)", text)}


def await_queues(testpmd, pairs, timeout=60):
    """Asks until every receive queue has got packets: flows come round in their own time."""
    end = time.monotonic() + timeout
    while True:
        counts = queue_packets(testpmd)
        silent = [queue for queue in range(pairs) if counts.get(queue, 0) == 0]
        if not silent:
            return
        rig.check(time.monotonic() < end,
                  f"receive queues {silent} of {pairs} got nothing in {timeout} s: {counts}")


def exact_bursts(testpmd, pairs, what, bursts=2):
    """Lets a port with --forward-mode=rxonly send bursts into a loop; returns when exactly what was
    sent has come back, how many that were."""
    sent = bursts * 32 * pairs
    testpmd.ask("clear port stats all", r"cleared")
    testpmd.ask(f"start tx_first {bursts}", r"packet forwarding")
    until(f"{what}: {sent} packets to come back", 30, lambda: port_packets(testpmd)[0] >= sent, 0)
    testpmd.ask("stop", r"Done\.")
    got = port_packets(testpmd)
    rig.check(got == (sent, sent), f"{what}: (received, sent) is {got}, not {sent} each")
    return sent
