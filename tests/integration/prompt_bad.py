# SPDX-License-Identifier: BSD-3-Clause
"""Commands that make no sense, in a script: each gets one clear sentence, the app goes on with the
next line, and its exit status is 1. Then the program's own options, well used and badly, and the end
of a wait.

usage: prompt_bad.py
"""
import os
import pathlib
import re
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402

DEV, OTHER = dpdk.DEVICES
ATTACH = "usage: attach DEV SOCKET [server|client]"
NO_PORT = "no port has a device or a socket called"
SECONDS = "is no number of seconds (3 or 0.5, to the millisecond)"

# (line, what is said; None: nothing, the line is good)
LINES = [
    ("nonsense", "unknown command 'nonsense' ('help' lists them)"),
    ("\x01\x7f", "unknown command '\x01\x7f' ('help' lists them)"),
    ("attach", f"something is missing, {ATTACH}"),
    (f"attach {DEV}", f"something is missing, {ATTACH}"),
    (f"attach {DEV} s0 both", f"'both' does not fit, {ATTACH}"),
    (f"attach {DEV} s0 client server", f"'server' is given twice, {ATTACH}"),
    ("attach nobody s0", "no vDPA device is called 'nobody'"),
    (f"attach {DEV} no/such/s",
     "socket no/such/s: directory no/such: No such file or directory"),
    (f"attach {DEV} file/s", "socket file/s: file is not a directory"),
    (f"attach {DEV} file", "socket file: the path exists and is not a socket"),
    (f"attach {DEV} busy", "socket busy: the path is in use by another process"),
    (f"attach {DEV} {'s' * 108}", "the path has 108 characters, at most 107 are possible"),
    (f"attach {DEV} {'s' * 256}", "word 3 has 256 characters, at most 255 are possible: sss"),
    ("show port", None),
    (f"attach {DEV} s0", None),
    (f"attach {DEV} s1", f"cannot attach {DEV} to s1: device {DEV} is attached to s0"),
    (f"attach {OTHER} s0", f"cannot attach {OTHER} to s0: device {DEV} is attached to s0"),
    ("detach", "something is missing, usage: detach DEV|SOCKET"),
    ("detach s1", f"{NO_PORT} 's1'"),
    ("show port s1", f"{NO_PORT} 's1'"),
    ("show nothing", "'nothing' does not fit, usage: show "),
    ("show", "something is missing, usage: show "),
    *[(f"show {what} nobody", "no vDPA device is called 'nobody'")
      for what in ("info", "features", "limits", "device", "virtq", "stats", "memory", "json")],
    ("show keys nobody", "no driver tells memory keys of a device 'nobody'"),
    ("show queues nobody", f"{NO_PORT} 'nobody'"),
    ("show queues s0 0", "queue '0': there are no queues"),
    ("hot-plug", "something is missing, usage: hot-plug DEVARGS"),
    ("hot-plug 0000:99:00.0", "cannot plug '0000:99:00.0': "),
    (f"hot-plug {DEV},class=vdpa", f"no new vDPA device came of '{DEV},class=vdpa': is it there "
     "already, or did you forget class=vdpa?"),
    ("hot-unplug nobody", "no vDPA device is called 'nobody'"),
    (f"hot-unplug {DEV}", f"cannot unplug {DEV}: it serves s0 (waiting); detach it first"),
    ("stats every 0", "SECONDS 0 is out of range, possible are 0.1 to 86400 seconds"),
    ("stats every 86401", "SECONDS 86401 is out of range, possible are 0.1 to 86400 seconds"),
    ("stats every soon", f"SECONDS 'soon' {SECONDS}"),
    ("stats every -1", f"SECONDS '-1' {SECONDS}"),
    ("stats every 1 nobody", f"{NO_PORT} 'nobody'"),
    ("stats rates nobody", f"{NO_PORT} 'nobody'"),
    ("stats reset nobody", "no vDPA device is called 'nobody'"),
    (f"stats reset {DEV} 9999", "queue 9999 is out of range, possible are 0 to "),
    (f"stats reset {DEV} 18446744073709551616", "queue 18446744073709551616 is out of range, "),
    (f"stats reset {DEV} one", "queue 'one' is no number"),
    (f"stats reset {DEV} 0x", "queue '0x' is no number"),
    ("log list nothing*", "no log type fits 'nothing*'"),
    ("log level nothing* debug", "no log type fits 'nothing*' ('log list' shows them)"),
    ("log level pmd.* loud", "'loud' does not fit, usage: log level PATTERN emergency|"),
    ("telemetry /nothing", "telemetry /nothing: there is no such command, or its parameters make "),
    ("telemetry /vdpa/info nobody", "telemetry /vdpa/info: no device 'nobody'"),
    (f"telemetry {'/' * 200} {'p' * 250}", "there is no such command"),
    ("wait 86400.001", "SECONDS 86400.001 is out of range, possible are 0.001 to 86400 seconds"),
    ("wait 1s", f"SECONDS '1s' {SECONDS}"),
    ("help nothing", "no section of the help is called 'nothing' ('help' shows all)"),
    ("quit now", "'now' does not fit, usage: quit"),
    ("x " * 2100, "a command line has more than 4096 characters"),
    ("# a comment", None),
    ("show devices # and a comment", None),
]


