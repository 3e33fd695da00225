# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instances send with one mailbox, what went wrong at which of them, and which of them holds which password."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: What an instance may hold: the former password, the new one, or something that could not be read.
OLD, NEW, UNKNOWN = "old", "new", "unknown"

_WORDS = {NEW: "the new password", OLD: "the former password", UNKNOWN: "a password that could not be read"}
_ORDER = (NEW, OLD, UNKNOWN)
_WORKING = {True: ", which works", False: ", which does not work", None: ""}
_LEFT = "It has left the run."


@dataclass(frozen=True)
class Standing:
    """How one instance stands in a rotation.

    ``user`` and ``address`` are SMTP User and SMTP Address as stored; a ``user`` of None could not be read, and a blank
    one means that there is no login, and so no password. ``declared`` is the login that the inventory states.
    ``wrong`` says what went wrong, ``works`` whether mail was seen to work; None is not known.
    """

    instance: str
    user: str | None = None
    address: str = ""
    declared: str = ""
    wrong: str = ""
    holds: str = UNKNOWN
    works: bool | None = None

    @property
    def mailbox(self) -> str | None:
        """The login and the server, without regard to case; None where there is no login, or it is not known."""
        return f"{self.user} at {self.address}".casefold() if self.user else None

    def may_use(self, mailbox: str) -> bool:
        """Whether the instance sends with a mailbox, as far as is known: one that tells nothing counts to all."""
        if self.user is not None:
            return self.mailbox == mailbox
        return not self.declared or mailbox.startswith(f"{self.declared} at ".casefold())


def standing_of(instance: str, told: Mapping[str, Any], gone: Collection[str]) -> Standing:
    """The standing that a play has noted for a host; the hosts in ``gone`` can do nothing any more."""
    wrong = (told.get("misstep") or {}).get("said") or ("" if told else _LEFT)
    return Standing(
        instance,
        told.get("user"),
        told.get("address") or "",
        told.get("declared") or "",
        wrong or (_LEFT if instance in gone else ""),
        told.get("holds") or UNKNOWN,
        told.get("works"),
    )


def sort(standings: Collection[Standing], gone: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """The mailboxes in the order in which they are met, each with what `_told_of` says."""
    mailboxes = dict.fromkeys(each.mailbox for each in standings if each.mailbox)
    unread = [each for each in standings if each.user is None]
    members: dict[str, list[Standing]] = {mailbox: [] for mailbox in mailboxes}
    for each in standings:
        if each.mailbox:
            members[each.mailbox].append(each)
    return {
        mailbox: _told_of(known, [each for each in unread if each.may_use(mailbox)], gone)
        for mailbox, known in members.items()
    }


def _told_of(known: Collection[Standing], unread: Collection[Standing], gone: Collection[str]) -> dict[str, Any]:
    """What is told of a mailbox.

    ``speaker`` acts for the mailbox where something is done once, ``faulty`` says what is wrong at which instance, and
    ``holding`` which instance holds which password, as a sentence.
    """
    everybody = [*known, *unread]
    present = [each.instance for each in known if each.instance not in gone]
    return {
        "instances": [
            {"instance": each.instance, "holds": each.holds, "works": each.works, "wrong": each.wrong}
            for each in everybody
        ],
        "speaker": present[0] if present else None,
        "faulty": {each.instance: each.wrong for each in everybody if each.wrong},
        "holding": _sentence(everybody),
    }


def _sentence(standings: Collection[Standing]) -> str:
    told = "; ".join(_clauses(standings))
    return f"Now {told}." if told else ""


def _clauses(standings: Iterable[Standing]) -> Iterator[str]:
    """The instances that stand alike, in one clause."""
    standings = list(standings)
    for holds in _ORDER:
        for works, said in _WORKING.items():
            alike = [each.instance for each in standings if (each.holds, each.works) == (holds, works)]
            if alike:
                yield f"{listed(alike)} {'holds' if len(alike) == 1 else 'hold'} {_WORDS[holds]}{said}"


def listed(names: Collection[str]) -> str:
    """Names as people list them: ``a``, ``a and b``, ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
