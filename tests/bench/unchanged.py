# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that change nothing, against ansible.builtin.ping and a play of stock modules.

From 500 instances on each playbook runs once, and the figure is that of a single run. Before that, the role and the
stock play each configure a new instance, and have to arrive at the same options: what is compared does the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import report
from instances import Site
from playbook import BenchError, compare, play

ONCE_FROM = 500  # instances; runs that long average out by themselves

_BASELINE = "ping"
_TITLES = {
    "ping": "ansible.builtin.ping",
    "smtp_settings": "smtp_settings, no change",
    "role": "role weestimate_smtp, no change",
    "stock": "stock modules, no change",
}
"""What is measured, by the name of its playbook."""

_RATIO_LIMITS = {"smtp_settings": 0.2, "role": 0.5}
"""The most that a run may take on the clock, in multiples of the baseline over as many instances."""


def measure(folder: Path, sizes: Sequence[int], forks: int, repetitions: int) -> report.Finding:
    """Compare the playbooks over inventories of all *sizes*, each so often.

    :raises BenchError: a run did not do what is to be measured.
    """
    template = _configured(folder / "template", forks)
    costs = {}
    for instances in sizes:
        site = Site(folder / str(instances), instances)
        site.install_like(template)
        costs[instances] = compare(_TITLES, site, forks, 1 if instances >= ONCE_FROM else repetitions)
    title = f"Runs without a change. Medians of {repetitions} runs; from {ONCE_FROM} instances on, single runs"
    return report.Finding(title, list(report.table(costs, _TITLES, _BASELINE)), list(_targets(costs)))


def _configured(folder: Path, forks: int) -> Site:
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


def _targets(costs: report.Costs) -> Iterator[report.Target]:
    """What is to be reached: the ratios at each size, and growth between the sizes that is at most linear."""
    for instances, by_play in costs.items():
        for name, limit in _RATIO_LIMITS.items():
            title = f"{_TITLES[name]}, {instances:,} instances: times ping"
            yield report.Target(title, by_play[name].wall / by_play[_BASELINE].wall, limit)
    for few, many in pairwise(sorted(costs)):
        for name in _RATIO_LIMITS:
            title = f"{_TITLES[name]}, {few:,} to {many:,}: growth"
            yield report.Target(title, costs[many][name].wall / costs[few][name].wall, many / few)
