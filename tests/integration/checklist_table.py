# SPDX-License-Identifier: BSD-3-Clause
"""Fails when doc/guides/checklist.md and the tests do not agree.

- each id (D1 to D33, N1 to N21, K1 to K18, V1 to V14) has one row;
- a row names tests (`suite/name`, as meson has them) or says why there is none ("none: ...");
- the sources of each named test exist and contain the id: a story's function, its docstring
  included, if a story is played, the whole file otherwise.

usage: checklist_table.py SOURCE_ROOT BUILD_ROOT
"""
import ast
import json
import pathlib
import re
import subprocess
import sys

GUIDE = "doc/guides/checklist.md"
IDS = {"D": 33, "N": 21, "K": 18, "V": 14}
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \|$")
TEST = re.compile(r"`(\w+)/([\w-]+)`")


def meson_tests(build):
    """{"suite/name": command} of all tests."""
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          capture_output=True, text=True).stdout
    return {f"{suite.split(':')[-1]}/{test['name']}": test["cmd"]
            for test in json.loads(text) for suite in test["suite"]}


def stories(text, names):
    """Source of the functions of a Python program that a test's arguments name; of the whole
    program if there are none. What stands in a table under the name counts, too."""
    found = [ast.get_source_segment(text, node) for node in ast.walk(ast.parse(text))
             if isinstance(node, ast.FunctionDef) and node.name in names]
    return "\n".join(found) or text


def sources(root, command):
    """The text that must mention the id."""
    text = ""
    for number, word in enumerate(command):
        path = pathlib.Path(word)
        if path.suffix == ".py" and path.is_file():
            code = path.read_text()
            text += stories(code, command[number + 1:])
        elif "tests/" in word and not path.suffix:
            for source in (root / "tests").rglob(path.name + ".c"):
                text += source.read_text()
    return text


def check_row(root, tests, name, where):
    """What is wrong with a row."""
    if where.startswith("none: "):
        return []
    named = ["/".join(test) for test in TEST.findall(where)]
    if not named:
        return [f"{name}: neither a test nor a reason"]
    wrong = [f"{name}: no test {test}" for test in named if test not in tests]
    return wrong + [f"{name}: {test} does not mention it" for test in named if test in tests and
                    not re.search(rf"\b{name}\b", sources(root, tests[test]))]


def main(root, build):
    tests = meson_tests(build)
    errors, seen = [], []
    for line in (root / GUIDE).read_text().splitlines():
        row = ROW.match(line)
        if row:
            seen.append(row[1])
            errors += check_row(root, tests, row[1], row[3])
        elif line.startswith("| ") and not line.startswith(("| id |", "|--")):
            errors.append(f"not a row of this table: {line}")
    wanted = [f"{letter}{number}" for letter, last in IDS.items() for number in range(1, last + 1)]
    errors += [f"no row for {name}" for name in wanted if name not in seen]
    errors += [f"{name}: a second row, or no such id" for name in sorted(set(seen))
               if seen.count(name) > 1 or name not in wanted]
    print("\n".join(errors) or f"{len(seen)} ids")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
