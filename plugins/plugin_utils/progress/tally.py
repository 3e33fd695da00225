# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each instance, told for each environment at the end of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ansible import constants

_PREFIX = "weestimate.mail."

#: Whoever has had a result of these is an instance.
_OF_INSTANCES = {
    f"{_PREFIX}smtp_{name}" for name in ("doctor", "drift", "profile", "settings", "settings_info", "test", "window")
}
#: Whoever has had a result of these alone lends its name to work for the whole fleet.
_OF_THE_FLEET = {f"{_PREFIX}smtp_report"}
_DRIFT = f"{_PREFIX}smtp_drift"
_SETTINGS = f"{_PREFIX}smtp_settings"
#: What only a result has that tells of declared settings: an instance holds them, if nothing changed.
_DECLARED = "advice"


class State(NamedTuple):
    """How one instance has come out; ``planned`` is what to say in check mode. Those ``worth`` it are named."""

    told: str
    color: str
    planned: str = ""
    worth: bool = True


#: The states in the order in which they are told.
STATES = {
    "in_sync": State("in sync", constants.COLOR_OK, worth=False),
    "done": State("done", constants.COLOR_OK, worth=False),
    "changed": State("changed", constants.COLOR_CHANGED, planned="to be changed", worth=False),
    "window_open": State("window open", constants.COLOR_WARN),
    "window_expired": State("window expired", constants.COLOR_WARN),
    "drifted": State("drifted", constants.COLOR_ERROR),
    "failed": State("failed", constants.COLOR_ERROR),
    "unreachable": State("unreachable", constants.COLOR_UNREACHABLE),
    "not_done": State("not done", constants.COLOR_SKIP),
}


class Tally:
    """Collects what is heard of the hosts."""

    def __init__(self) -> None:
        self._actions: dict[str, set[str]] = defaultdict(set)
        self._drift: dict[str, str] = {}
        self._planned: set[str] = set()
        self._declared: set[str] = set()

    def expect(self, hosts: Iterable[str]) -> None:
        """These are in a play, whether anything is heard of them or not."""
        for host in hosts:
            self._actions[host].update()

    def note(self, host: str, action: str, result: Mapping[str, Any], *, unreachable: bool, planned: bool) -> None:
        """A result, whichever it is; ``planned`` in check mode."""
        self._actions[host].add(action)
        if planned:
            self._planned.add(host)
        if action == _SETTINGS and _DECLARED in result:
            self._declared.add(host)
        if action == _DRIFT and (unreachable or result.get("state") in STATES):
            self._drift[host] = "unreachable" if unreachable else result["state"]

    def states(self, recap: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
        """The state of each instance, by the counts with which Ansible ends (``failures``, ``unreachable``, …)."""
        return {
            host: self._state(host, recap.get(host))
            for host in self._actions
            if self._is_instance(host, recap.get(host))
        }

    def told(self, state: str, hosts: Iterable[str]) -> str:
        """A state in words, for hosts that are in it."""
        wording = STATES[state]
        return wording.planned if wording.planned and self._planned.issuperset(hosts) else wording.told

    def _is_instance(self, host: str, counts: Mapping[str, int] | None) -> bool:
        actions = self._actions[host]
        if actions & _OF_INSTANCES:
            return True
        stopped = counts is None or counts["failures"] or counts["unreachable"]
        return bool(stopped) and not actions & _OF_THE_FLEET

    def _state(self, host: str, counts: Mapping[str, int] | None) -> str:
        if host in self._drift:
            return self._drift[host]
        if counts is None:
            return "not_done"
        if counts["unreachable"] or counts["failures"]:
            return "unreachable" if counts["unreachable"] else "failed"
        if counts["changed"]:
            return "changed"
        return "in_sync" if host in self._declared else "done"
