# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Postfix tells of each mail in its log: who tried to deliver it, and with which outcome.

Its lines are text without a specification, and have kept their form since Postfix 2.3. What is read here was taken from
real ones of Postfix 3.7 and 3.10; further fields in between do not matter.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

SENT, DEFERRED, BOUNCED, EXPIRED = "sent", "deferred", "bounced", "expired"

#: The words for an outcome. With soft_bounce, Postfix writes one in capitals for a refusal that it takes for deferred,
#: and has made a 4 of the first digit of its status code.
_SOFTENED = "SOFTBOUNCE"
_OUTCOMES = {SENT: SENT, DEFERRED: DEFERRED, BOUNCED: BOUNCED, _SOFTENED: DEFERRED}

#: A queue ID is hexadecimal, or has no vowels where long ones are switched on (enable_long_queue_ids).
QUEUE_ID = r"(?:[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})"

_LINE = re.compile(rf"(?P<queue_id>{QUEUE_ID}): (?P<told>.*)", re.DOTALL)
_ATTEMPT = re.compile(
    r"to=<(?P<recipient>[^>]*)>, .*?relay=(?P<relay>[^,]+), (?:.*?, )?delay=(?P<delay>[0-9.e+]+), "
    r".*?dsn=(?P<dsn>[245]\.[0-9]{1,3}\.[0-9]{1,3}), status=(?P<status>\w+) \((?P<reason>.*?)\)?$",
    re.DOTALL,
)
_BEGINNING = re.compile(r"(?:resent-)?message-id=")
_COUNT = re.compile(r"from=<[^>]*>, size=[0-9]+, nrcpt=(?P<count>[0-9]+) ")
_END_OF_TIME = re.compile(rf"from=<[^>]*>, status=(?:force-)?{EXPIRED}\b")
_REMOVED = "removed"

#: Reasons that stand in the log without what was wrong; the same process has told that in a line of its own before.
_BARE = re.compile(r"Server certificate not verified|Cannot start TLS: |local data error")
_ASIDE = re.compile(
    r"(?:server )?certificate verification failed for [^ ]+: (?P<certificate>.*)"
    r"|warning: TLS library problem: error:[0-9A-F]+:(?P<library>.*?)(?::\S+:\d+:)?$"
    r"|warning: (?P<map>\S+:\S+ is unavailable\..*)"
)


class Attempt(NamedTuple):
    """One delivery to one recipient, as far as it came.

    ``status`` is sent, deferred or bounced; ``dsn`` the status code of RFC 3463; ``relay`` the host as Postfix names
    it (``host[address]:port``), or "none" or a local agent; ``reason`` the words in parentheses; ``seconds`` the time
    since the mail was taken. The queue does not tell of ``dsn`` and ``relay``, which are then None.
    """

    recipient: str
    status: str
    dsn: str | None
    relay: str | None
    reason: str
    seconds: float


class Mail:
    """What the log tells of one mail; a queue ID that was used before stands for the last mail that had it."""

    def __init__(self) -> None:
        self.expected = 0
        self.expired = False
        self.removed = False
        self._last: dict[str, Attempt] = {}

    @property
    def attempts(self) -> list[Attempt]:
        """The last attempt for each recipient."""
        return list(self._last.values())

    @property
    def settled(self) -> bool:
        """Whether each recipient has had an attempt, or no further one will be made."""
        return self.removed or self.expired or 0 < self.expected <= len(self._last)

    def tell(self, told: str, aside: str) -> None:
        """Take in the rest of a line, with what its process has said before."""
        attempt = _ATTEMPT.match(told)
        count = _COUNT.match(told)
        if attempt and attempt["status"] in _OUTCOMES:
            self._last[attempt["recipient"]] = _attempt(attempt, aside)
        elif count:
            # Fewer are left when a mail comes from the deferred queue.
            self.expected = max(self.expected, int(count["count"]))
        elif _END_OF_TIME.match(told):
            self.expired = True
        elif told == _REMOVED:
            self.removed = True


class Log:
    """The mails of a log that is read line by line."""

    def __init__(self) -> None:
        self.mails: dict[str, Mail] = {}
        self._asides: dict[str, str] = {}

    def read(self, line: str | bytes) -> None:
        """Take in one entry of the journal, in the format of ``journalctl --output=json``; what is none is ignored."""
        entry = _entry(line)
        process, message = str(entry.get("SYSLOG_PID")), _text(entry.get("MESSAGE"))
        found = _LINE.match(message)
        if found:
            self._tell(found["queue_id"], found["told"], process)
        else:
            self._keep_aside(process, message)

    def _tell(self, queue_id: str, told: str, process: str) -> None:
        if _BEGINNING.match(told) or queue_id not in self.mails:
            self.mails[queue_id] = Mail()
        self.mails[queue_id].tell(told, self._asides.get(process, ""))

    def _keep_aside(self, process: str, message: str) -> None:
        aside = _ASIDE.match(message)
        if aside:
            self._asides[process] = next(part for part in aside.groups() if part)


def message_of(line: str | bytes) -> str:
    """The message of one entry of the journal in JSON; empty where it has none."""
    return _text(_entry(line).get("MESSAGE"))


def _attempt(found: re.Match[str], aside: str) -> Attempt:
    reason = found["reason"]
    if aside and _BARE.match(reason):
        reason = f"{reason}: {aside}"
    dsn = f"5{found['dsn'][1:]}" if found["status"] == _SOFTENED else found["dsn"]
    status = _OUTCOMES[found["status"]]
    return Attempt(found["recipient"], status, dsn, found["relay"], reason, float(found["delay"]))


def _entry(line: str | bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _text(message: Any) -> str:
    """The journal writes what is no UTF-8 as a list of bytes, and what is too long as null."""
    if isinstance(message, list):
        return bytes(message).decode("utf-8", "replace")
    return message or ""
