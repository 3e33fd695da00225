# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts take part in a task, which of them are at it, and how many are left.

Ansible tells that only as it happens: it names the hosts of a play, and then each one as it begins and ends a task.
Handlers, included files and rescues are for some of them only. What was seen last tells which, and whoever begins a
task without being expected corrects that. It is made for the strategy ``linear``, which takes all hosts through the
same task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice


class Crew:
    """The hosts of one play, or of one batch of it."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._everybody = frozenset(hosts)
        self._lost: set[str] = set()
        self._included: set[str] = set()
        # Who takes part in the tasks from here on, and in the current one.
        self._scope = self._everybody
        self._expected = self._everybody
        self._once = False
        # A dictionary keeps the order in which they began.
        self._at_work: dict[str, None] = {}
        self._done: set[str] = set()

    @property
    def size(self) -> int:
        """How many there are in all."""
        return len(self._everybody)

    @property
    def expected(self) -> int:
        """How many take part in the current task."""
        return len(self._expected)

    @property
    def done(self) -> int:
        """How many are through with it."""
        return len(self._done)

    @property
    def left(self) -> int:
        """How many are not, those at work included."""
        return len(self._expected) - len(self._done)

    @property
    def at_work(self) -> int:
        """How many are at it."""
        return len(self._at_work)

    @property
    def only(self) -> str | None:
        """Who takes part, if it is one alone."""
        return next(iter(self._expected)) if len(self._expected) == 1 else None

    def first_at_work(self, at_most: int) -> Iterator[str]:
        """Those who have been at it for longest."""
        return islice(self._at_work, at_most)

    def begin(self, hosts: Iterable[str] | None = None, *, once: bool = False) -> None:
        """A task begins, for ``hosts`` where that is known, or only ``once`` for all of them."""
        if hosts is not None:
            self._scope = frozenset(hosts)
        elif self._included:
            self._scope = frozenset(self._included)
        self._scope -= self._lost
        self._expected = frozenset() if once else self._scope
        self._once = once
        self._included = set()
        self._at_work = {}
        self._done = set()

    def join(self, host: str) -> None:
        """A host begins the task."""
        if host not in self._expected:
            self._correct(host)
        self._at_work[host] = None

    def _correct(self, host: str) -> None:
        """Somebody takes part who was not expected."""
        if self._once:
            self._expected |= {host}
            return
        rescued = host in self._lost
        if rescued and not self._at_work and not self._done:
            # Nobody but those who were lost takes part in a rescue.
            self._expected = frozenset()
        self._expected |= self._lost if rescued else self._everybody - self._lost
        self._scope = self._expected

    def leave(self, host: str, *, lost: bool = False, included: bool = False) -> None:
        """A host ends the task; ``lost`` to the play by it, or ``included`` in the tasks of a file by it."""
        self._at_work.pop(host, None)
        self._done.add(host)
        (self._lost.add if lost else self._lost.discard)(host)
        if included:
            self._included.add(host)
