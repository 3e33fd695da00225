# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examination of a fleet with the playbook ``weestimate.mail.drift``, its report included.

All instances are as declared but one in a hundred, which somebody has edited. Each size runs once. As that takes turns
with nothing, growth is told in processor time, which whatever else the machine does meanwhile does not stretch.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import report
from instances import Site
from measure import Cost, run
from playbook import BenchError, play, variables
from weestimate import database

PLAYBOOK = "weestimate.mail.drift"

#: Of so many instances, one has been edited by hand.
_EDITED = 100

#: MiB, whatever the number of instances.
_MEMORY_LIMIT = 2048


def measure(folder: Path, sizes: Sequence[int], forks: int) -> report.Finding:
    """Examine fleets of all *sizes*, *forks* instances at a time.

    :raises BenchError: a run did not find what there is to be found.
    """
    template = Site(folder / "template", 1)
    template.install()
    play("role", template, forks, changes=1)
    costs = {}
    for instances in sizes:
        # As an inventory declares it; the playbook has no folder of variables beside it.
        site = Site(folder / str(instances), instances, variables())
        site.install_like(template)
        costs[instances] = _examined(site, forks)
        report.progress(f"{instances:,} instances: {PLAYBOOK} … {costs[instances].wall:.1f} s")
    title = f"The examination of a fleet with {PLAYBOOK}. Single runs"
    return report.Finding(title, list(_table(costs)), list(_targets(costs)))


def _examined(site: Site, forks: int) -> Cost:
    edited = site.hosts[::_EDITED]
    for host in edited:
        database.write(site.database(host), {"SMTP Port": "25"})
    log, folder = site.folder / "drift.log", site.folder / "drift"
    tolerant = json.dumps({"weestimate_smtp_fail_on_drift": False, "weestimate_smtp_report_dir": str(folder)})
    command = ["ansible-playbook", "--forks", str(forks), "--inventory", str(site.inventory)]
    try:
        cost = run([*command, "--extra-vars", tolerant, PLAYBOOK], log)
    except subprocess.CalledProcessError as error:
        raise BenchError(f"{PLAYBOOK} failed:\n{log.read_text(encoding='utf-8')}") from error
    found = json.loads((folder / "drift.json").read_text(encoding="utf-8"))
    drifted = [each["instance"] for each in found["instances"] if each["state"] == "drifted"]
    if drifted != list(edited) or found["counts"]["in_sync"] != len(site.hosts) - len(edited):
        raise BenchError(f"{PLAYBOOK} has not found what there is: {found['counts']}")
    return cost


def _table(costs: Mapping[int, Cost]) -> Iterator[str]:
    yield f"{'instances':>9} {'wall s':>8} {'ms each':>8} {'CPU s':>8} {'MiB':>6}"
    for instances, cost in costs.items():
        each = 1000 * cost.wall / instances
        yield f"{instances:9,} {cost.wall:8.1f} {each:8.1f} {cost.cpu:8.1f} {cost.memory:6.0f}"


def _targets(costs: Mapping[int, Cost]) -> Iterator[report.Target]:
    """What is to be reached: growth that is at most linear, and memory that a small runner has."""
    for few, many in pairwise(sorted(costs)):
        yield report.Target(f"drift, {few:,} to {many:,}: growth", costs[many].cpu / costs[few].cpu, many / few)
    most = max(costs)
    yield report.Target(f"drift, {most:,} instances: MiB", costs[most].memory, _MEMORY_LIMIT)
