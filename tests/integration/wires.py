# SPDX-License-Identifier: BSD-3-Clause
"""Wires of the emulated card, with our driver and front-ends that this project did not write.

usage: wires.py tap | unix | trouble

tap: in a network namespace made for it, the kernel pings testpmd (icmpecho) through a TAP, the
card, the driver and a virtio-user port; a recorder listens. The link is pulled and put back, the
cable is made bad, and both are told from the counters. Needs the right to make namespaces.
unix: two cards in two processes and a socket between them. Packets of one guest circle through
the other one; the counters of all four ports have to agree. One process is killed and comes back.
trouble: frames are lost, doubled and spoiled while traffic runs, as often as was asked for.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

MLX5EMU = os.environ["MLX5EMU"]
ROUND = 20000
HOST, GUEST = "192.0.2.1", "192.0.2.2"
GUEST_MAC = bytes.fromhex("525400000001")


# --- pieces -----------------------------------------------------------------------------------

def start_card(r, name, wire, before=()):
    """The app with our driver on a card of one function; its log is NAME.log, its control socket
    NAME.ctl, and the guest's socket NAME.vm."""
    r.path(f"{name}.json").write_text(json.dumps({
        "functions": 1, "wire": wire, "log": {"file": f"{name}.log", "level": "info"},
        "control": {"socket": f"{name}.ctl"}}))
    driver = pathlib.Path(os.environ["DRIVER"])
    app = r.start(name, [
        *before, MLX5EMU, "--config", f"{name}.json", "--", os.environ["TESTVDPA"],
        *dpdk.eal(name), "-d", driver.name, "-a", f"{dpdk.DEVICES[0]},class=vdpa", "--", "-i"],
        # by name: EAL refuses a path with a world-writable parent
        env={"LD_LIBRARY_PATH": str(driver.parent)})
    app.expect(r"testvdpa> ", 60)
    app.ask(f"attach {dpdk.DEVICES[0]} {r.path(name + '.vm')} server", r"testvdpa> ")
    r.await_path(f"{name}.vm")
    return app


def start_guest(r, name, mode="io"):
    if not shutil.which("dpdk-testpmd"):
        rig.skip("dpdk-testpmd is not installed (package dpdk-dev)")
    port = f"net_virtio_user0,mac={GUEST_MAC.hex(':')},path={r.path(name + '.vm')},queue_size=256"
    guest = r.start(f"{name}-guest", [
        "dpdk-testpmd", *dpdk.eal(f"{name}-guest"), "--no-pci", "--vdev", port, "--", "-i",
        # or it would throw away what comes while it starts to forward
        "--total-num-mbufs=16384", "--no-mlockall", "--no-flush-rx", f"--forward-mode={mode}"])
    guest.expect(r"testpmd> ", 60)
    return guest


def ctl(r, name, *words):
    """The reply of a card; a refusal fails the test."""
    status, text = r.run([MLX5EMU, "ctl", "--json", "--socket", f"{name}.ctl", *words])
    rig.check(status == 0, f"ctl {words}: {text}")
    return json.loads(text)


def stats(r, name, port):
    return ctl(r, name, "wire", "stats", port)["ports"][0]


