# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the collection with what there is without it. `make bench` calls it.

In each part, what is compared takes turns, so that whatever else the machine does meets all of it alike, and medians
count. The parts:

unchanged     runs that change nothing, against ansible.builtin.ping and a play of stock modules
conversation  one test send, against swaks
fleet         test mail from many instances, as many as the smallest number asked for, against community.general.mail
drift         the examination of fleets of all sizes with the playbook weestimate.mail.drift
report        the report on a made-up fleet of the largest size
relay         mail through the relay's OAuth proxy, against mail by password to the same upstream; needs root and podman

Needs the collection where Ansible and Python look for it, and on PYTHONPATH the folders ``demo``, for the embedded
WeEstimate and the mail server, and ``tests/integration/support``, for made-up reports. A part that lacks what it
compares with is left out, and says so.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import artifacts
import conversation
import drift
import fleet
import relay
import unchanged
from playbook import BenchError
from report import Finding

PARTS: Mapping[str, Callable[[Path, argparse.Namespace], Finding]] = {
    "unchanged": lambda folder, given: unchanged.measure(folder, given.instances, given.forks, given.repetitions),
    "conversation": lambda folder, given: conversation.measure(folder, given.forks),
    "fleet": lambda folder, given: fleet.measure(folder, min(given.instances), given.forks, given.repetitions),
    "drift": lambda folder, given: drift.measure(folder, given.instances, given.forks),
    "report": lambda folder, given: artifacts.measure(folder, max(given.instances)),
    "relay": lambda folder, given: relay.measure(folder, given.repetitions),
}


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--instances", type=int, nargs="+", default=[100, 1000], metavar="NUMBER")
    parser.add_argument("--forks", type=int, default=5, metavar="NUMBER", help="Ansible's own default is 5")
    parser.add_argument("--repetitions", type=int, default=3, metavar="NUMBER", help="of each playbook; default: 3")
    parser.add_argument("--report-only", action="store_true", help="do not fail when a target is missed")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measure and report; 0 when all targets are reached."""
    given = arguments(words)
    findings = []
    with tempfile.TemporaryDirectory(prefix="weestimate-bench.") as name:
        for part in given.parts:
            folder = Path(name) / part
            folder.mkdir()
            findings.append(PARTS[part](folder, given))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors, {given.forks} forks"
    print(f"\nansible-core {version('ansible-core')}, {machine}")
    for finding in findings:
        print(f"\n{finding}")
    missed = [target for finding in findings for target in finding.targets if not target.reached]
    return 1 if missed and not given.report_only else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        sys.exit(f"bench: {error}")
