# SPDX-License-Identifier: BSD-3-Clause
"""Debian packages of another suite than this machine's, unpacked and never installed. apt gets them
from the archives of the machine's own source list and checks their signatures; nothing of the
machine's package system is changed, and no root is needed."""
import pathlib
import re
import shutil
import subprocess
import tempfile


class NotHere(Exception):
    """The packages cannot be had on this machine; the text says why."""


def stanza(suite):
    """A source list entry for the suite, made of the machine's own entry for Debian."""
    for file in sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*.sources")):
        for text in file.read_text().split("\n\n"):
            fields = dict(re.findall(r"^([A-Za-z-]+):\s*(.*)$", text, re.M))
            if re.search(r"(?<![\w-])(bookworm|trixie|sid|stable)(?![\w-])",
                         fields.get("Suites", "")):
                keys = f"Signed-By: {fields['Signed-By']}\n" if "Signed-By" in fields else ""
                return (f"Types: deb\nURIs: {fields['URIs']}\nSuites: {suite}\n"
                        f"Components: main\n{keys}")
    lists = [pathlib.Path("/etc/apt/sources.list"),
             *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*.list"))]
    for file in lists:
        for line in file.read_text().splitlines() if file.exists() else []:
            found = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(bookworm|trixie|sid|stable)\s", line)
            if found:
                return f"Types: deb\nURIs: {found[1]}\nSuites: {suite}\nComponents: main\n"
    raise NotHere("this machine has no apt source of Debian")


def apt(work, suite):
    """The command line of an apt-get that knows nothing but the suite, its files in @work."""
    for name in ("sources.d", "lists/partial", "cache/archives/partial", "deb"):
        (work / name).mkdir(parents=True)
    (work / "sources.d" / "debian.sources").write_text(stanza(suite))
    return ["apt-get", "-q", "-o", "Dir::Etc::SourceList=/dev/null",
            "-o", f"Dir::Etc::SourceParts={work}/sources.d",
            "-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::Cache={work}/cache",
            "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"]


def unpack(suite, packages, into, version=""):
    """Unpacks the packages together into the new directory @into and leaves the first one's version
    in its file VERSION; only a version that begins with @version will do."""
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        command = apt(work, suite)
        if subprocess.run([*command, "update"], stdin=subprocess.DEVNULL).returncode != 0:
            raise NotHere(f"apt-get update of {suite} failed")
        if subprocess.run([*command, "download", *(f"{name}/{suite}" for name in packages)],
                          cwd=work / "deb", stdin=subprocess.DEVNULL).returncode != 0:
            raise NotHere(f"{suite} gives no {' and '.join(packages)}")
        files = [next((work / "deb").glob(f"{name}_*.deb")) for name in packages]
        has = subprocess.run(["dpkg-deb", "-f", files[0], "Version"], check=True, text=True,
                             capture_output=True).stdout.strip()
        if not has.startswith(version):
            raise NotHere(f"{suite} has {packages[0]} {has} now, not {version}")
        part = into.with_name(into.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for file in files:
            subprocess.run(["dpkg-deb", "-x", file, part], check=True)
        (part / "VERSION").write_text(has)
        part.rename(into)
