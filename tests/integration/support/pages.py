# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page of the documentation tells its reader to write and to run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness import CHECKOUT

#: A block that begins with the name of the file that it is, as a comment; files of YAML begin with its mark.
_FILE = re.compile(r"^```\w+\n((?:---\n)?# ((?:[\w.-]+/)*[\w.-]+\.\w+)\n.*?)^```", re.DOTALL | re.MULTILINE)
_COMMANDS = re.compile(r"^```shell\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[\w-]+)?\)")


@dataclass(frozen=True)
class Page:
    """One page, by its path in the repository."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def files(self) -> dict[str, str]:
        """The files that it shows, by the path that each begins with."""
        return {name: content for content, name in _FILE.findall(self.text)}

    @property
    def commands(self) -> list[str]:
        """Its commands, in their order."""
        lines = [line for block in _COMMANDS.findall(self.text) for line in block.splitlines()]
        return [line for line in lines if line.strip()]

    @property
    def links(self) -> list[tuple[Path, str]]:
        """The pages of the repository that it leads to, and the places in them (as ``#heading``, or nothing)."""
        return [((self.path.parent / path) if path else self.path, place) for path, place in _LINK.findall(self.text)]

    @property
    def headings(self) -> set[str]:
        """The places that can be led to, as GitHub names them."""
        titles = re.findall(r"^#+ (.+)$", self.text, re.MULTILINE)
        return {"#" + re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

    def write_files(self, into: Path) -> None:
        """Write its files, as a reader would."""
        for name, content in self.files.items():
            file = into / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")


def handbook() -> list[Page]:
    """All pages under ``docs``, but for the reference."""
    return [Page(path) for path in sorted((CHECKOUT / "docs").glob("*.md"))]
