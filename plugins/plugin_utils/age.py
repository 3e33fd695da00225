# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How old a password is, and whether that is older than it may be."""

from __future__ import annotations

from datetime import datetime, timezone


def password_age(changed_at: str | None, now: datetime) -> int | None:
    """Whole days since ``changed_at``, ISO 8601 as the journal has it; None where the journal does not know it.

    ``now`` has a time zone; a time without one counts as UTC. Raises ValueError for what is no time.
    """
    if not changed_at:
        return None
    # Python 3.10 does not read the "Z" for UTC.
    changed = datetime.fromisoformat(changed_at.replace("Z", "+00:00"))
    if changed.tzinfo is None:
        changed = changed.replace(tzinfo=timezone.utc)
    return (now - changed).days


def is_overdue(age: int | None, at_most: int | None) -> bool:
    """Whether a password of that age, in days, is older than it may be; never where one of the two is not known."""
    return age is not None and at_most is not None and age > at_most
