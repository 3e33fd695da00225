# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one mail that the relay has taken: the log tells of its attempts, and the queue of what is left."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from ..errors import MailSettingsError
from . import queue
from .asking import no_answer
from .log import BOUNCED, DEFERRED, EXPIRED, QUEUE_ID, SENT, Attempt, Log, Mail

QUEUED, UNKNOWN = "queued", "unknown"

#: What the whole mail is when its recipients fared differently: the first that one of them has.
_WORST_FIRST = (BOUNCED, EXPIRED, DEFERRED, QUEUED, SENT)

#: As long as it is one of these, there is something to wait for.
_UNDECIDED = (QUEUED, UNKNOWN)

#: The queue ID at the end of a server's answer, as Postfix words it, or alone.
_GIVEN = re.compile(rf"(?:.*\bqueued as )?({QUEUE_ID})\W*", re.DOTALL)

#: The relay hands a mail back to itself where its headers ask for another treatment. More often is a loop.
_MOST_HOPS = 5
_ITSELF = re.compile(r"(?:127\.[0-9.]+|localhost|::1)\[")
_HANDED_ON = re.compile(rf"\bqueued as ({QUEUE_ID})$")

#: Every program of Postfix logs to the facility "mail" (syslog_facility), which has this number.
_JOURNAL = (
    *("journalctl", "--quiet", "--follow", "--lines=all", "--output=json"),
    *("--output-fields=MESSAGE,SYSLOG_PID", "SYSLOG_FACILITY=2"),
)


class Fate(NamedTuple):
    """What became of a mail: ``status`` of the whole, the last attempt for each recipient, and its last queue ID."""

    status: str
    attempts: tuple[Attempt, ...]
    queue_id: str

    def as_dict(self) -> dict[str, Any]:
        """The fate in the types of JSON; the words are those of the recipient who fared worst."""
        shown = next((each for each in self.attempts if each.status == self.status), None)
        worst = shown or (self.attempts[0] if self.attempts else None)
        return {
            "status": self.status,
            "dsn": worst.dsn if worst else None,
            "relay": worst.relay if worst else None,
            "reason": worst.reason if worst else None,
            "seconds": round(max((each.seconds for each in self.attempts), default=0.0), 2),
            "recipients": [each._asdict() for each in self.attempts],
        }


def follow(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The fate of a mail, by the arguments of ``relay_delivery``. Raises ``schema_invalid`` and ``relay_unwell``."""
    queue_id = queue_id_in(arguments["queue_id"])
    fate = _waiting(queue_id)
    if fate.status != DEFERRED:
        fate = _in_log(queue_id, arguments["timeout"], arguments["log_minutes"] * 60)
    if fate.status in _UNDECIDED:
        # The log of an attempt is written before the mail leaves the queue, so a mail that is in neither is not known.
        fate = _waiting(fate.queue_id)
    return {"queue_id": queue_id, "ok": fate.status == SENT, **fate.as_dict()}


def queue_id_in(text: str) -> str:
    """The queue ID, given alone or as the answer of the server that took the mail. Raises ``schema_invalid``."""
    found = _GIVEN.fullmatch(text.strip())
    if not found:
        remedy = "Set queue_id to the ID that the relay gave, or to its answer, which ends with it: queued as …"
        broken = {"path": "queue_id", "rule": "A mail is known by its queue ID", "remedy": remedy}
        raise MailSettingsError("schema_invalid", "queue_id: it holds no queue ID.", remedy, violations=[broken])
    return found[1]


def fate_in(log: Log, queue_id: str) -> Fate:
    """What a log tells of a mail, also after the relay has handed it to itself under another ID."""
    if queue_id not in log.mails:
        return Fate(UNKNOWN, (), queue_id)
    way = [queue_id]
    # An ID that only the answer of another host names ends the way.
    while len(way) < _MOST_HOPS and _next_id(log.mails[way[-1]]) in log.mails:
        way.append(_next_id(log.mails[way[-1]]))
    *before, last = (log.mails[each] for each in way)
    passed = sum(max((each.seconds for each in hop.attempts), default=0.0) for hop in before)
    attempts = tuple(each._replace(seconds=round(each.seconds + passed, 2)) for each in last.attempts)
    return Fate(_status(last), attempts, way[-1])


def _next_id(mail: Mail) -> str:
    """The ID under which the relay has taken the mail from itself; empty where it has not."""
    for attempt in mail.attempts:
        handed_on = _HANDED_ON.search(attempt.reason)
        if attempt.status == SENT and handed_on and _ITSELF.match(attempt.relay):
            return handed_on[1]
    return ""


def _status(mail: Mail) -> str:
    """The worst that happened to a recipient. Whoever had no attempt is still to come."""
    if mail.expired:
        return EXPIRED
    if not mail.settled:
        return QUEUED
    found = {attempt.status for attempt in mail.attempts}
    return next((status for status in _WORST_FIRST if status in found), UNKNOWN)


def _waiting(queue_id: str) -> Fate:
    """What the queue tells of a mail: it is there for some reason, or it is not there."""
    mail = next((mail for mail in queue.listing() if mail.queue_id == queue_id), None)
    if mail is None:
        return Fate(UNKNOWN, (), queue_id)
    age = round(time.time() - mail.arrived, 2)
    attempts = tuple(
        Attempt(each.address, DEFERRED, None, None, each.reason, age) for each in mail.recipients if each.reason
    )
    return Fate(DEFERRED if attempts and mail.queue == queue.WAITING else QUEUED, attempts, queue_id)


def _in_log(queue_id: str, timeout: float, since: float) -> Fate:
    """What the journal tells of a mail within *timeout* seconds, beginning *since* seconds ago."""
    log = Log()
    with closing(_entries(timeout, since)) as entries:
        for entry in entries:
            log.read(entry)
            fate = fate_in(log, queue_id)
            if fate.status not in _UNDECIDED:
                return fate
    return fate_in(log, queue_id)


def _entries(timeout: float, since: float) -> Iterator[bytes]:
    """The journal's entries on mail, and each that is added until the time is over."""
    deadline = time.monotonic() + timeout
    with _journal(since) as stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        rest = b""
        while selector.select(max(0.0, deadline - time.monotonic())):
            data = os.read(stream.fileno(), 1 << 16)
            if not data:
                raise no_answer("journalctl", "ended early")
            *lines, rest = (rest + data).split(b"\n")
            yield from lines


@contextmanager
def _journal(since: float) -> Iterator[Any]:
    """The output of a journalctl that follows the log; it is ended with the context."""
    command = [*_JOURNAL, f"--since=@{int(time.time() - since)}"]
    try:
        # A program of the collection's choice, without a shell; it goes on while its output is read.
        process = subprocess.Popen(  # noqa: S603 # pylint: disable=ansible-bad-function
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise no_answer("journalctl", f"cannot be started ({error.strerror})") from None
    with process:
        try:
            yield process.stdout
        finally:
            process.kill()
