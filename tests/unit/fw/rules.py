#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fails when doc/guides/emulated-card-rules.md and the firmware's syndromes do not agree.

usage: rules.py SOURCE_ROOT

- each syndrome of lib/emu/fw/fw_syndrome.h has a row, with the number and the status it has there;
- each row names a test file and a function of it that exists, is run (it stands in the list of
  main), and expects this very syndrome.
"""
import pathlib
import re
import sys

HEADER = "lib/emu/fw/fw_syndrome.h"
GUIDE = "doc/guides/emulated-card-rules.md"
TESTS = "tests/unit"
SYNDROME = re.compile(r"^\tS\((\w+), (0x\w+), (\w+),", re.M)
ROW = re.compile(r"^\| (?P<rule>.+) \| (?P<status>\w+) \| (?P<number>0x\w+) (?P<name>\w+) \| "
                 r"`(?P<file>\w+\.c)`: `(?P<test>\w+)` \|$")
# Naming a syndrome here is no test of it.
NOT_A_TEST = re.compile(r"fw_syndrome_(?:errno|status|text)\(FW_SYN_\w+\)")


def functions(path):
    """{name: body} of the test functions of a file that its main() runs; a body has those of the
    file's other functions that it calls behind it."""
    text = path.read_text()
    runs = text[text.index("\nmain(void)"):]
    bodies = {name: NOT_A_TEST.sub("", body) for name, body
              in re.findall(r"^static [^\n]*\n(\w+)\(.*?\n\{(.*?)^\}$", text, re.M | re.S)}
    return {name: body + "".join(bodies[called] for called in set(re.findall(r"\w+(?=\()", body))
                                 if called in bodies)
            for name, body in bodies.items()
            if name.startswith("test_") and re.search(rf"\b{name}\b", runs)}


def check_row(row, syndromes, files):
    """What is wrong with a row, or None."""
    name = row["name"]
    if name not in syndromes:
        return f"no such syndrome: {name}"
    if (row["number"], row["status"]) != syndromes[name]:
        return f"{name} is {syndromes[name]}, not {row['number'], row['status']}"
    if row["file"] not in files:
        return f"no such test: {row['file']}"
    tests = functions(files[row["file"]])
    if row["test"] not in tests:
        return f"{row['file']} runs no {row['test']}"
    if not re.search(rf"\bFW_SYN_{name}\b", tests[row["test"]]):
        return f"{row['test']} of {row['file']} does not expect {name}"
    return None


def main(root):
    syndromes = {name: (number, status) for name, number, status
                 in SYNDROME.findall((root / HEADER).read_text()) if name != "OK"}
    files = {path.name: path for path in (root / TESTS).rglob("test_*.c")}
    errors, seen, nb_rows = [], set(), 0
    for number, line in enumerate((root / GUIDE).read_text().splitlines(), 1):
        if not line.startswith("| ") or line.startswith(("| rule |", "|--")):
            continue
        row = ROW.match(line)
        wrong = check_row(row, syndromes, files) if row else "not a row of this table"
        if wrong:
            errors.append(f"{GUIDE}:{number}: {wrong}")
        if row:
            seen.add(row["name"])
        nb_rows += 1
    errors += [f"{GUIDE}: no row for {name} {syndromes[name]}" for name in syndromes
               if name not in seen]
    print("\n".join(errors) or f"{nb_rows} rules, {len(syndromes)} syndromes")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
