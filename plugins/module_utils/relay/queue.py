# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What waits in Postfix's queue, and why."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .asking import output_of

#: The queue of what could not be delivered yet, and the one of what somebody has put aside by hand (postqueue(1)).
WAITING, HELD = "deferred", "hold"

#: What differs between replies that say the same: addresses, times, and names of servers and sessions in brackets.
_PARTICULAR = re.compile(
    r"<[^<>@]*@[^<>]*>|\[[^\[\]]*\d{4}-\d\d-\d\dT[^\[\]]*\]|\[Hostname=[^\[\]]*\]|\b[0-9A-F]{10,}\b"
)

#: Different reasons that are told; a queue of thousands has a handful of them.
_MOST_REASONS = 50


class Recipient(NamedTuple):
    """Whom a mail waits for: the address, and the reason why it was not delivered; empty before the first attempt."""

    address: str
    reason: str


class Queued(NamedTuple):
    """A mail in the queue: its ID, which queue it is in, when it came (seconds since 1970), and who is left."""

    queue_id: str
    queue: str
    arrived: int
    recipients: tuple[Recipient, ...]


def listing() -> list[Queued]:
    """All that is in the queue. Raises ``relay_unwell`` where Postfix does not tell."""
    return list(parsed(output_of(["postqueue", "-j"])))


def parsed(text: str) -> Iterator[Queued]:
    """The mails in an output of ``postqueue -j``, which is one object in JSON on each line (postqueue(1))."""
    for line in text.splitlines():
        mail = json.loads(line)
        people = (Recipient(each["address"], each.get("delay_reason", "")) for each in mail["recipients"])
        yield Queued(mail["queue_id"], mail["queue_name"], mail["arrival_time"], tuple(people))


def summary(mails: Iterable[Queued], now: float | None = None) -> dict[str, Any]:
    """How many mails wait, since when, and for which reasons, without anybody's address.

    Returns ``length``, ``held`` (of these, put aside by hand), ``oldest_seconds`` (0 for an empty queue), and
    ``reasons``: the ``reason`` and the ``count`` of recipients for each, the most frequent first.
    """
    mails = list(mails)
    oldest = min((mail.arrived for mail in mails), default=None)
    reasons = Counter(
        " ".join(_PARTICULAR.sub("…", each.reason).split()) for mail in mails for each in mail.recipients if each.reason
    )
    return {
        "length": len(mails),
        "held": sum(mail.queue == HELD for mail in mails),
        "oldest_seconds": max(0, int((now or time.time()) - oldest)) if oldest else 0,
        "reasons": [{"reason": reason, "count": count} for reason, count in reasons.most_common(_MOST_REASONS)],
    }
