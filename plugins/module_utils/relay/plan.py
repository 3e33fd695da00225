# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be in force, beside what is there."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import files
from .differences import differences
from .files import Entry, File
from .quoting import Quoter


@dataclass(frozen=True)
class Target:
    """A configuration: what is to lie at each path (None: nothing), and whether its content is declared secret."""

    files: Mapping[str, File | None]
    secret: Mapping[str, bool]

    @property
    def present(self) -> dict[str, File]:
        """The files that are there when it is in force."""
        return {path: file for path, file in self.files.items() if file is not None}

    @property
    def managed(self) -> dict[str, bool]:
        """What is managed when it is in force, as the ledger notes it."""
        return {path: self.secret[path] for path in self.present}


@dataclass(frozen=True)
class Plan:
    """A target, and what was found at its paths.

    ``overdue`` are paths of a switch that was interrupted: what reads them is started again, changed or not.
    """

    target: Target
    before: Mapping[str, Entry] = field(repr=False)
    overdue: tuple[str, ...] = ()

    @classmethod
    def towards(cls, target: Target, overdue: Iterable[str]) -> Plan:
        """What it takes from what is there now to a target."""
        return cls(target, {path: files.read(path) for path in target.files}, tuple(overdue))

    @property
    def changes(self) -> dict[str, File | None]:
        """What is to take the places of what differs from it."""
        return {path: file for path, file in self.target.files.items() if file != self.before[path]}

    @property
    def due(self) -> list[str]:
        """The paths whose programs are to be started again."""
        return [*self.changes, *self.overdue]

    @property
    def hidden(self) -> set[str]:
        """The paths whose contents nobody is shown: the secret ones, and what others may not read on the relay."""
        return {
            path
            for path, file in self.target.files.items()
            if self.target.secret[path] or is_private(self.before[path]) or is_private(file)
        }

    def differences(self) -> list[dict[str, Any]]:
        """The plan as Ansible shows it with ``--diff``."""
        return differences(self.before, self.changes, self.hidden)

    def quoter(self, proven: Mapping[str, File], words: Iterable[str]) -> Quoter:
        """Quotes programs without the secrets of what is to come, of what is there, and of what was proven.

        ``words`` are public ones, beside those of public files.
        """
        hidden = self.hidden | {path for path, file in proven.items() if is_private(file)}
        secret, public = [], [word.encode() for word in words]
        for side in (self.target.files, self.before, proven):
            for path, entry in side.items():
                if isinstance(entry, File):
                    (secret if path in hidden else public).append(entry.content)
        return Quoter(secret, public)


def is_private(entry: Entry) -> bool:
    """Whether it is a file that others may not read."""
    return isinstance(entry, File) and not entry.mode & stat.S_IROTH
