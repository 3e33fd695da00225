# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which environment an instance belongs to, such as staging or production."""

from __future__ import annotations

from collections.abc import Iterable

#: The group of all instances, and the word for an environment that nobody has named.
FLEET = "weestimate"

#: Groups that say nothing about an environment.
_EVERYBODY = frozenset({FLEET, "weestimate_relay", "all", "ungrouped"})


def environment_of(named: str | None, groups: Iterable[str]) -> str:
    """The environment that the user has named, else the first group of the host that says something."""
    return named or next((group for group in groups if group not in _EVERYBODY), FLEET)
