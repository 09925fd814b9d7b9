# SPDX-License-Identifier: BSD-3-Clause
"""Device arguments, devices and sockets that make no sense: a sentence, and the prompt lives on.

The card has two functions; what is wrong with the first must not touch the second, which serves a
front-end at the end of each story.

usage: bad_devargs.py
"""
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import frontend as fe  # noqa: E402
import rig  # noqa: E402

FRAME = bytes.fromhex("ffffffffffff52540000000188b5") + bytes(range(200))
BAD, GOOD = dpdk.DEVICES
UNKNOWN = "0000:7f:1f.7"


def argv(allow, *options):
    driver = pathlib.Path(os.environ["DRIVER"])
    return [os.environ["MLX5EMU"], "--functions", "2", "--wire", "loop", "--log", "card.log",
            "--", os.environ["TESTVDPA"], *dpdk.eal("badargs"), "-d", driver.name,
            *[word for device in allow for word in ("-a", device)], "--", *options]


def env():
    return {"LD_LIBRARY_PATH": str(pathlib.Path(os.environ["DRIVER"]).parent)}


def prompt(r, *allow):
    app = r.start("testvdpa", argv(allow, "-i"), env=env())
    app.expect(r"testvdpa> ", 60)
    return app


def good_lives(r, app):
    """The second function serves a front-end; then the app ends."""
    app.ask(f"attach {GOOD} {r.path('vm')} server", r"attached")
    r.await_path("vm")
    with fe.FrontEnd(str(r.path("vm"))) as front:
        front.start()
        front.send_frame(FRAME)
    app.expect("-> waiting")
    pid = pathlib.Path(f"/proc/{app.pid}/task/{app.pid}/children").read_text().strip()
    app.send("quit")
    app.wait(30)
    # The stock Ethernet driver, which takes a device without a class, leaves its socket behind.
    pathlib.Path(f"/var/tmp/dpdk_net_mlx5_{pid}").unlink(missing_ok=True)


DEVARGS = [
    ("an unknown key", f"{BAD},class=vdpa,speed=fast", r"'speed' is not known, known are: .*class"),
    ("a bad value", f"{BAD},class=vdpa,resume_index=both", r"resume_index: bad value 'both', "
     r"possible are: used, saved"),
    ("a value that is missing", f"{BAD},class=vdpa,resume_index", r"resume_index: bad value ''"),
    ("an empty value", f"{BAD},class=vdpa,resume_index=", r"resume_index: bad value ''"),
    ("an unknown device", f"{UNKNOWN},class=vdpa", None),
    ("a missing class", BAD, None),
    ("another class", f"{BAD},class=crypto", None),
]


def devargs(r):
    for what, allow, sentence in DEVARGS:
        app = prompt(r, allow, f"{GOOD},class=vdpa")
        print(f"device arguments: {what}")
        if sentence:
            rig.check(re.search(sentence, app.text), f"{what}: not said: {sentence}")
        shown = app.ask("show device", r"max virtqueues[\s\S]*testvdpa> ")[0]
        rig.check(BAD not in shown, f"{what}: the device was taken nevertheless")
        app.ask(f"attach {allow.split(',')[0]} {r.path('no')} server", r"no vDPA device is called")
        good_lives(r, app)


def sockets(r):
    """(what, command, the sentence on it)"""
    deep = r.path("x" * 60)
    deep.mkdir()
    (r.path("plain")).write_text("")
    return [
        ("an unknown device", f"attach {UNKNOWN} {r.path('vm1')}", f"no vDPA device is called "
         f"'{UNKNOWN}'"),
        ("a path of 108 characters", f"attach {BAD} {str(deep).ljust(108, 'y')}",
         r"108 characters, at most 107"),
        ("a path of 109 characters", f"attach {BAD} {str(deep).ljust(109, 'y')}",
         r"109 characters, at most 107"),
        ("a path longer than a word may be", f"attach {BAD} {str(deep).ljust(300, 'y')}",
         r"characters, at most \d+ are possible"),
        ("a directory that is not there", f"attach {BAD} {r.path('no')}/vm", r"No such file"),
        ("a directory that is a file", f"attach {BAD} {r.path('plain')}/vm", r"ot a directory"),
        ("a path that is a file", f"attach {BAD} {r.path('plain')}", r"not a socket"),
        ("a socket that is in use", f"attach {BAD} {r.path('used')}", r"in use|is attached"),
        ("a device that is in use", f"attach {GOOD} {r.path('vm1')}", r"is attached"),
        ("a device that is not attached", f"detach {BAD}", r"no port has"),
        ("a word too few", f"attach {BAD}", r"usage: attach"),
        ("a mode that is none", f"attach {BAD} {r.path('vm1')} both", r"usage: attach"),
    ]


def attaching(r):
    """Each at one prompt, and each as a script, whose exit status tells."""
    app = prompt(r, f"{BAD},class=vdpa", f"{GOOD},class=vdpa")
    app.ask(f"attach {GOOD} {r.path('used')} server", r"attached")
    cases = sockets(r)
    for what, command, sentence in cases:
        app.ask(command, f"testvdpa: error: .*(?:{sentence})")
        app.ask("help", r"detach everything and end")
        print(f"attach: {what}")
    app.ask(f"detach {GOOD}", "detached")
    good_lives(r, app)
    for what, command, sentence in cases:
        script = r.path("script")
        script.write_text(f"attach {GOOD} {r.path('used')}\n{command}\nshow device\nquit\n")
        status, text = r.run(argv([f"{BAD},class=vdpa", f"{GOOD},class=vdpa"], "--cmdline-file",
                                  script), env=env())
        rig.check(status == 1, f"script with {what}: exit status {status}\n{text}")
        rig.check(re.search(sentence, text) and "max virtqueues" in text,
                  f"script with {what}:\n{text}")
    script.write_text(f"attach {GOOD} {r.path('used')}\nquit\n")
    status, text = r.run(argv([f"{GOOD},class=vdpa"], "--cmdline-file", script), env=env())
    rig.check(status == 0, f"a good script: exit status {status}\n{text}")


def main():
    with rig.Rig("bad-devargs") as r:
        devargs(r)
        attaching(r)


main()
