# SPDX-License-Identifier: BSD-3-Clause
"""Every command of dpdk-testvdpa is typed by a test. How that is made sure of:

A test file that types commands has a list at its top of the syntaxes that it types, as `help` prints
them:

    TYPED = ["attach DEV SOCKET [server|client]", "quit"]

and types through a Typist, which fails the test at check() if a command of the list was not typed
and answered:

    typist = typed.Typist(app, TYPED)
    typist.ask("attach 0000:03:00.2 s0", r"attached")
    typist.check()

Options count as well: for a syntax with options, each of them has to be in some line. The test
`typed_all` reads the lists of all files (without running them) and fails when a command of `help` is
in none, or a list has one that `help` has not.
"""
import ast
import re

import rig


class Syntax:
    """A command's syntax (see app/testvdpa/syntax.h), and what was typed of it."""

    def __init__(self, text):
        self.text = text
        self.words = []  # (regex, optional)
        self.options = []  # (keys, regex of the value or None)
        for brackets, group in re.findall(r"(\[)?((?<=\[)[^]]*|[^][ ]+)\]?", text):
            if not brackets:
                self.words.append((self._regex(group), False))
            elif group[0].isupper():
                self.words.append((self._regex(group), True))
            else:
                key, _, value = group.partition(" ")
                self.options.append((key.split("|"), self._regex(value) if value else None))
        self.lines = 0
        self.given = set()

    @staticmethod
    def _regex(word):
        if word[0].isupper():
            return r"\S+"
        return "|".join(re.escape(choice) for choice in word.split("|"))

    def keys(self):
        return {key for keys, _ in self.options for key in keys}

    def fits(self, line):
        """The keys of the options in a line of this syntax, None if the line has another one."""
        words = line.split("#")[0].split()
        needed = sum(not optional for _, optional in self.words)
        if not needed <= len(words) or any(
                not re.fullmatch(regex, word) for (regex, _), word in zip(self.words, words)):
            return None
        rest = words[len(self.words):]
        given = set()
        while rest:
            key = rest.pop(0)
            value = [value for keys, value in self.options if key in keys]
            if not value or (value[0] and not (rest and re.fullmatch(value[0], rest.pop(0)))):
                return None
            given.add(key)
        return given


class Typist:
    """Types to an app at its prompt and keeps account of the commands."""

    def __init__(self, app, syntaxes):
        self.app = app
        self.syntaxes = [Syntax(text) for text in syntaxes]

    def _account(self, line):
        for syntax in self.syntaxes:
            given = syntax.fits(line)
            if given is not None:
                syntax.lines += 1
                syntax.given |= given

    def ask(self, line, pattern, timeout=20):
        """Types a line and waits for its answer, a regular expression, and for the next prompt, so
        that what still comes of this line is not taken for the next one's; returns the match."""
        found = self.app.ask(line, pattern, timeout)
        if line != "quit" and "testvdpa> " not in pattern:
            self.app.expect(r"testvdpa> ", timeout)
        self._account(line)
        return found

    def told(self, line, timeout=20):
        """Types a line; returns all that is printed until the next prompt, without the line."""
        text = self.app.told(line, "testvdpa> ", timeout)
        self._account(line)
        return text.split("\n", 1)[1] if text.startswith(line) else text

    def script(self, text):
        """Takes lines into account that the app has got in a file, and has run well."""
        for line in text.splitlines():
            self._account(line)

    def check(self):
        """Fails unless all commands of the list were typed, with all their options."""
        never = [syntax.text for syntax in self.syntaxes if not syntax.lines]
        rig.check(not never, f"in TYPED, and not typed: {never}")
        for syntax in self.syntaxes:
            missing = syntax.keys() - syntax.given
            rig.check(not missing, f"'{syntax.text}' was never typed with {sorted(missing)}")


def of_help(text):
    """The syntaxes that `help` has printed."""
    lines = text.splitlines()
    found = []
    for line, below in zip(lines, lines[1:] + [""]):
        if re.match(r"  \S", line):
            found.append((line if below.startswith(" " * 40) else line[:40]).strip())
    return found


def of_file(path):
    """The list TYPED at the top of a test file; an empty one where it has none."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "TYPED":
            return ast.literal_eval(node.value)
    return []
