# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule of the catalogue is, and the small language in which it states the words that it looks for.

Phrases stand one on a line. Each is a regular expression over text as `reply` leaves it: lower case, one line, "not"
written out, mail addresses masked as ``@``. Two shorthands keep phrases readable and make them fit many servers:

- ``{mailbox}`` stands for a family of words of `FAMILIES`;
- `` .. `` (with its blanks) stands for up to `GAP` characters between two words.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

#: Stages of the conversation, in the groups that rules name.
REACHING = ("settings", "dns", "connect", "banner", "ehlo")
GREETING = ("connect", "banner", "ehlo")
ENCRYPTING = ("connect", "banner", "ehlo", "tls")
LOGIN = ("auth",)
MAIL_FROM = ("mail_from",)
SENDING = ("mail_from", "rcpt_to", "data", "accepted", "delivered")
RECIPIENTS = ("rcpt_to", "data", "accepted", "delivered")
CONTENT = ("data", "accepted", "delivered")

#: Of a rule for what no server says: a client's exception has no reply code.
NO_CODE = "$"

#: How far apart two words of one phrase may be, in characters; bounded, so that hostile text cannot cost much.
GAP = 50

#: Words that servers use for one another.
FAMILIES = {
    "mailbox": r"(?:user(?: ?name)?s?|recipients?|mail ?box(?:es)?|address(?:es)?|accounts?|alias(?:es)?|addressees?"
    r"|inbox|local[- ]part|person|destination|e-?mail id"
    r"|utilisateur|destinataire|boite|empf(?:ae|ä)nger|postfach|usuario)",
    "sender": r"(?:sender(?:'s)?|from(?! \d)|return[- ]path|originator|reverse[- ]path)",
    "envelope": r"(?:sender|mail from|return[- ]path|from address|envelope from|originator|reverse-path)",
    "approved": r"(?:verified|confirmed|validated|activated|registered|configured)",
    "message": r"(?:message|mail|e-?mail|content|body|attachment|file|data)(?:s|'s)?",
    "login": r"(?:log[- ]?in|log[- ]?on|sign[- ]?in|user(?: ?name)?|account|credentials?|authenticat\w+|auth"
    r"|authori[sz]ed user)",
    "entered": r"(?:auth\w*|log[- ]?[io]n|logged[- ][io]n|sign[- ]?[io]n|signed[- ][io]n)",
    "password": r"(?:password|passwd|pass ?phrase|pass|api[- ]?key|token|grant|credentials?)",
    "secure": r"(?:starttls|(?:ssl/)?tls(?:[-/]\w+)?|ssl|encrypt\w*|secured? (?:connection|channel|session))",
    "version": r"(?:ssl|tls)[ v]{0,2}(?:1\.[0-3]|[23])(?:\.0)?",
    "clients": r"(?:smtp|imap|pop3?|mail client|external \w+|protocol|client)",
    "passwords": r"(?:password|plain|legacy|basic)[- ](?:based )?(?:auth\w*|login|sign-?in)s?",
    "retired": r"(?:no longer|removed|deprecated|retired|unsupported|not supported)",
    "stream": r"(?:socket|session|stream|channel|transport)",
    "remote": r"(?:server|host|peer|party|remote(?: end| side)?)",
    "system": r"(?:services?|servers?|systems?|hosts?)",
    "part": r"(?:attachment|file (?:type|extension)|extension|url|link|word)s?",
    "harmful": r"(?:illegal|dangerous|executable|restricted|suspicious|unacceptable|unsupported|objectionable"
    r"|inappropriate|offensive|unwanted)",
    "which": r"(?:this|that|the|other|your|another|different)",
    "owner": r"(?:recipient|user|mailbox|owner)",
    "whose": r"(?:security|local|site|message|content|corporate|e-?mail|mail|delivery|company|usage)",
    "backend": r"(?:resource|queue|database|backend|ldap)s?",
    "inner": r"(?:internal|local|lookup|write|configuration|processing|unexpected|technical|resource\w*)",
    "meeting": r"(?:time|contact|encounter|attempt|seen|delivery|message|mail)",
    "suitable": r"(?:suitable|supported|compatible|valid|worthy|common|acceptable|matching|known|available)",
    "work": r"(?:process|complete|handle|connect|deliver|open|write|verify|contact|create|queue|store|load)",
    "command": r"(?:syntax|parameter|argument|command)s?",
    "limit": r"(?:quota|limit|cap|exceeded|exhausted|allowance|used up|spent)",
    "insecure": r"(?:plain ?text|clear ?text|unencrypted|insecure|unsecured?|non-? ?secure)",
    "from": r"(?:from:? (?:header|field|line|address)|header from|5322[.]?from|'from'|\"from\"|from:)",
    "peer": r"(?:your|the|this|sending|client|source|connecting) (?:ip|network|host|server|mta)"
    r"(?: address| range| \S+)?",
    "traffic": r"(?:messages?|mails?|e-?mails?|recipients?|rcpts?|senders?|addresses|envelopes?|connections?|concurrent"
    r"|sessions?|smtp|requests?|deliver\w+|channels?|hits|transactions|simultaneous|parallel|volume|thread)",
    "be": r"(?:(?:is|are|was|were|has|have|had|been|be|being|currently|now|an?|temporarily|permanently) ){0,4}",
    "unknown": r"(?:unknown|inconnue?|unbekannt|desconocido|invalid|undeliverable"
    r"|no longer (?:exists?|valid|available|here|with us|in use|on)"
    r"|unrout[e]?able|non-? ?existent"
    r"|(?:not|never) (?:be )?(?:an? )?(?:found|exist\w*|known|here|listed|valid|recogni[sz]ed|local|have an?))",
    "disabled": r"(?:disabled|inactive|deactivated|suspended|locked(?: out)?|closed|expired|frozen|terminated"
    r"|discontinued|blocked|restricted|banned|on hold|cancell?ed|archived|retired|abandoned"
    r"|(?:turned|switched) off"
    r"|not (?:currently )?(?:active|enabled|activated|accepting))",
    "denied": r"(?:denied|refused|rejected|prohibited|forbidden|disallowed|blocked|banned|declined"
    r"|not (?:be )?(?:currently )?(?:allowed|permitted|authori[sz]ed|accepted|possible|supported|enabled))",
    "denies": r"(?:den(?:y|ies)|refus(?:e|es|ing)|rejects?|prohibits?|forbids?|disallows?|blocks?|no|never"
    r"|(?:will|do|does|can) not)",
    "lacking": r"(?:not (?:\w+ )?(?:supported|available|advertised|offered|announced|enabled|recogni[sz]ed|implemented"
    r"|understood|configured|active)|un(?:supported|available|recogni[sz]ed|known|implemented)|disabled)",
    "allowed": r"(?:allowed|permitted|authori[sz]ed|entitled|eligible|(?:have|has) (?:the )?(?:permissions?|rights?))",
    "required": r"(?:required|needed|mandatory|necessary|compulsory)",
    "must": r"(?:must|need to|have to|should|please|requires? (?:you )?to)",
    "wrong": r"(?:incorrect|invalid|wrong|bad|malformed|illegal|improper|unacceptable|mismatch\w*)",
    "failed": r"(?:fail\w*|errors?|unsuccessful|not successful|aborted|problems?|fault)",
    "many": r"(?:too (?:many|much)|excessive(?:ly)?|exceed\w*|max(?:imum)?|over the|limit (?:on|of|for))",
    "list": r"(?:spamhaus|zen|sbl|xbl|pbl|css|dbl|spamcop|barracuda ?central|barracuda reputation|sorbs|uceprotect"
    r"|psbl|invaluement|abuseat|cbl|mailspike|hostkarma|senderscore|surbl|uribl|s5h|rbl|[a-z]{0,20}dnsbl|rats-\w+"
    r"|nix ?spam|block(?:ed)?[- ]?list(?:ed|ing)?|black[- ]?list(?:ed|ing)?|deny ?list)s?",
}

_FAMILY = re.compile(r"\{([a-z]+)\}")


class Rule(NamedTuple):
    """One way to recognise a cause. What is empty does not matter; all that is given must fit.

    ``phrases`` are searched in the text; ``stages``, ``providers`` and ``modes`` are words of which one must hold, and
    so are the numbers ``ports``. An unknown stage fits where phrases are given that are used at several stages.
    ``enhanced`` and ``code`` are patterns of the whole enhanced status code and of the whole reply code, which are
    empty text where there is none. ``permanent`` overrides what is usual for the cause.
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
    """The phrases as one pattern, each beginning where a word begins; compiled when first asked for."""
    alternatives = [_expanded(line.strip()) for line in phrases.splitlines() if line.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})")


def _expanded(phrase: str) -> str:
    gapped = phrase.replace(" .. ", rf"\b.{{0,{GAP}}}?(?<!\w)")
    return _FAMILY.sub(lambda family: FAMILIES[family[1]], gapped)
