# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured costs as a table, and the targets they are held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from measure import Cost

BASELINE = "ping"
TITLES = {
    "ping": "ansible.builtin.ping",
    "smtp_settings": "smtp_settings, no change",
    "role": "role weestimate_smtp, no change",
    "stock": "stock modules, no change",
}
"""What is measured, by the name of its playbook."""

RATIO_LIMITS = {"smtp_settings": 0.2, "role": 0.5}
"""The most that a run may take on the clock, in multiples of the baseline over as many instances."""

Costs = Mapping[int, Mapping[str, Cost]]
"""Number of instances -> name of the playbook -> cost."""


@dataclass(frozen=True)
class Target:
    """A figure with its upper limit."""

    title: str
    measured: float
    limit: float

    @property
    def reached(self) -> bool:
        """Whether the figure keeps to the limit."""
        return self.measured <= self.limit

    def __str__(self) -> str:
        verdict = "reached" if self.reached else "MISSED"
        return f"{self.title:<58} {self.measured:6.2f}   at most {self.limit:5.2f}   {verdict}"


def table(costs: Costs) -> Iterator[str]:
    """The lines of a table of all costs, with their ratios to the baseline."""
    yield f"{'':<32} {'instances':>9} {'wall s':>8} {'x ping':>6} {'CPU s':>8} {'x ping':>6} {'MiB':>6}"
    for instances, by_play in costs.items():
        base = by_play[BASELINE]
        for name, cost in by_play.items():
            wall = f"{cost.wall:8.1f} {cost.wall / base.wall:6.2f}"
            cpu = f"{cost.cpu:8.1f} {cost.cpu / base.cpu:6.2f}"
            yield f"{TITLES[name]:<32} {instances:9,} {wall} {cpu} {cost.memory:6.0f}"


def targets(costs: Costs) -> Iterator[Target]:
    """What is to be reached: the ratios at each size, and growth between the sizes that is at most linear."""
    for instances, by_play in costs.items():
        for name, limit in RATIO_LIMITS.items():
            title = f"{TITLES[name]}, {instances:,} instances: times ping"
            yield Target(title, by_play[name].wall / by_play[BASELINE].wall, limit)
    sizes = sorted(costs)
    for few, many in pairwise(sizes):
        for name in RATIO_LIMITS:
            title = f"{TITLES[name]}, {few:,} to {many:,}: growth"
            yield Target(title, costs[many][name].wall / costs[few][name].wall, many / few)
