# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs of a relay's host, for machines that are none: they answer from files in a folder.

What real ones answer is proven by the scenario ``molecule/relay``.
"""

from __future__ import annotations

import os
from pathlib import Path


class RelayPrograms:
    """Postfix's tables, its queue, and the journal, each a file; ``asked`` holds every command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"
        self.asked.touch()
        self.write("queue", "")
        self.write("journal", "")
        self.program("postconf", 'case $1 in -hx) echo "texthash:/logins";; esac')
        self.program("postmap", f'cat "{folder}/login-$2" 2>/dev/null || exit 1')
        self.program("postqueue", f'cat "{folder}/queue"')
        self.program("postfix", "exit 0")
        self.program("journalctl", f'cat "{folder}/journal"')

    @property
    def path(self) -> str:
        """The search path that finds them first."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def write(self, name: str, text: str) -> None:
        """Let a program answer with a text."""
        (self.folder / name).write_text(text, "utf-8")

    def program(self, name: str, body: str) -> None:
        """Let a program be a script of the shell."""
        self.write(name, f'#!/bin/sh\necho "{name} $*" >> "{self.asked}"\n{body}\n')
        (self.folder / name).chmod(0o700)

    def knows(self, key: str, user: str, password: str) -> None:
        """Let Postfix's table hold a login."""
        self.write(f"login-{key}", f"{user}:{password}\n")
