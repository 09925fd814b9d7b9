# SPDX-License-Identifier: BSD-3-Clause
"""The report of a story, for people."""
import statistics

QUEUE_NAMES = ["rx", "tx"]
COLUMNS = ["sent", "received", "lost", "duplicated", "reordered", "corrupt", "gap_ms"]


def indices(value):
    return "-" if value is None else f"({value[0]},{value[1]})"


def queue_name(queue):
    return f"{queue['guest']}.{QUEUE_NAMES[queue['queue'] % 2]}{queue['queue'] // 2}"


def table(rows):
    """Rows of cells as lines, the first column left-justified, the others right-justified."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        yield "  " + "  ".join(cells).rstrip()


def traffic_lines(steps):
    rows = [["step", "", *COLUMNS, ""]]
    for step in steps:
        name, verdict = step["name"], "PASS" if step["pass"] else "FAIL"
        for book in step["directions"] or [{"direction": ""}]:
            rows.append([name, book["direction"],
                         *(str(book.get(column, "-")) for column in COLUMNS), verdict])
            name = verdict = ""
    return table(rows)


def queue_lines(steps):
    """Only what a step changed: a queue that was not stopped in it says nothing new."""
    rows = [["step", "commands", "queue", "saved (A,U)", "resumed (A,U)"]]
    former = {}
    for step in steps:
        name, commands = step["name"], step["firmware_commands"]
        head = [name, "-" if commands is None else str(commands)]
        changed = [q for q in step["queues"] if former.get(queue_name(q)) != q]
        for queue in changed or [None]:
            if queue is None:
                rows.append([*head, "", "", ""])
            else:
                former[queue_name(queue)] = queue
                rows.append([*head, queue_name(queue), indices(queue["saved"]),
                             indices(queue["resumed"])])
            head = ["", ""]
    return table(rows)


def remark_lines(steps):
    for step in steps:
        for key, value in step["notes"].items():
            yield f"  {step['name']}: {key}: {value}"
        for fault in step["faults"]:
            yield f"  {step['name']}: FAULT: {fault}"


def median_row(migrations):
    """Of those that arrived with all their memory copied."""
    rows = [row for row in migrations if row["dirty_pages"] is not None]
    return {"name": f"median of {len(rows)}",
            **{key: round(statistics.median(row[key] for row in rows), 1)
               for key in rows[0] if key != "name"}} if len(rows) > 2 else None


def migration_lines(migration):
    """The report of a guest that moves between hosts (MigrationStory.as_dict())."""
    yield from traffic_lines(migration["steps"])
    yield ""
    rows = [row for row in (*migration["migrations"], median_row(migration["migrations"])) if row]
    if rows:
        yield from table([["migration", *list(rows[0])[1:]],
                          *(["-" if cell is None else str(cell) for cell in row.values()]
                            for row in rows)])
        yield ""
    yield from remark_lines(migration["steps"])


def lines(report):
    """The whole report."""
    yield f"back-end: {report['backend']}"
    yield ""
    yield from traffic_lines(report["steps"])
    yield ""
    yield from queue_lines(report["steps"])
    yield ""
    yield from remark_lines(report["steps"])
    yield ""
    if report["migration"]:
        yield f"guest A moves between {report['migration']['back-end']}"
        yield ""
        yield from migration_lines(report["migration"])
    else:
        yield "migration: not played, as software vhost here has no switch to join two hosts"
    yield f"{'PASS' if report['pass'] else 'FAIL'} ({report['seconds']:.1f} s)"


RUN_COLUMNS = ["lost", "excused", "duplicated", "reordered", "torn", "invented"]


def run_row(report):
    """A run of all scenarios in one row."""
    ways = [way for step in report["steps"] for way in step["directions"]]
    played = [step for step in report["steps"] if not step["skipped"]]
    return [f"{report['layout']}, queue pairs: {report['queue_pairs']}",
            str(sum(step["pass"] for step in played)),
            str(sum(not step["pass"] for step in played)), str(report["skipped"]),
            str(sum(way["sent"] for way in ways)),
            *(str(sum(way[column] for way in ways)) for column in RUN_COLUMNS),
            f"{max((step['gap_ms']['max'] for step in played), default=0):.1f}",
            f"{report['seconds']:.1f}", "PASS" if report["pass"] else "FAIL"]


def scenario_lines(reports):
    """All runs: one row each, then what failed or was not played."""
    yield from table([["rings", "passed", "failed", "skipped", "packets", *RUN_COLUMNS, "gap_ms",
                       "s", ""], *map(run_row, reports)])
    yield ""
    for report in reports:
        run = f"{report['layout']}, {report['queue_pairs']}"
        for fault in report["faults"]:
            yield f"  {run}: FAULT: {fault}"
        for step in report["steps"]:
            name = ": ".join(filter(None, [run, step["scenario"], step["name"]]))
            if step["skipped"]:
                yield f"  {name}: skipped: {step['skipped']}"
            for fault in step["faults"][:3]:
                yield f"  {name}: FAULT: {fault}"
            if step["nb_faults"] > 3:
                yield f"  {name}: FAULT: and {step['nb_faults'] - 3} more"
