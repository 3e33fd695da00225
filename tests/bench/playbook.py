# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the playbooks in the folder ``plays``, which count only if they did what is to be measured."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import report
import yaml
from instances import Site
from measure import Cost, run

PLAYS = Path(__file__).resolve().parent / "plays"

_RECAP = re.compile(r"^\S+ +: ok=[1-9]\d* +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


class BenchError(Exception):
    """A run did not do what is to be measured."""


def variables() -> Mapping[str, Any]:
    """What all plays declare for their hosts."""
    return yaml.safe_load((PLAYS / "group_vars" / "weestimate.yml").read_text(encoding="utf-8"))


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


def compare(titles: Mapping[str, str], site: Site, forks: int, repetitions: int) -> dict[str, Cost]:
    """The median cost of each playbook that *titles* names, over *site*; of one repetition, its cost.

    They take turns, so that whatever else the machine does meets all of them alike.

    :raises BenchError: a run failed or changed something.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in titles}
    for repetition in range(1, repetitions + 1):
        for name, measured in costs.items():
            measured.append(play(name, site, forks))
            where = f"{len(site.hosts):,} instances, run {repetition} of {repetitions}"
            report.progress(f"{where}: {titles[name]} … {measured[-1].wall:.1f} s")
    return {name: Cost.median(measured) for name, measured in costs.items()}
