# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule of the catalogue is, and the small language in which it states the words that it looks for.

A phrase is a regular expression over text as `words` of `reply` leaves it: lower case, one line, "not" written out,
mail addresses masked as ``@``. Two shorthands keep phrases readable and make them fit more than one server:

- ``{mailbox}`` stands for a family of words of `FAMILIES`;
- `` .. `` (with its blanks) stands for up to `GAP` characters between two words.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

#: Stages of the conversation, as groups that rules name.
REACHING = ("settings", "dns", "connect", "banner", "ehlo")
GREETING = ("connect", "banner", "ehlo")
ENCRYPTING = ("connect", "banner", "ehlo", "tls")
LOGIN = ("auth",)
SENDING = ("mail_from", "rcpt_to", "data", "accepted", "delivered")
RECIPIENTS = ("rcpt_to", "data", "accepted", "delivered")
CONTENT = ("data", "accepted", "delivered")

#: How far apart two words of one phrase may be, in characters; bounded, so that hostile text cannot cost much.
GAP = 50

#: Words that servers use for one another.
FAMILIES = {
    "mailbox": r"(?:user(?: ?name)?s?|recipients?|mail ?box(?:es)?|address(?:es)?|accounts?|alias(?:es)?|addressees?|inbox"
    r"|local[- ]part|person|destination|e-?mail id)",
    "sender": r"(?:sender(?:'s)?|from(?! \d)|return[- ]path|originator|reverse[- ]path)",
    "login": r"(?:login|log[- ]?in|user(?: ?name)?|account|credentials?|authenticat\w+|authori[sz]ed user|auth)",
    "unknown": r"(?:unknown|(?:not|never) (?:be )?(?:a )?(?:found|exist\w*|known|here|listed|valid|recogni[sz]ed|local|have an?)"
    r"|no longer (?:exists?|valid|available|here|with us|in use|on)|invalid|undeliverable|unrout[e]?able|non-? ?existent)",
    "disabled": r"(?:disabled|inactive|deactivated|suspended|locked(?: out)?|closed|expired|frozen|terminated|discontinued"
    r"|blocked|restricted|not (?:currently )?(?:active|enabled|activated|accepting)|banned|on hold|cancell?ed)",
    "denied": r"(?:denied|refused|rejected|prohibited|forbidden|disallowed|blocked|banned|declined"
    r"|not (?:be )?(?:currently )?(?:allowed|permitted|authori[sz]ed|accepted|possible|supported|enabled))",
    "allowed": r"(?:allowed|permitted|authori[sz]ed|entitled|eligible|have (?:the )?(?:permissions?|rights?))",
    "required": r"(?:required|needed|mandatory|necessary|compulsory)",
    "must": r"(?:must|need to|have to|should|please|requires? (?:you )?to)",
    "many": r"(?:too (?:many|much)|excessive(?:ly)?|exceed\w*|maximum|over the|limit (?:on|of|for))",
    "soon": r"(?:later|again|in a (?:few|moment|while)|shortly)",
    "list": r"(?:spamhaus|zen|sbl|xbl|pbl|css|dbl|spamcop|barracuda ?central|barracuda reputation|sorbs|uceprotect|psbl"
    r"|invaluement|abuseat|cbl|mailspike|hostkarma|senderscore|surbl|uribl|s5h|rbl|[a-z]*dnsbl|rats-\w+|nix ?spam"
    r"|block(?:ed)? ?lists?|black[- ]?lists?|deny ?list)",
}

_FAMILY = re.compile(r"\{([a-z]+)\}")


class Rule(NamedTuple):
    """One way to recognise a cause. What is empty does not matter; all that is given must fit.

    ``phrases`` are searched in the text; ``stages``, ``providers`` and ``modes`` are words of which one must hold
    (an unknown stage fits any), and so are the numbers ``ports``; ``enhanced`` and ``code`` are patterns of the whole
    enhanced status code and of the whole reply code. ``permanent`` overrides what is usual for the cause.
    """

    cause: str
    phrases: str = ""
    stages: tuple[str, ...] = ()
    enhanced: str = ""
    code: str = ""
    providers: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    permanent: bool | None = None
    confidence: str = "high"


@cache
def pattern(phrases: str) -> re.Pattern[str]:
    """The phrases, one a line, as one pattern, each beginning where a word begins; compiled when first asked for."""
    alternatives = [_expanded(line.strip()) for line in phrases.splitlines() if line.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})")


def _expanded(phrase: str) -> str:
    gapped = phrase.replace(" .. ", rf"\b.{{0,{GAP}}}?(?<!\w)")
    return _FAMILY.sub(lambda family: FAMILIES[family[1]], gapped)
