# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare runs that change nothing with ansible.builtin.ping and with a play of stock modules. `make bench` calls it.

Each playbook of the folder ``plays`` runs over the same inventories, in turns, so that whatever else the machine does
meets all of them alike. Of three repetitions the median counts; from 500 instances on each playbook runs once, and the
figure is that of a single run. Before that, the role and the stock play each configure a new instance, and have to
arrive at the same options: what is compared does the same.

Needs the collection where Ansible looks for it, and the folder ``demo`` on PYTHONPATH for the embedded WeEstimate.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import report
from instances import Site
from measure import Cost, run

PLAYS = Path(__file__).resolve().parent / "plays"
REPETITIONS = 3
ONCE_FROM = 500  # instances; runs that long average out by themselves

_RECAP = re.compile(r"^\S+ +: ok=[1-9]\d* +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


class BenchError(Exception):
    """A run did not do what is to be measured."""


def play(name: str, site: Site, forks: int, *, changes: int = 0) -> Cost:
    """Run the playbook *name* over *site*, and return its cost.

    :raises BenchError: it failed, or the hosts did not all report *changes* changed tasks.
    """
    log = site.folder / f"{name}.log"
    command = ["ansible-playbook", "--forks", str(forks), "--inventory", str(site.inventory)]
    try:
        cost = run([*command, str(PLAYS / f"{name}.yml")], log)
    except subprocess.CalledProcessError as error:
        raise BenchError(f"{name} failed:\n{log.read_text(encoding='utf-8')}") from error
    changed = [int(count) for count in _RECAP.findall(log.read_text(encoding="utf-8"))]
    if changed != [changes] * len(site.hosts):
        raise BenchError(f"{name} did not report {changes} changed tasks on each of {len(site.hosts)} hosts: {changed}")
    return cost


def configured(folder: Path, forks: int) -> Site:
    """A site of one instance that the role has configured.

    :raises BenchError: the stock play does not arrive at the same options.
    """
    by_role, by_stock = (Site(folder / name, 1) for name in ("role", "stock"))
    for name, site in (("role", by_role), ("stock", by_stock)):
        site.install()
        play(name, site, forks, changes=1)
    one, other = (site.options(site.hosts[0]) for site in (by_role, by_stock))
    if one != other:
        differing = sorted(name for name in one if one[name] != other.get(name))
        raise BenchError(f"The role and the stock play do not arrive at the same options: {', '.join(differing)}")
    return by_role


def compare(site: Site, forks: int, repetitions: int) -> dict[str, Cost]:
    """The median cost of each playbook over *site*; of one repetition, its cost."""
    costs: dict[str, list[Cost]] = {name: [] for name in report.TITLES}
    for repetition in range(1, repetitions + 1):
        for name, measured in costs.items():
            measured.append(play(name, site, forks))
            progress = f"{len(site.hosts):,} instances, run {repetition} of {repetitions}"
            print(f"{progress}: {report.TITLES[name]} … {measured[-1].wall:.1f} s", file=sys.stderr, flush=True)
    return {name: Cost.median(measured) for name, measured in costs.items()}


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=int, nargs="+", default=[100, 1000], metavar="NUMBER")
    parser.add_argument("--forks", type=int, default=5, metavar="NUMBER", help="Ansible's own default is 5")
    parser.add_argument("--report-only", action="store_true", help="do not fail when a target is missed")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Measure and report; 0 when all targets are reached."""
    given = arguments(words)
    costs = {}
    with tempfile.TemporaryDirectory(prefix="weestimate-bench.") as name:
        folder = Path(name)
        template = configured(folder / "template", given.forks)
        for instances in given.instances:
            site = Site(folder / str(instances), instances)
            site.install_like(template)
            costs[instances] = compare(site, given.forks, 1 if instances >= ONCE_FROM else REPETITIONS)
    targets = list(report.targets(costs))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} processors, {given.forks} forks"
    runs = f"Medians of {REPETITIONS} runs; from {ONCE_FROM} instances on, single runs"
    print(f"\nansible-core {version('ansible-core')}, {machine}", runs, *report.table(costs), "", *targets, sep="\n")
    return 0 if given.report_only or all(target.reached for target in targets) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        sys.exit(f"bench: {error}")
