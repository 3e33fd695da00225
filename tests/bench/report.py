# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part of the measurement found: figures in a table, and the targets they are held against."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from measure import Cost

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


@dataclass(frozen=True)
class Finding:
    """The outcome of one part: what was compared and how, lines to read, and what is to be reached."""

    title: str
    lines: Sequence[str]
    targets: Sequence[Target] = ()

    def __str__(self) -> str:
        targets = ["", *map(str, self.targets)] if self.targets else []
        return "\n".join([self.title, *self.lines, *targets])


def progress(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def table(costs: Costs, titles: Mapping[str, str], baseline: str) -> Iterator[str]:
    """The lines of a table of all costs, with their ratios to the playbook *baseline*."""
    ratio = f"x {baseline}"
    yield f"{'':<44} {'instances':>9} {'wall s':>8} {ratio:>6} {'CPU s':>8} {ratio:>6} {'MiB':>6}"
    for instances, by_play in costs.items():
        base = by_play[baseline]
        for name, cost in by_play.items():
            wall = f"{cost.wall:8.1f} {cost.wall / base.wall:6.2f}"
            cpu = f"{cost.cpu:8.1f} {cost.cpu / base.cpu:6.2f}"
            yield f"{titles[name]:<44} {instances:9,} {wall} {cpu} {cost.memory:6.0f}"
