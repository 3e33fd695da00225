# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What waits in Postfix's queue, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from .asking import output_of

#: The queue of what could not be delivered yet, and the one of what somebody has put aside by hand (postqueue(1)).
WAITING, HELD = "deferred", "hold"


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