def app_argv(*options, eal=()):
    driver = pathlib.Path(os.environ["DRIVER"])
    allow = [word for device in (DEV, OTHER) for word in ("-a", f"{device},class=vdpa")]
    return ["env", f"LD_LIBRARY_PATH={driver.parent}", os.environ["MLX5EMU"], "--functions", "2",
            "--", os.environ["TESTVDPA"], *dpdk.eal("prompt_bad"), *eal, "-d", driver.name, *allow,
            "--", *options]


def sentences(text, line):
    """What was said of a line: between it and the next prompt."""
    echo = f"testvdpa> {line if len(line) <= 4096 else line[:60] + '...'}\n"
    rig.check(echo in text, f"the line was not reached: {line}\n{text}")
    return text.split(echo, 1)[1].split("testvdpa> ", 1)[0]


def bad_lines(r):
    r.path("file").write_text("no socket")
    r.path("script").write_text("\n".join(line for line, _ in LINES) + "\n")
    with socket.socket(socket.AF_UNIX) as busy:
        os.chdir(r.dir)
        busy.bind("busy")
        busy.listen()
        status, text = r.run(app_argv("-i", "--cmdline-file", "script"), timeout=60)
    for line, said in LINES:
        got = re.findall(r"^testvdpa: error: (.*)", sentences(text, line), re.M)
        if said is None:
            rig.check(not got, f"'{line}': {got}")
        else:
            rig.check(len(got) == 1 and said in got[0], f"'{line}' ought to get '{said}': {got}")
    rig.check(status == 1, f"exit status {status}\n{text}")
    rig.check("2 vDPA devices" in text and not r.path("s0").exists(), "it did not go on, and end")


def well_used(r):
    r.path("good").write_text("show port\nwait 0.01\n")
    status, text = r.run(app_argv("--interactive", "--auto-start", "--client", "--iface",
                                  "prefix-", "--cmdline-file", "good"))
    rig.check(status == 0, f"exit status {status}\n{text}")
    for number, device in enumerate((DEV, OTHER)):
        rig.check(f"attached {device} to prefix-{number}\n" in text and
                  f"port {device} at prefix-{number} (client): waiting" in text, text)


def badly_used(r):
    status, text = r.run(app_argv("-i", "--cmdline-file", "missing"))
    rig.check(status == 1 and "error: command file missing: No such file or directory" in text,
              f"exit status {status}\n{text}")
    r.path("ask").write_text(f"telemetry /\nshow keys {DEV}\n")
    status, text = r.run(app_argv("-i", "--cmdline-file", "ask", eal=["--no-telemetry"]))
    rig.check(status == 1 and len(re.findall(
        r"^testvdpa: error: this process has no telemetry socket in ", text, re.M)) == 2, text)


def ended(r):
    """SIGTERM ends a wait; until then the rates go on."""
    app = r.start("waiting", [os.environ["TESTVDPA"], *dpdk.eal("prompt_wait", 64), "--no-pci",
                              "--no-telemetry", *dpdk.ALONE, "--", "-i"])
    app.expect(r"testvdpa> ", 60)
    app.ask("stats every 0.1", r"^no port is attached$")
    app.send("wait 600")
    for _ in range(3):
        app.expect(r"^no port is attached$")
    app.signal(signal.SIGTERM)
    rig.check(app.wait() == 0, "SIGTERM did not end a wait")


def main():
    with rig.Rig("prompt_bad") as r:
        bad_lines(r)
        well_used(r)
        badly_used(r)
        ended(r)


main()
