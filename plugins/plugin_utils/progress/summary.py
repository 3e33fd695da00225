# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run: how many instances of each environment are in which state, and which of them want a look."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.tally import STATES, Tally

#: How many instances in the same state are named.
_NAMED = 10


class Line(NamedTuple):
    """A line, and its color in Ansible's words."""

    text: str
    color: str | None = None


def summary(tally: Tally, states: Mapping[str, str], environments: Mapping[str, str]) -> Iterator[Line]:
    """By the state of each instance, and its environment."""
    if not states:
        return
    hosts: dict[str, list[str]] = defaultdict(list)
    for host in sorted(states):
        hosts[environments[host]].append(host)
    width = max(map(len, hosts))
    for environment in sorted(hosts):
        counts = Counter(states[host] for host in hosts[environment])
        met = [state for state in STATES if counts[state]]
        told = ", ".join(f"{counts[state]} {tally.told(state, hosts_in(states, state))}" for state in met)
        yield Line(f"{environment:{width}}  {counted(len(hosts[environment]))}: {told}", STATES[met[-1]].color)
    for state, wording in STATES.items():
        if wording.worth and (met := hosts_in(states, state)):
            yield Line(f"{wording.told}: {named(met)}", wording.color)


def counted(number: int) -> str:
    """So many instances."""
    return f"{number} instance" if number == 1 else f"{number} instances"


def named(hosts: list[str]) -> str:
    """Some hosts by their names; where there are many, the first of them."""
    further = len(hosts) - _NAMED
    return ", ".join(hosts[:_NAMED]) + (f" and {further} more" if further > 0 else "")


def hosts_in(states: Mapping[str, str], state: str) -> list[str]:
    """The instances in a state, by their names."""
    return sorted(host for host in states if states[host] == state)
