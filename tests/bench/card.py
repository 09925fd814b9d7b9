# SPDX-License-Identifier: BSD-3-Clause
"""The emulated card as the benchmarks start it, and the clocks of its process."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

BACK_CPU, FRONT_CPU = 1, 0


def cpu_seconds(pid, thread=None):
    """CPU time of a process's threads so far (or of those with that name), by the scheduler's own
    clock (nanoseconds)."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            if thread is None or (task / "comm").read_text().strip() == thread:
                total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:  # the thread has ended
            pass
    return total / 1e9


def pin(pid, cpu, realtime):
    """All threads to one core; real-time, so that neighbours on a busy machine do not count."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {cpu})
        if realtime:
            os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(1))


def program_of(proc, name):
    """The launcher's child is what moves the packets."""
    children = pathlib.Path(f"/proc/{proc.pid}/task/{proc.pid}/children").read_text().split()
    pid = int(children[0]) if children else proc.pid
    comm = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    rig.check(name.startswith(comm) or comm.startswith(name[:8]), f"{pid} is {comm}, not {name}")
    return pid


def start(r, driver):
    """Two functions of one card, joined by its switch, served to the sockets "a" and "b"."""
    if driver == "ours":
        app = dpdk.testvdpa(r, functions=2, wire="switch")
    else:
        allow = [word for device in dpdk.DEVICES for word in ("-a", f"{device},class=vdpa")]
        app = r.start("testvdpa", [
            os.environ["MLX5EMU"], "--functions", "2", "--wire", "switch", "--log", "card.log",
            "--log-level", "info", "--", os.environ["TESTVDPA"], *dpdk.eal("testvdpa"), *allow,
            "--", "-i"])
        app.expect(r"testvdpa> ", 60)
    for device, name in zip(dpdk.DEVICES, "ab"):
        app.ask(f"attach {device} {r.path(name)} server", r"testvdpa> ")
        r.await_path(name)
    return app, program_of(app, "dpdk-testvdpa")
