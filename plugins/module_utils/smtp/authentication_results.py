# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the receiving server thought of the sender: the verdicts in Authentication-Results (RFC 8601)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

#: The methods that a receiving server's treatment of a mail hangs on (RFC 7208, RFC 6376, RFC 7489).
METHODS = ("spf", "dkim", "dmarc")

#: Characters of one header that are looked at, and of all that are shown. Real ones have a few hundred.
_LIMIT = 16 * 1024
_SHOWN = 4 * 1024

#: The characters that begin or end something (RFC 5322 section 3.2), an escaped one of any kind, and all between.
_PIECE = re.compile(r'\\.|[();"\\]|[^();"\\]+')

#: How each parenthesis changes the depth of comments.
_DEPTHS = {"(": 1, ")": -1}

#: ``method/version = result`` at the beginning of a part; properties and reasons follow and are not needed.
_RESULT = re.compile(r"\s*([a-z][a-z0-9-]*)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)

#: The name of the server that made the header, with a version perhaps, alone in the first part.
_SERVER = re.compile(r"\s*([^\s;=]+)(?:\s+\d+)?\s*")


def authentication_results(headers: Sequence[str]) -> dict[str, Any]:
    """The verdicts of the server that received the mail, from its Authentication-Results headers, topmost first.

    Each server puts its header above the others, so the topmost is the receiving server's. Its filters may write one
    each (OpenDKIM one, OpenDMARC another): those with the topmost one's server name count too, and the upper one wins.
    ARC-Authentication-Results are the words of earlier servers and not meant here.

    ``{"spf", "dkim", "dmarc", "raw"}``: a verdict in lower case, or None where the server gave none; ``raw`` holds the
    headers that were read, one a line, and is empty when there are none.
    """
    considered = _of_one_server([_unfolded(header) for header in headers])
    verdicts: dict[str, str] = {}
    for header in considered:
        verdicts = {**_verdicts(header), **verdicts}
    return {**{method: verdicts.get(method) for method in METHODS}, "raw": "\n".join(considered)[:_SHOWN]}


def _unfolded(header: str) -> str:
    return " ".join(header[:_LIMIT].split())


def _of_one_server(headers: list[str]) -> list[str]:
    """The topmost header, and the others of the same server; Microsoft's names no server, and then stands alone."""
    if not headers:
        return []
    server = _server(headers[0])
    return [headers[0], *(header for header in headers[1:] if server and _server(header) == server)]


def _server(header: str) -> str | None:
    match = _SERVER.fullmatch(next(_parts(header)))
    return match.group(1).strip('"').lower() if match else None


def _verdicts(header: str) -> dict[str, str]:
    """The first result of each method. A mail with several DKIM signatures passes by any of them (RFC 6376, 6.1)."""
    results = [match.groups() for match in map(_RESULT.match, _parts(header)) if match]
    verdicts: dict[str, str] = {}
    for method, result in ((method.lower(), result.lower()) for method, result in results):
        if (method, result) == ("dkim", "pass"):
            verdicts[method] = result
        elif method in METHODS:
            verdicts.setdefault(method, result)
    return verdicts


def _parts(header: str) -> Iterator[str]:
    """The header between its semicolons, without comments; comments nest, and in quotes nothing has a meaning."""
    depth, quoted, part = 0, False, ""
    for piece in _PIECE.findall(header):
        if piece == '"' and not depth:
            quoted = not quoted
        if quoted or not (depth or piece in "();"):
            part += piece
        elif piece == ";" and not depth:
            yield part
            part = ""
        else:
            depth = max(0, depth + _DEPTHS.get(piece, 0))
    yield part
