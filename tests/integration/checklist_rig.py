# SPDX-License-Identifier: BSD-3-Clause
"""Our driver with a card for the stories of the checklist: the app, the card's control socket and
trace, front-ends with an account (pairs.py)."""
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import card_ctl  # noqa: E402
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import pairs as fp  # noqa: E402
from rig import Rig, check  # noqa: E402
from rig_wait import until  # noqa: E402

PROTOCOL = fe.PROTOCOL_MQ | fe.PROTOCOL_STATUS | fe.PROTOCOL_REPLY_ACK
VIRTQ = "/VIRTIO_NET_Q"
CREATE, MODIFY = "CREATE_GENERAL_OBJECT" + VIRTQ, "MODIFY_GENERAL_OBJECT" + VIRTQ
QUERY, DESTROY = "QUERY_GENERAL_OBJECT" + VIRTQ, "DESTROY_GENERAL_OBJECT" + VIRTQ
NO_RESUME = {"freeze_to_rdy_supported": False}
ADDED = 1 << 32


class Ours:
    """The app with a function of the card for each string of device arguments. Ports are looped,
    and a frame waits for a receive buffer as long as it takes."""

    def __init__(self, rig, devargs=("",), **config):
        self.rig = rig
        config = {"control": {"socket": str(rig.path("ctl"))}, "trace": {"file": "trace.json"},
                  **config}
        rig.path("card.json").write_text(json.dumps(config))
        driver = pathlib.Path(os.environ["DRIVER"])
        self.devices = [f"0000:03:00.{2 + number}" for number in range(len(devargs))]
        allow = [word for device, args in zip(self.devices, devargs)
                 for word in ("-a", f"{device},class=vdpa" + (f",{args}" if args else ""))]
        # The log apart: it would come between the words of what the app prints.
        self.app = rig.start("testvdpa", [
            "sh", "-c", 'exec "$@" 2>app.log', "sh", os.environ["MLX5EMU"],
            "--functions", len(devargs), "--wire", "loop", "--pause-ms", "60000",
            "--config", "card.json", "--log", "card.log", "--log-level", "info", "--",
            os.environ["TESTVDPA"], *dpdk.eal("testvdpa"), *dpdk.ALONE, "-d", driver.name, *allow,
            "--log-level", "pmd.vdpa.mlx5_devx:info", "--", "-i"],
            env={"LD_LIBRARY_PATH": str(driver.parent)})
        self.app.expect(r"testvdpa> ", 60)
        for number, device in enumerate(self.devices):
            self.app.ask(f"attach {device} {self.socket(number)} server", r"testvdpa> ")
            rig.await_path(f"vm{number}")

    def socket(self, number=0):
        return self.rig.path(f"vm{number}")

    def front(self, number=0, **options):
        """A front-end that has not said anything; the one before it has been forgotten."""
        self.await_state("waiting", number)
        options.setdefault("protocol", PROTOCOL)
        return fp.Front(str(self.socket(number)), **options)

    def reconnect(self, front, number=0):
        front.socket.close()
        self.await_state("waiting", number)
        front.reconnect(self.socket(number))
        front.start()

    def running(self, number=0, **options):
        """A front-end whose queues have all done something."""
        return self.front(number, **options).run()

    def resting(self, number=0, **options):
        """A front-end with one pair that ran; no receive buffer is left."""
        return self.front(number, **options).run_and_rest()

    def device(self, number=0):
        text = self.app.ask("show json " + self.devices[number], r"^\{.*\}\n")[0]
        return json.loads(text)["devices"][0] if '"devices"' in text else json.loads(text)

    def stats(self, queue, number=0):
        return next(virtq["stats"] for virtq in self.device(number)["virtqs"]
                    if virtq["index"] == queue)

    def await_state(self, state, number=0):
        until(f"device {number} to be {state}", 20, lambda: self.device(number)["state"] == state)

    def ctl(self, *words):
        return card_ctl.ask(self.rig.path("ctl"), *words)

    def fault(self, **keys):
        self.ctl("fault", "add", *(f"{key}={value}" for key, value in keys.items()))

    def no_faults(self, what):
        """Takes all faults away; each must have happened."""
        faults = self.ctl("fault", "list")["faults"]
        check(all(fault["fired"] for fault in faults), f"{what}: did not happen: {faults}")
        self.ctl("fault", "clear")

    def objects(self, number=0):
        """Living firmware objects by class."""
        counts = dict(self.ctl("objects")["functions"][number])
        counts.pop("function")
        return counts

    def mark(self):
        """For since(): what the card has been told so far."""
        return self.rig.path("trace.json").stat().st_size

    def since(self, mark):
        """Names of the commands that have ended since."""
        with open(self.rig.path("trace.json"), encoding="ascii") as file:
            file.seek(mark)
            lines = map(json.loads, file.read().splitlines())
        return [line["command"] for line in lines if line["kind"] == "command"]

    def add_region(self, front):
        """SET_MEM_TABLE with one region more, and nothing else."""
        front.add_memory(ADDED + (len(front.more) << 24), 2 << 20)
        check(front.set_table([front.main, *front.more]) == 0, "the table was refused")

    def drop_regions(self, front):
        check(front.set_table([front.main]) == 0, "the table was refused")
        while front.more:
            front.more.pop().close()

    def said(self, text):
        """Is that in the app's log?"""
        return text in self.rig.path("app.log").read_text()

    def count_said(self, text):
        return self.rig.path("app.log").read_text().count(text)

    def end(self, status=0):
        """Quits the app; nothing may be left on the card, and no sanitizer may have spoken."""
        self.app.send("quit")
        check(self.app.wait(30) == status, "the app did not end well")
        dpdk.card_said(self.rig, " left")
        for word in ("Sanitizer", "runtime error"):
            check(not self.said(word), f"the app's log says '{word}'")


def main(stories, names):
    """Plays the stories that were named, each on a rig of its own."""
    for name in names or stories:
        with Rig(name.replace("_", "-")) as rig:
            print(f"=== {name}", flush=True)
            stories[name](rig)
