# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what is there of a reply: text from any client or log, with or without its codes, short or hostile.

All work is bounded: at most `LONGEST` characters are looked at, half of them from either end, since wrappers put what
matters first or last.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Patterns are plain text here, so that nothing is compiled before there is a reply; Python keeps what it compiles.

#: Characters that are judged; RFC 5321, 4.5.3.1.5 allows 512 a line, and refusals have few lines.
LONGEST = 2000
#: Characters of the evidence in a diagnosis.
EVIDENCE = 300

#: A status code of RFC 3463, section 2, for a failure: not part of an IP address or of a version number.
_ENHANCED = r"(?<![\d.])[45]\.[0-7]\.\d{1,3}(?!\.?\d)"
#: A reply code (RFC 5321, 4.2.1) for a failure, in the places where clients put it.
_CODE = r"""(?xi)
    ^\W*(?:smtp;\s*)?(?P<first>[45][0-57]\d)(?![.\d])             # at the beginning, or in a delivery report
    | \((?P<tuple>[45][0-57]\d),                                  # Python: (550, b'...')
    | (?<![\d.])(?P<both>[45][0-57]\d)[\s-]+(?=[45]\.[0-7]\.\d)   # before its enhanced code
    | (?:code|response|reply|status|said|error|failed|login|exception|:)\W{1,4}(?P<named>[45][0-57]\d)(?=[\s,;:)'"-]|$)
"""
#: Control characters, and line breaks as Python's repr writes them.
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+|(?:\\r)?\\n(?=[\dA-Z\s'\"]|$)|\\r\\n"
#: Where the server's own words begin. .NET puts a sentence of its own before them, chosen by the reply code; JavaMail
#: writes "Invalid Addresses", Node.js "Invalid login", whatever the server said.
_FRAME = r"""(?x)
    ^.*?(?:
        the\ server\ response\ was:
        | (?:^|[\s:;,(\['"=])[45][0-57]\d(?:[\s-]|,\ ?b?['"])
    )(?=.*[a-z]{3}.*\s.*[a-z]{3})
"""
#: A refused login inside another reply: Exchange Online repeats it in answer to MAIL FROM, behind a 5.7.57 of its own.
_LOGIN = r"(?i)\berror:\s*(53[458]\s.*)"
_ADDRESS = r"[^\s<>@\"'(),;:\[\]=]{0,64}@[^\s<>@\"'(),;:\]]{1,255}"
_URL = r"https?://([^\s/?#]{1,255})\S*"
_NEGATIONS = (("can't", "can not"), ("cannot", "can not"), ("won't", "will not"), ("n't", " not"))


class Reply(NamedTuple):
    """A reply: ``line`` and ``evidence`` as people may read it, and the codes where they are known.

    ``words`` are in the form that rules expect: the server's own, without the client's around them; ``all_words`` holds
    both. ``login`` is the refusal of a login that the reply repeats, or empty.
    """

    line: str
    evidence: str
    words: str
    all_words: str
    code: int | None
    enhanced: str | None
    login: str


def read(text: Any, code: Any = None, enhanced: Any = None) -> Reply:
    """Read a reply; what the caller does not know of its codes is taken from the text. Raises nothing."""
    line = _one_line(text)
    words = _words(line)
    return Reply(
        line=line,
        evidence=line if len(line) <= EVIDENCE else f"{line[: EVIDENCE - 1]}…",
        words=re.sub(_FRAME, "", words),
        all_words=words,
        code=_number(code) or _code_in(line),
        enhanced=_known(_ENHANCED, enhanced) or _known(_ENHANCED, line),
        login=_login_in(line),
    )


def _one_line(text: Any) -> str:
    """The text on one line, without its middle if it is long."""
    if text is None:
        return ""
    if isinstance(text, (bytes, bytearray)):
        text = bytes(text[: 4 * LONGEST] + text[-4 * LONGEST :]).decode("utf-8", "replace")
    text = str(text)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]} … {text[-LONGEST // 2 :]}"
    return " ".join(re.sub(_CONTROL, " ", text).split())


def _words(line: str) -> str:
    """The line in the form that phrases expect: see `catalogue.rule`."""
    text = line.lower().replace("\u2019", "'")
    for short, long in _NEGATIONS:
        text = text.replace(short, long)
    return re.sub(_URL, r"\1", re.sub(_ADDRESS, "@", text))


def _number(code: Any) -> int | None:
    try:
        number = int(code)
    except (TypeError, ValueError):
        return None
    return number if 200 <= number <= 599 else None


def _code_in(line: str) -> int | None:
    found = re.search(_CODE, line)
    return int(found[found.lastgroup]) if found and found.lastgroup else None


def _login_in(line: str) -> str:
    found = re.search(_LOGIN, line)
    return found[1] if found else ""


def _known(pattern: str, text: Any) -> str | None:
    found = re.search(pattern, str(text or ""))
    return found[0] if found else None
