# SPDX-License-Identifier: BSD-3-Clause
"""Every flow that a front-end may ask for, by the built-in guest, on our driver under traffic.

usage: guest_flows.py PROGRAM PAIRS [WORDS: packed, mergeable, ...]
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402


def main(program, pairs, *kind):
    with rig.Rig(f"flows{pairs}") as r:
        app = dpdk.testvdpa(r)
        app.ask(f"attach {dpdk.DEVICES[0]} {r.path('vm')} server", r"testvdpa> ")
        r.await_path("vm")
        guest = r.start("guest", [program, r.path("vm"), pairs, *kind])
        status = guest.wait(150)
        print(guest.text)
        rig.check(status == 0, "the guest is not content")
        rig.check("mergeable" not in kind or "granted: mergeable;" in guest.text,
                  "the guest's wish was not granted")
        dpdk.end(r, app)
        dpdk.card_is_content(r)
        # A ring that comes back in the same life is resumed, as the card can do it.
        rig.check(re.search(r"VIRTQ .*: SUSPEND -> RDY", r.path("card.log").read_text()),
                  "no queue was resumed")


main(*sys.argv[1:])
