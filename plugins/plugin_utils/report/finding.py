# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the examination of one instance comes to, in the shape of ``schemas/drift.schema.json``.

An instance that could not be examined has a finding of the same shape. Nothing here touches a database or a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.notes import TEST, WINDOW, Note
from ansible_collections.weestimate.mail.plugins.module_utils.options import PASSWORD
from ansible_collections.weestimate.mail.plugins.module_utils.redaction import BLANK
from ansible_collections.weestimate.mail.plugins.module_utils.window import Window
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema, verdict
from ansible_collections.weestimate.mail.plugins.plugin_utils.age import is_overdue, password_age
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.providers import PROVIDERS
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import provider_of

IN_SYNC, DRIFTED, WINDOW_OPEN, WINDOW_EXPIRED, FAILED = "in_sync", "drifted", "window_open", "window_expired", "failed"
STATES = (IN_SYNC, DRIFTED, WINDOW_OPEN, WINDOW_EXPIRED, FAILED)

#: The advice that a login depends on what Microsoft switches off (schemas/advice.schema.json).
_EXCHANGE_ONLINE = "exchange_online_password_login"

#: A message of ansible-core may go on with the lines of a file, which nobody wants in a report.
_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Subject:
    """Which instance is examined, and what the user has said about it; ages in days, None for no limit."""

    instance: str
    environment: str
    profile: str = ""
    tolerated: bool = False
    password_max_age: int | None = None
    overdue_fails: bool = False


def examined(subject: Subject, seen: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The finding on an instance of which ``seen`` is what `module_utils.drift.examine` tells.

    Raises ``journal_unavailable`` for a note that nobody of ours has written.
    """
    notes = [Note(**note) for note in seen["notes"]]
    window = next((Window.of(note) for note in notes if note.topic == WINDOW), None)
    tests = [verdict.of_note(note) for note in notes if note.topic.startswith(TEST)]
    advice = _advice(seen["settings"])
    return {
        **_blank(subject, now),
        "state": _state(window, seen["options"]),
        "store": seen["store"],
        "options": seen["options"],
        "settings": seen["settings"],
        "window": _window(window) if window else None,
        "password": _password(subject, seen["password_changed_at"], now),
        "tests": tests,
        "certificate": _certificate(tests, now),
        "provider": _provider(seen["settings"]),
        "exchange_online_change": _exchange_online(advice),
        "history": seen["history"],
        "warnings": [str(entry) for entry in advice if entry.advice != _EXCHANGE_ONLINE],
    }


def failed(subject: Subject, result: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The finding on an instance that could not be examined, by the result of the task that failed."""
    return {**_blank(subject, now), "state": FAILED, "failure": failure_of(result)}


def failed_later(finding: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """A finding that is known already, and what failed since: an expired window could not be closed."""
    return {**finding, "state": FAILED, "failure": failure_of(result)}


def no_answer(subject: Subject, now: datetime) -> dict[str, Any]:
    """The finding on an instance of which nothing has been heard."""
    silence = {
        "msg": "The examination of this instance ended without a result.",
        "remedy": "See what the run printed about it. A worker that is killed, as for want of memory, says nothing.",
    }
    return failed(subject, silence, now)


def _blank(subject: Subject, now: datetime) -> dict[str, Any]:
    """Nothing known but which instance it is."""
    return {
        "instance": subject.instance,
        "environment": subject.environment,
        "state": FAILED,
        "tolerated": subject.tolerated,
        "checked_at": now.isoformat(timespec="seconds"),
        "profile": subject.profile,
        "store": "",
        "options": [],
        "settings": {},
        "failure": None,
        "window": None,
        "password": _password(subject, None, now),
        "tests": [],
        "certificate": None,
        "provider": None,
        "exchange_online_change": {"affected": False, "why": ""},
        "history": [],
        "warnings": [],
    }


def _state(window: Window | None, options: Sequence[Any]) -> str:
    if window:
        return WINDOW_EXPIRED if window.overdue else WINDOW_OPEN
    return DRIFTED if options else IN_SYNC


def failure_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a report tells of a task that failed."""
    remedy = result.get("remedy") or "Put that right, then run again."
    return {
        "error_code": result.get("error_code", "not_examined"),
        "msg": _message(result).removesuffix(remedy).strip(),
        "remedy": remedy,
        "unreachable": bool(result.get("unreachable")),
    }


def _message(result: Mapping[str, Any]) -> str:
    """What a failed task says: as it is where it is one of ours, else its first line as a sentence."""
    message = str(result.get("msg") or "It failed and did not say how")
    if "error_code" in result:
        return message
    errors = result.get("argument_errors") or [message.partition("\n")[0]]
    return "; ".join(map(str, errors))[:_LONGEST_MESSAGE].rstrip(" .:") + "."


def _window(window: Window) -> dict[str, Any]:
    told = ("id", "holder", "run", "reason", "opened_at", "until", "phase", "expired")
    return {name: getattr(window, name) for name in told}


def _password(subject: Subject, changed_at: str | None, now: datetime) -> dict[str, Any]:
    age = password_age(changed_at, now)
    return {
        "changed_at": changed_at,
        "age_days": age,
        "max_age_days": subject.password_max_age,
        "overdue": is_overdue(age, subject.password_max_age),
        "fails": subject.overdue_fails,
    }


def _certificate(tests: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any] | None:
    """The certificate that the newest of the tests met, of those that met one."""
    met = [test for test in tests if test["certificate_expires_at"]]
    if not met:
        return None
    expires_at = max(met, key=lambda test: test["at"])["certificate_expires_at"]
    # Python 3.10 does not read the "Z" for UTC.
    return {"expires_at": expires_at, "days": (datetime.fromisoformat(expires_at.replace("Z", "+00:00")) - now).days}


def _provider(settings: Mapping[str, Any]) -> str | None:
    word = provider_of(settings.get("smtp_address"))
    return PROVIDERS[word].title if word else None


def _advice(settings: Mapping[str, Any]) -> list[schema.Violation]:
    """What the vendor's rules advise about what is stored."""
    document = {name: value for name, value in settings.items() if value is not None}
    # Rules ask whether there is a password, never what it is.
    if document.get(PASSWORD.name) == BLANK:
        document[PASSWORD.name] = ""
    return schema.advice(document)


def _exchange_online(advice: Sequence[schema.Violation]) -> dict[str, Any]:
    found = next((entry for entry in advice if entry.advice == _EXCHANGE_ONLINE), None)
    return {"affected": found is not None, "why": found.reason if found else ""}
