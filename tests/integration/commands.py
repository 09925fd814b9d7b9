# SPDX-License-Identifier: BSD-3-Clause
"""How many firmware commands each flow takes, by name, exactly; counted by the card's trace for 1,
2 and 8 queue pairs. The formulas are in command_table.py, and in doc/guides/driver.md as a table.

usage: commands.py CASE [--print]
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import flows  # noqa: E402
import rig  # noqa: E402
from command_table import CASES, value  # noqa: E402

PAIRS = (1, 2, 8)


def measure(case, pairs):
    """{step: {command: count}} of one run; "probe" is one of the steps."""
    devargs = case.get("devargs", "").replace("PAIRS", str(pairs))
    with rig.Rig("commands") as r:
        run = flows.Run(r, case["driver"], pairs, {"capabilities": case.get("card", {})}, devargs,
                        alive_ms=case.get("alive_ms", 8000))
        found = {"probe": run.probe}
        for step in case["flows"]:
            if step == "probe":
                continue
            dead = step in case.get("dead", ())
            done = run.do(step, alive_ms=100 if dead else None)
            rig.check(done["ret"] == 0, f"{step}: {done['ret']}")
            rig.check(not done["failed"], f"{step}: refused: {done['failed']}")
            rig.check(dead or step in ("stop", "disable") or done["alive"] == pairs,
                      f"{step}: {done['alive']} of {pairs} pairs run")
            found[step] = done["commands"]
        account = run.account()
        for what in ("lost", "duplicated", "reordered", "torn", "invented"):
            rig.check(account[what] == 0 or what == "lost" and case.get("loses"),
                      f"{account[what]} packets {what}")
        run.app.send("quit")
        rig.check(run.app.wait(30) == 0, "the app did not end well")
    return found


def compare(step, wanted, found, pairs):
    """The differences, each as a sentence."""
    wanted = wanted_of(wanted, pairs)
    names = sorted(set(wanted) | set(found))
    expected = {name: value(wanted.get(name, 0), 2 * pairs) for name in names}
    return [f"{step}, {pairs} pairs: {name}: {found.get(name, 0)}, expected {expected[name]} "
            f"({wanted.get(name, 0)})" for name in names if found.get(name, 0) != expected[name]]


def wanted_of(wanted, pairs):
    return wanted.get(pairs, wanted["more"]) if "more" in wanted else wanted


def formula(counts):
    """What fits the counts for 1 and 2 pairs, as text; 8 pairs are the proof."""
    one, two, eight = (counts[pairs] for pairs in PAIRS)
    slope = two - one  # a pair
    if eight != one + 7 * slope:
        return f"{one} for one pair, {two}" if two == eight else str(counts)
    base = f"{one - slope:+d}" if one != slope else ""
    if slope == 0:
        return str(one)
    factor = "" if slope in (1, 2) else slope // 2 if slope % 2 == 0 else slope
    return f"{factor}V{'/2' if slope % 2 else ''}{base}"


def total(results, step):
    return formula({pairs: sum(results[pairs][step].values()) for pairs in PAIRS})


def learn(results, steps):
    """What was counted, to be compared with the table by eye."""
    for step in steps:
        names = sorted({name for pairs in PAIRS for name in results[pairs][step]})
        counts = [f"{name}: {formula({pairs: results[pairs][step].get(name, 0) for pairs in PAIRS})}"
                  for name in names]
        print(f"{step}: {total(results, step)} = {', '.join(counts)}")


def main(name, how=None):
    case = CASES[name]
    results = {pairs: measure(case, pairs) for pairs in PAIRS}
    if how == "--print":
        learn(results, case["flows"])
        return
    wrong = [line for step, wanted in case["flows"].items() for pairs in PAIRS
             for line in compare(step, wanted, results[pairs][step], pairs)]
    print(*wrong, sep="\n")
    if wrong:
        sys.exit(1)
    for step in case["flows"]:
        print(f"{step:12} {total(results, step)} commands")


if __name__ == "__main__":
    main(*sys.argv[1:])