def await_that(what, seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        rig.check(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(0.05)


def end_all(r, names, guests, apps):
    for guest in guests:
        guest.send("quit")
        rig.check(guest.wait(30) == 0, f"{guest.name} did not end well")
    for app in apps:
        app.send("quit")
        rig.check(app.wait(30) == 0, f"{app.name} did not end well")
    for name in names:
        log = r.path(f"{name}.log").read_text()
        for word in (" left", "mlx5emu error", "mlx5emu warning"):
            rig.check(word not in log, f"the card said '{word}':\n{log}")


# --- TAP --------------------------------------------------------------------------------------

def may_make_namespaces():
    done = subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0 and os.access("/dev/net/tun", os.R_OK | os.W_OK)


def ping(r, app, count, size=56):
    """Pings the guest from where the card is, a new one at each answer or time-out.
    @return (packets that came back, packets that did not)."""
    busybox = shutil.which("busybox")
    text = r.run(["nsenter", "-t", str(app.pid), "-n", busybox, "ping", "-c", str(count), "-A",
                  "-W", "2", "-s", str(size), GUEST], 60)[1]
    print(text.splitlines()[-2:])
    found = re.search(r"(\d+) packets transmitted, (\d+) packets received", text)
    rig.check(found, f"ping: {text}")
    return int(found[2]), int(found[1]) - int(found[2])


def summed(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[:len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def check_record(path):
    """The recorder's file: ARP and ICMP both ways, right checksums, nothing longer than the MTU."""
    data = path.read_bytes()
    rig.check(struct.unpack("=I", data[:4])[0] == 0xA1B23C4D, "the record is no pcap file")
    at, arps, echoes = 24, 0, {True: 0, False: 0}
    while at < len(data):
        length = struct.unpack("=I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        rig.check(len(frame) == length <= 1514, f"a frame of {length} bytes")
        kind = frame[12:14]
        arps += kind == b"\x08\x06"
        if kind != b"\x08\x00" or frame[23] != 1:
            continue
        ip_len = struct.unpack("!H", frame[16:18])[0]
        rig.check(summed(frame[14:34]) == 0xFFFF, "a wrong IP checksum")
        rig.check(summed(frame[34:14 + ip_len]) == 0xFFFF, "a wrong ICMP checksum")
        echoes[frame[6:12] == GUEST_MAC] += 1
    print(f"recorded: {arps} ARP, {echoes[False]} echo requests, {echoes[True]} replies")
    rig.check(arps >= 2 and echoes[True] >= 40 and echoes[False] >= 40, "frames are missing")


def tap(r):
    if not may_make_namespaces():
        rig.skip("needs /dev/net/tun and the right to make network namespaces")
    if not shutil.which("busybox"):
        rig.skip("busybox is not installed (package busybox-static)")
    app = start_card(r, "card", {"nets": [{"name": "lan", "uplinks": [
        {"name": "host", "tap": {"interface": "emu0", "up": True}},
        {"name": "dump", "pcap": {"write": "dump.pcap"}}]}]}, ["unshare", "-n"])
    status, text = r.run(["nsenter", "-t", str(app.pid), "-n", "ip", "addr", "add", f"{HOST}/24",
                          "dev", "emu0"])
    rig.check(status == 0, f"ip addr: {text}")
    guest = start_guest(r, "card", "icmpecho")
    guest.ask("start", r"packet forwarding")
    rig.check(ping(r, app, 20) == (20, 0), "20 pings did not all come back")
    rig.check(ping(r, app, 20, 1472) == (20, 0), "20 pings of full length did not all come back")
    # the cable is pulled and put back
    ctl(r, "card", "link", "0", "down")
    rig.check(ping(r, app, 2)[0] == 0, "answers through a cable that is pulled")
    rig.check(stats(r, "card", "0")["rx_link"] >= 1, "the counter of frames without link")
    ctl(r, "card", "link", "0", "up")
    rig.check(ping(r, app, 20) == (20, 0), "20 pings did not all come back afterwards")
    # a cable that loses every second answer, twice
    ctl(r, "card", "wire", "set", "0", "loss=every:2x2")
    lost = ping(r, app, 10)[1]
    # one of the two may be an ARP reply
    rig.check(1 <= lost <= 2 and stats(r, "card", "0")["tx_lost"] == 2,
              f"two answers should have been lost, {lost} pings were")
    host = stats(r, "card", "host")
    rig.check(host["rx_error"] == 0 and host["rx_mtu"] == 0, f"the TAP refused frames: {host}")
    end_all(r, ["card"], [guest], [app])
    check_record(r.path("dump.pcap"))


# --- socket -----------------------------------------------------------------------------------

def cable(r, role):
    return {"nets": [{"name": "lan", "uplinks": [
        {"name": "cable", "unix": {"path": str(r.path("cable")), "role": role}}]}]}


def circle(r, guest, more):
    """Packets of the guest go round through the other card's guest."""
    before = dpdk.port_packets(guest)
    guest.send(f"start tx_first {more}")
    dpdk.await_packets(guest, before[0] + ROUND, before[1] + ROUND)


def agree(r):
    """What one side has sent is what the next one has got."""
    names = ["a", "b"]
    for name, other in (names, names[::-1]):
        func, out, far = stats(r, name, "0"), stats(r, name, "cable"), stats(r, other, "cable")
        far_func = stats(r, other, "0")
        chain = [func["tx_frames"], out["rx_frames"], far["tx_frames"], far_func["rx_frames"]]
        print(f"{name} -> {other}: {chain}")
        rig.check(len(set(chain)) == 1, f"{name} -> {other}: frames were lost on the way: {chain}")
        rig.check(out["rx_dropped"] + far_func["rx_dropped"] == 0, "frames were dropped")


def unix(r):
    # the one that connects comes first
    b = start_card(r, "b", cable(r, "connect"))
    rig.check(ctl(r, "b", "link", "cable")["ports"][0]["link"] == "no carrier", "a link to nobody")
    a = start_card(r, "a", cable(r, "listen"))
    mode = r.path("cable").stat().st_mode & 0o777
    rig.check(mode == 0o600, f"the socket's mode is {mode:o}")
    await_that("the link", 5, lambda: ctl(r, "b", "link", "cable")["ports"][0]["link"] == "up")
    guest_a, guest_b = start_guest(r, "a"), start_guest(r, "b")
    guest_b.ask("start", r"packet forwarding")
    circle(r, guest_a, 4)
    guest_a.ask("stop", r"Done\.")
    await_that("the packets to come to rest", 20, lambda: stats(r, "a", "0") == stats(r, "a", "0"))
    await_that("what is in the socket", 5, lambda: sum(
        stats(r, name, "cable")["tx_frames"] - stats(r, other, "0")["tx_frames"]
        for name, other in ("ab", "ba")) == 0)
    agree(r)
    # b's process dies, with its guest, and comes back
    b.signal(signal.SIGKILL)
    guest_b.signal(signal.SIGKILL)
    await_that("the end of the link", 5,
               lambda: ctl(r, "a", "link", "cable")["ports"][0]["link"] == "no carrier")
    b.wait(), guest_b.wait()
    b = start_card(r, "b", cable(r, "connect"))
    guest_b = start_guest(r, "b")
    guest_b.ask("start", r"packet forwarding")
    circle(r, guest_a, 4)
    guest_a.ask("stop", r"Done\.")
    end_all(r, ["a", "b"], [guest_a, guest_b], [a, b])
    rig.check(not r.path("cable").exists(), "the listener has left its socket behind")


# --- trouble ----------------------------------------------------------------------------------

def trouble(r):
    app = start_card(r, "card", "loop")
    guest = start_guest(r, "card")
    guest.send("start tx_first 4")
    for setting, counter in (("loss", "tx_lost"), ("duplicate", "tx_duplicated"),
                             ("corrupt", "tx_corrupted"), ("reorder", "tx_reordered")):
        ctl(r, "card", "wire", "set", "0", f"{setting}=every:100x5")
        await_that(f"five times {setting}", 30, lambda c=counter: stats(r, "card", "0")[c] == 5)
    now = dpdk.port_packets(guest)
    dpdk.await_packets(guest, now[0] + ROUND, now[1] + ROUND)
    end = stats(r, "card", "0")
    rig.check([end[key] for key in ("tx_lost", "tx_duplicated", "tx_corrupted", "tx_reordered")] ==
              [5] * 4, f"more than was asked for: {end}")
    # a limit holds the sender up, and loses nothing
    ctl(r, "card", "wire", "set", "0", "frames=1000")
    before, begin = stats(r, "card", "0"), time.monotonic()
    time.sleep(1)
    after, seconds = stats(r, "card", "0"), time.monotonic() - begin
    rate = (after["tx_frames"] - before["tx_frames"]) / seconds
    print(f"{rate:.0f} frames/s")
    rig.check(rate <= 1100 and after["tx_rate_waits"] > 0, f"{rate:.0f} frames/s instead of 1000")
    rig.check(after["rx_dropped"] == before["rx_dropped"], "the limit has lost frames")
    ctl(r, "card", "wire", "set", "0", "frames=0")
    guest.ask("stop", r"Done\.")
    end_all(r, ["card"], [guest], [app])


with rig.Rig(f"wires-{sys.argv[1]}") as the_rig:
    {"tap": tap, "unix": unix, "trouble": trouble}[sys.argv[1]](the_rig)
