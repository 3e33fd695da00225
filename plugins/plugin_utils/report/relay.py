# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the examination of one relay comes to, in the shape of ``relays`` in ``schemas/drift.schema.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils import checklist
from ansible_collections.weestimate.mail.plugins.plugin_utils.report.finding import failure_of

WELL, UNWELL, FAILED = "well", "unwell", "failed"
STATES = (WELL, UNWELL, FAILED)

#: Points that are worth a word, the most pressing first.
_AMISS = (checklist.FAILED, checklist.WARNING, checklist.NOT_CHECKABLE)

#: What of an upstream a report tells; who issued its certificate is for whoever examines it.
_OF_UPSTREAM = ("name", "host", "port", "reachable", "logged_in", "credential")


class Subject(NamedTuple):
    """Which relay is examined, by its name in the inventory, and where it belongs."""

    relay: str
    environment: str


def examined(subject: Subject, told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The finding on a relay of which ``told`` is the result of relay_doctor."""
    unwell = any(point["status"] == checklist.FAILED for point in told["findings"])
    return {
        **_blank(subject, now),
        "state": UNWELL if unwell else WELL,
        "points": told["findings"],
        "upstreams": [_upstream(each) for each in told["upstreams"]],
        "queue": {name: told["queue"][name] for name in ("length", "held", "oldest_seconds")},
    }


def failed(subject: Subject, result: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The finding on a relay that could not be examined, by the result of the task that failed."""
    return {**_blank(subject, now), "failure": failure_of(result)}


def no_answer(subject: Subject, now: datetime) -> dict[str, Any]:
    """The finding on a relay of which nothing has been heard."""
    silence = {"msg": "The examination of this relay ended without a result.", "remedy": "See what the run printed."}
    return failed(subject, silence, now)


def is_one(finding: Mapping[str, Any]) -> bool:
    """Whether a finding is on a relay, and not on an instance."""
    return "relay" in finding


def amiss(finding: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The points that are not in order, what has failed first."""
    points = [point for point in finding["points"] if point["status"] in _AMISS]
    return sorted(points, key=lambda point: _AMISS.index(point["status"]))


def next_end(finding: Mapping[str, Any]) -> tuple[str, str] | None:
    """What of a relay ends next, and on which day: a certificate or a credential of an upstream."""
    ends = [
        (moment[: len("2027-01-31")], f"{what} of {upstream['name']}")
        for upstream in finding["upstreams"]
        for what, moment in _ends(upstream)
        if moment
    ]
    return min(ends)[::-1] if ends else None


def _ends(upstream: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield "certificate", upstream["certificate_expires_at"]
    if upstream["credential"]:
        yield f"client {upstream['credential']['kind']}", upstream["credential"]["expires_at"]


def _blank(subject: Subject, now: datetime) -> dict[str, Any]:
    """Nothing known but which relay it is."""
    return {
        "relay": subject.relay,
        "environment": subject.environment,
        "state": FAILED,
        "checked_at": now.isoformat(timespec="seconds"),
        "failure": None,
        "points": [],
        "upstreams": [],
        "queue": None,
    }


def _upstream(told: Mapping[str, Any]) -> dict[str, Any]:
    tls = told["tls"]
    return {
        **{name: told[name] for name in _OF_UPSTREAM},
        "certificate_expires_at": tls["expires_at"] if tls else None,
    }
