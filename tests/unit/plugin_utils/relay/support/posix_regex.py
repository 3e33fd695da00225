# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""POSIX regular expressions, as Postfix's regexp tables compile them: by the C library itself."""

from __future__ import annotations

import ctypes

_LIBRARY = ctypes.CDLL(None)
#: The flags of regcomp(3): extended syntax, and without regard to case, which is what regexp_table(5) starts with.
_EXTENDED, _IGNORE_CASE = 1, 2
#: More than a regex_t takes on any system.
_ROOM = 512


class _Match(ctypes.Structure):
    _fields_ = (("start", ctypes.c_int), ("end", ctypes.c_int))


def groups(pattern: str, text: str) -> list[str] | None:
    """The whole match and the first group, or None where the text does not match."""
    compiled, matches = ctypes.create_string_buffer(_ROOM), (_Match * 2)()
    if _LIBRARY.regcomp(compiled, pattern.encode(), _EXTENDED | _IGNORE_CASE):
        raise ValueError(f"not a POSIX regular expression: {pattern}")
    try:
        if _LIBRARY.regexec(compiled, text.encode(), len(matches), matches, 0):
            return None
        return [text.encode()[match.start : match.end].decode() for match in matches]
    finally:
        _LIBRARY.regfree(compiled)
