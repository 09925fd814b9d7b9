#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The witness: DPDK's own mlx5 vDPA driver, untouched, in DPDK's own vdpa example, carries traffic
on the emulated card. The front-end is testpmd's virtio-user; the wire gives frames back. With a
DRIVER, which is given to EAL with -d, that one has to take the device from it.

Usage: vdpa_example.py MLX5EMU VDPA_EXAMPLE QUEUE_PAIRS [DRIVER]
"""
import json
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
from rig import Failure, Rig, check, skip  # noqa: E402

BDF = "0000:03:00.2"
MIN_PACKETS = 1000
BURST = 32  # testpmd's default


def rx_tx(testpmd):
    """Packets received and sent by the front-end so far."""
    text = testpmd.ask("show port stats 0", r"RX-packets: (\d+)[\s\S]*?TX-packets: (\d+)")
    return int(text[1]), int(text[2])


def traffic(testpmd, what, pairs=1):
    """Lets two bursts a queue pair circle through the card; none of their packets may get lost."""
    testpmd.ask("clear port stats all", r"cleared")
    testpmd.ask("start tx_first 2", r"packet forwarding")
    before = rx_tx(testpmd)
    end = time.monotonic() + 20
    now = before
    while now[0] < before[0] + MIN_PACKETS:
        if time.monotonic() > end:
            raise Failure(f"{what}: {now[0] - before[0]} packets came back in 20 s")
        time.sleep(0.2)
        now = rx_tx(testpmd)
    testpmd.ask("stop", r"Done\.")
    rx, tx = rx_tx(testpmd)
    print(f"{what}: {rx} packets received, {tx} sent")
    # What was sent last is on its way, or waits in the ring, when forwarding stops.
    check(0 <= tx - rx <= 2 * BURST * pairs, f"{what}: {tx} sent but {rx} received")


def back_end(rig, mlx5emu, example, driver=None, devargs="", config=None, more=()):
    """The example on a card, at its prompt. devargs: more of them; config: of the card, as in its
    configuration file; more: options of the example."""
    plugin, env = [], {}
    rig.path("card.json").write_text(json.dumps(config or {}))
    log = ["--log-level", "pmd.vdpa.mlx5:debug"] if devargs else []
    if driver:
        # by name: EAL refuses a path with a world-writable parent
        path = pathlib.Path(driver).resolve()
        plugin, env = ["-d", path.name], {"LD_LIBRARY_PATH": str(path.parent)}
    vdpa = rig.start("vdpa", [
        mlx5emu, "--config", "card.json", "--functions", "1", "--wire", "loop",
        "--log", "card.log", "--log-level", "info", "--", example, "--no-huge", "-m", "192",
        "--lcores", "0@0-1", *plugin, "-a", f"{BDF},class=vdpa{devargs}", "--file-prefix", "back",
        *log, "--", "-i", *more], env)
    vdpa.expect(r"vdpa> ", 30)
    if driver:
        check("Probe PCI driver: vdpa_mlx5_devx" in vdpa.text,
              "the device went to another driver than the one that was named")
    return vdpa


def front_end(rig, pairs):
    return rig.start("testpmd", [
        "dpdk-testpmd", "--lcores", "0@0-1,1@0-1", "--no-huge", "-m", "192", "--no-pci",
        "--file-prefix", "front", "--vdev",
        f"net_virtio_user0,mac=52:54:00:00:00:01,path={rig.path('s')},queues={pairs},"
        "queue_size=256",
        "--", "-i", f"--rxq={pairs}", f"--txq={pairs}", "--total-num-mbufs=8192"])


def story(rig, vdpa, pairs):
    """A front-end comes, has traffic, stops, has traffic again, and all end well."""
    vdpa.ask(f"create {rig.path('s')} {BDF}", r"vdpa> ")
    rig.await_path("s")
    testpmd = front_end(rig, pairs)
    testpmd.expect(r"testpmd> ", 30)
    traffic(testpmd, "first", pairs)
    testpmd.ask("port stop 0", r"Done")
    testpmd.ask("port start 0", r"Done")
    traffic(testpmd, "after port stop and start", pairs)
    testpmd.send("quit")
    check(testpmd.wait(20) == 0, "testpmd's exit status is not 0")
    quit_example(vdpa)
    card_is_content(rig)


def quit_example(vdpa):
    vdpa.send("quit")
    status = vdpa.wait(20)
    check(status == 0, f"the vdpa example's exit status is {status}")


def card_is_content(rig):
    """The device was closed with nothing left, and the card had nothing to complain of."""
    log = rig.path("card.log").read_text()
    left = re.findall(r"^.* left.*$", log, re.M)
    check("card with" in log, "the card has logged nothing")
    check(not left, "objects were left over:\n" + "\n".join(left))
    errors = re.findall(r"^.* mlx5emu (?:error|warning): .*$", log, re.M)
    check(not errors, "the card complains:\n" + "\n".join(errors))


def need_programs(example):
    if example == "none":
        skip("no source of DPDK's vdpa example (package dpdk-doc)")
    if not shutil.which("dpdk-testpmd"):
        skip("dpdk-testpmd is not installed (package dpdk-dev)")


def main(mlx5emu, example, pairs, driver=None):
    need_programs(example)
    with Rig(f"vdpa{pairs}") as rig:
        vdpa = back_end(rig, mlx5emu, example, driver)
        row = vdpa.ask("list", BDF.replace(".", r"\.") + r"\s+(\d+)\s+(0x[0-9a-f]+)")
        print(f"queues {row[1]}, features {row[2]}")
        story(rig, vdpa, pairs)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:5])
