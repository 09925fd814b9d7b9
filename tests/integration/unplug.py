# SPDX-License-Identifier: BSD-3-Clause
"""A device is hot-removed (rte_dev_remove) while a front-end uses it, and afterwards.

vhost keeps a pointer to the device as long as the connection lasts, so the removal has to be
refused, with a sentence, and the front-end served on; once the socket is let go it works.

usage: unplug.py PROGRAM
"""
import errno
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))


def main(program):
    with rig.Rig("unplug") as r:
        driver = pathlib.Path(os.environ["DRIVER"])
        app = r.start("unplug", [
            os.environ["MLX5EMU"], "--functions", "2", "--wire", "loop", "--log", "card.log",
            "--log-level", "info", "--", program, *dpdk.eal("unplug"), "-d", driver.name,
            "-a", f"{dpdk.DEVICES[0]},class=vdpa", "-a", f"{dpdk.DEVICES[1]},class=vdpa",
            "--", dpdk.DEVICES[0], r.path("vm")],
            env={"LD_LIBRARY_PATH": str(driver.parent)})
        app.expect("ready", 60)
        with fe.FrontEnd(str(r.path("vm"))) as front:
            front.start()
            front.send_frame(FRAME)
            for _ in range(2):
                found = app.ask("remove", r"^remove: (-?\d+)$")
                rig.check(int(found[1]) == -errno.EBUSY, f"removal of a device in use: {found[1]}")
                front.send_frame(FRAME)
            rig.check("front-end uses it" in app.text, "the refusal was not explained")
            rig.check(front.set_table([front.main, front.add_memory(1 << 30, 1 << 20)]) == 0,
                      "the memory table was refused")
            front.send_frame(FRAME)
        app.ask("unregister", r"^unregister: 0$")
        app.ask("remove", r"^remove: 0$")
        dpdk.end(r, app)
        dpdk.card_is_content(r)


main(sys.argv[1])
