# SPDX-License-Identifier: BSD-3-Clause
"""Live migration between two hosts, each with a card and a back-end of its own.

usage: migrate.py BUILD-DIRECTORY [--migrations N] [--packed]
"""
import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from rig import Rig, check  # noqa: E402
import rig_image  # noqa: E402
import rig_report  # noqa: E402
from rig_hosts import TwoHosts  # noqa: E402
from rig_migrate import MigrationStory  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--migrations", type=int, default=10, metavar="N",
                        help="how often A moves to the other host (10)")
    parser.add_argument("--packed", action="store_true", help="with packed rings")
    return parser.parse_args()


def tell(text):
    print(text, flush=True)


def play(rig, args):
    image = rig_image.prepare(args.build, update=False)
    backend = TwoHosts(args.build, rig.dir)
    story = MigrationStory(backend, image, rig.dir, tell, args.migrations, args.packed)
    try:
        story.play_all()
        story.close()
        backend.stop()
    finally:
        for line in rig_report.migration_lines(story.as_dict()):
            tell(line)
        story.close()
        backend.abort()
    check(story.passed(), "; ".join(fault for step in story.steps for fault in step.faults))


def main():
    os.umask(0o077)
    args = arguments()
    args.build = args.build.resolve()
    with Rig("migrate") as rig:
        play(rig, args)


if __name__ == "__main__":
    main()
