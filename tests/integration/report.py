#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page that --html writes against the JSON of the same run: it is well-formed, needs nothing else,
and says the same of every step and flow; what is drawn lies inside its axes.

With "prompt" the page of what was typed: flows and traffic of guests at the prompt.

usage: report.py SCENARIO FUNCTIONS [OPTION...] | prompt
"""
import json
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import dpdk  # noqa: E402
import rig  # noqa: E402
import scenario  # noqa: E402
import typed  # noqa: E402

TYPED = ["record on|off", "report FILE", "report json FILE"]

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
WHAT = {"disable": r"of queue \d+ ", "enable": r"of queue \d+ ", "hot-add": r"of \d+ MiB "}
COUNTS = ("sent", "received", "lost", "duplicated", "reordered", "torn", "invented", "excused")


def text_of(element):
    return "".join(element.itertext()).strip()


def words(element):
    return element.get("class", "").split()


def cells(row):
    """{class: text} of a row of the table of steps."""
    return {words(cell)[0]: text_of(cell) for cell in row if words(cell)}


def near(text, value, where):
    rig.check(abs(float(text) - value) <= 0.051, f"{where}: {text} on the page, {value} in the JSON")


def check_step(row, step, where):
    verdict = "skipped" if step["skipped"] else "PASS" if step["pass"] else "FAIL"
    rig.check(row["verdict"] == verdict, f"{where}: {row['verdict']}, not {verdict}")
    commands = step["firmware_commands"]
    rig.check(row["commands"] == ("–" if commands is None else str(commands)),
              f"{where}: {row['commands']} commands, not {commands}")
    if not step["directions"]:
        rig.check(row["gap_max_ms"] == "–" and row["sent"] == "", f"{where}: {row}")
        return
    near(row["gap_max_ms"], step["gap_ms"]["max"], where)
    near(row["gap_median_ms"], step["gap_ms"]["median"], where)
    for name in COUNTS:
        nb = sum(way[name] for way in step["directions"])
        rig.check(row[name] == str(nb), f"{where}: {name} {row[name]}, not {nb}")


def check_flow(row, flow, where):
    near(row["gap_max_ms"], flow["gap_ms"]["max"], where)
    near(row["gap_median_ms"], flow["gap_ms"]["median"], where)


def check_rows(page, report):
    """Every step, and behind it its flows, in the order of the JSON, and no others."""
    table = page.find(f".//{HTML}table[@id='steps']/{HTML}tbody")
    rows = [row for row in table if "fault" not in words(row)]
    faults = [text_of(row) for row in table if "fault" in words(row)]
    for step in report["steps"]:
        row = rows.pop(0)
        name = text_of(row.find(f"{HTML}th/{HTML}span"))
        rig.check(words(row) == ["step"] and name == step["name"], f"{name}, not {step['name']}")
        check_step(cells(row), step, name)
        rig.check(all(fault in faults for fault in step["faults"]), f"{name}: {faults}")
        for flow in step["flows"]:
            row = rows.pop(0)
            name = text_of(row.find(f"{HTML}th/{HTML}span"))
            rig.check(words(row) == ["flow"] and name == flow["title"], f"{name}, not {flow}")
            rig.check(re.fullmatch(f"{flow['kind']} {WHAT.get(flow['kind'], '(.* )?')}"
                                   f"(of|to|from) {flow['guest']}", name), f"title: {name}")
            check_flow(cells(row), flow, f"{step['name']}: {name}")
    rig.check(not rows, f"{len(rows)} rows more than the report")


def check_queues(page, report):
    """The indices that the last step of each queue has in the JSON are the last in its row."""
    known = {}
    for step in report["steps"]:
        for queue in step["queues"]:
            key = f"{queue['guest']} {'tx' if queue['queue'] % 2 else 'rx'} {queue['queue'] // 2}"
            if queue["saved"] is not None:
                known[key] = ", ".join(str(n) for n in queue["saved"])
    rows = page.findall(f".//{HTML}table[@id='queues']/{HTML}tbody/{HTML}tr")
    shown = {text_of(row[0]): [text_of(cell.find(f"{HTML}span")).replace("\xa0", " ")
                               for cell in row[1:] if text_of(cell)] for row in rows}
    rig.check({key: values[-1] for key, values in shown.items()} == known,
              f"indices: {shown}\nnot {known}")


def coordinates(chart):
    """All x and y of rectangles, lines and paths of a chart."""
    for element in chart.iter():
        get = element.get
        if element.tag == f"{SVG}rect":
            yield float(get("x")), float(get("y"))
            yield float(get("x")) + float(get("width")), float(get("y")) + float(get("height"))
        elif element.tag == f"{SVG}line":
            yield float(get("x1")), float(get("y1"))
            yield float(get("x2")), float(get("y2"))
        elif element.tag == f"{SVG}path":
            for letter, number in re.findall(r"([HV])(-?[\d.]+)", get("d")):
                yield (float(number), 0) if letter == "H" else (0, float(number))


def check_drawings(page, report):
    charts = page.findall(f".//{SVG}svg")
    rig.check(len(charts) >= 1 and "chart" in words(charts[0]), "no chart")
    for chart in charts:
        _, _, width, height = (float(n) for n in chart.get("viewBox").split())
        for x, y in coordinates(chart):
            # what is narrower than a person sees is drawn wider, at the very end too
            rig.check(0 <= x <= width + 2 and 0 <= y <= height, f"({x}, {y}) is outside")
    marks = [text_of(element.find(f"{SVG}title")) for element in charts[0].iter(f"{SVG}rect")
             if words(element)[0] in ("band", "flow")]
    wanted = [step["name"] for step in report["steps"] if not step["skipped"]]
    for name in wanted:
        rig.check(any(mark.startswith(f"{name}: at ") for mark in marks), f"no band for {name}")
    flows = sum(len(step["flows"]) for step in report["steps"])
    rig.check(len(marks) == len(wanted) + 2 * flows, f"{len(marks)} marks")
    lines = [path.get("d") for path in charts[0].iter(f"{SVG}path") if words(path) == ["line"]]
    # A point each 10 ms; the shortest of these runs takes half a second.
    points = [line.count("H") for line in lines]
    rig.check(len(points) == 2 and min(points) > 20, f"no rates: {points} points")


def check_head(page, text, report):
    rig.check(text_of(page.find(f".//{HTML}span[@id='verdict']")) ==
              ("PASS" if report["pass"] else "FAIL"), "another verdict")
    facts = page.find(f".//{HTML}dl[@id='facts']")
    facts = "\n".join(text_of(fact) for fact in facts)
    for word in report["devices"] + [report["scenario"], report["layout"], str(report["seed"])]:
        rig.check(word in facts, f"{word} is not in {facts}")
    for word in ("<script", "src=", "href", "url(", "@import"):
        rig.check(word not in text, f"the page has {word}")


def check(text, report):
    page = ElementTree.fromstring(text)
    check_head(page, text, report)
    check_rows(page, report)
    check_queues(page, report)
    check_drawings(page, report)


def main(name, functions, *options):
    with rig.Rig("report") as r:
        status, text = scenario.launch(r, functions, [
            "--scenario", name, "--json", "report.json", "--html", "report.html", *options])
        print(text)
        rig.check(status == 0, f"exit status {status}")
        html = r.path("report.html").read_text()
        if "KEEP_PAGE" in os.environ:
            pathlib.Path(os.environ["KEEP_PAGE"]).write_text(html)
        report = json.loads(r.path("report.json").read_text())
        check(html, report)
        # no card was named, so nobody breaks a queue
        wanted = 3 if name == "recover" else 0
        rig.check(report["skipped"] == wanted and wanted ==
                  sum("--card" in (step["skipped"] or "") for step in report["steps"]),
                  f"{report['skipped']} steps were skipped, not {wanted}")
        dpdk.card_said(r, " left", "mlx5emu error")


def say(typist, line, sentence):
    text = typist.told(line, 60)
    rig.check(re.search(sentence, text), f"{line}: not '{sentence}': {text}")


def page_of(r, typist, name):
    say(typist, f"report {r.path(name)}", rf"wrote .*{name}")
    if "KEEP_PAGE" in os.environ:
        pathlib.Path(os.environ["KEEP_PAGE"]).write_text(r.path(name).read_text())
    return ElementTree.fromstring(r.path(name).read_text())


def rows_of(page):
    rows = page.findall(f".//{HTML}table[@id='steps']/{HTML}tbody/{HTML}tr")
    return [(text_of(row.find(f"{HTML}th/{HTML}span")), cells(row)) for row in rows]


def arrived(typist):
    """Packets of A that have arrived so far."""
    return int(re.search(r"arrived (\d+)", typist.told("guest show A"))[1])


def typed_flows(typist):
    for device, name in zip(dpdk.DEVICES, "AB"):
        say(typist, f"attach {device} {name}.sock", "attached")
        say(typist, f"guest add {name} {name}.sock", f"added guest {name}")
    say(typist, "guest start A rxtx peer B rate 3000", "guest A: rxtx to B")
    say(typist, "record on", "recording: on")
    say(typist, "flow hot-add A 64M", "hot-add of 64 MiB to A")
    say(typist, "flow reset B", "reset of B")
    # The curves have a point each 10 ms: 300 packets at 3000 a second take ten times as long.
    before = arrived(typist)
    while arrived(typist) < before + 300:
        pass


def check_typed_json(r, typist, rows):
    """The JSON of the flows says the same as their page."""
    say(typist, f"report json {r.path('flows.json')}", r"wrote .*flows.json")
    flows = json.loads(r.path("flows.json").read_text())["flows"]
    rig.check([flow["title"] for flow in flows] == [name for name, _ in rows], f"{flows}")
    for flow, (name, row) in zip(flows, rows):
        rig.check(flow["pass"] and flow["error"] is None, f"{name}: {flow}")
        for count in COUNTS:
            rig.check(row[count] == str(flow[count]), f"{name}: {count} {row[count]}, not {flow}")
        check_flow(row, flow, name)


def prompt():
    """A page without anything, one while it is recorded, and one when a guest has gone."""
    with rig.Rig("report") as r:
        app = dpdk.testvdpa(r, functions=2, wire="switch", more=dpdk.ALONE)
        typist = typed.Typist(app, TYPED)
        say(typist, "record on", "0 guests: traffic of 1 to 4 can be recorded")
        say(typist, f"report {r.path('no')}/page.html", "report .*: No such file or directory")
        page = page_of(r, typist, "empty.html")
        rig.check(not rows_of(page) and not page.findall(f".//{SVG}svg"), "something on nothing")
        typed_flows(typist)
        page = page_of(r, typist, "flows.html")
        names = [name for name, _ in rows_of(page)]
        rig.check(names == ["hot-add of 64 MiB to A", "reset of B"], names)
        for name, row in rows_of(page):
            rig.check(row["verdict"] == "PASS" and row["lost"] == "0" and int(row["sent"]) > 0 and
                      float(row["gap_max_ms"]) > 0, f"{name}: {row}")
        check_typed_json(r, typist, rows_of(page))
        titles = [text_of(e) for e in page.iter(f"{SVG}text") if words(e) == ["name"]]
        rig.check(titles[:2] == ["from A", "from B"], titles)
        say(typist, "guest stop A", "stopped guest A")
        say(typist, "guest remove A", "removed guest A")
        rig.check(len(rows_of(page_of(r, typist, "gone.html"))) == 2, "flows went with their guest")
        say(typist, "record off", "recording: off")
        typist.check()
        app.send("quit")
        rig.check(app.wait(30) == 1, "two commands failed, and the exit status is not 1")
        dpdk.card_said(r, " left", "mlx5emu error")


if sys.argv[1:] == ["prompt"]:
    prompt()
elif __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
