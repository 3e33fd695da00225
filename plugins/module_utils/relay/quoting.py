# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What programs said about a configuration, without the secrets that are in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

from ..smtp.scrub import Scrubber
from ..smtp.wire import readable
from .execution import Outcome

#: Lines and characters of an output that are quoted, from its end: the reason of a failure comes last.
_LINES, _CHARACTERS = 20, 2000

_SEPARATOR = re.compile(r"[\s=:,]+")

#: Shorter parts of a line give nothing away, and hit words.
_SHORTEST_PART = 4
_WORD = re.compile(rf"\w{{{_SHORTEST_PART},}}")


class Quoter:
    """Quotes programs; knows the contents that are secret, and public ones, whose words give nothing away."""

    def __init__(self, secret: Iterable[bytes], public: Iterable[bytes]) -> None:
        known = {piece for content in public for piece in _pieces(content)}
        self._scrubber = Scrubber({piece for content in secret for piece in _pieces(content)} - known)

    def lines(self, outcome: Outcome) -> list[str]:
        """The last lines of what a program said."""
        cleaned = self._scrubber.clean(readable(outcome.output))[-_CHARACTERS:]
        return [line.rstrip() for line in cleaned.splitlines() if line.strip()][-_LINES:]

    def sentence(self, outcome: Outcome) -> str:
        """What became of a program, and what it said of it."""
        said = " / ".join(self.lines(outcome)).rstrip(".")
        return f"{shlex.join(outcome.command)} {outcome.ending}{': ' if said else ''}{said}."


def _pieces(content: bytes) -> Iterator[str]:
    """All that a content could be recognised by: a program may quote a line, the end of one, or a word."""
    for line in filter(None, map(str.strip, readable(content).splitlines())):
        yield line
        yield from (line[separator.end() :] for separator in _SEPARATOR.finditer(line))
        yield from (part for part in _SEPARATOR.split(line) if len(part) >= _SHORTEST_PART)
        yield from _WORD.findall(line)
