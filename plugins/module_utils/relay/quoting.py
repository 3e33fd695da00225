# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What programs said about a configuration, without the secrets that are in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..smtp.scrub import Scrubber
from .programs import Outcome

#: Lines and characters of an output that are quoted, from its end: the reason of a failure comes last.
_LINES, _CHARACTERS = 20, 2000

#: A program may quote a line as a whole, or a word of it, or what stands after a separator.
_WORD = re.compile(r"\w{4,}")
_SEPARATED = re.compile(r"[\s=:,]+")


class Quoter:
    """Quotes programs; knows the contents that are secret, and the public ones, whose words give nothing away."""

    def __init__(self, secret: Iterable[bytes], public: Iterable[bytes]) -> None:
        known = {piece for content in public for piece in _pieces(content)}
        secrets = {piece for content in secret for piece in _pieces(content)} - known
        self._scrubber = Scrubber(secrets)

    def quote(self, outcome: Outcome) -> list[str]:
        """The last lines of what a program said."""
        cleaned = self._scrubber.clean(outcome.output)[-_CHARACTERS:]
        return [line.rstrip() for line in cleaned.splitlines() if line.strip()][-_LINES:]


def _pieces(content: bytes) -> Iterator[str]:
    """Everything in a content by which it could be recognised."""
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip():
            yield line.strip()
        yield from (line[found.end() :].strip() for found in _SEPARATED.finditer(line))
        yield from _SEPARATED.split(line)
        yield from _WORD.findall(line)
