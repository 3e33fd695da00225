# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift reports of made-up fleets, with something of everything; the same for the same number of instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=timezone.utc)
RUN = "nightly-4711"
MAILBOX = "notifications@contoso.com"
WHY = (
    "At the end of December 2026 Exchange Online switches SMTP AUTH with a password off by default. An administrator of"
    " the tenant can switch it back on."
)
STAGES = ("settings", "dns", "connect", "banner", "ehlo", "tls", "auth", "mail_from", "rcpt_to", "data", "accepted")
REPLIES = {"banner": 220, "ehlo": 250, "tls": 220, "auth": 235, "mail_from": 250, "rcpt_to": 250, "accepted": 250}

#: Environments and the provider of each; the mailbox of those at Exchange Online loses its login.
ENVIRONMENTS = {"development": None, "production": "Microsoft 365", "staging": None}

#: In every twenty instances, those which are not in sync.
STATES = {2: "drifted", 5: "window_open", 9: "failed", 13: "drifted", 16: "window_expired", 18: "failed"}


def moment(**ago: float) -> str:
    """The moment so long before the report."""
    return (NOW - timedelta(**ago)).isoformat(timespec="seconds")


def report(instances: int | list[dict[str, Any]]) -> dict[str, Any]:
    """A report on so many made-up instances, or on the given ones."""
    findings = [finding(index) for index in range(instances)] if isinstance(instances, int) else instances
    met = Counter(each["state"] for each in findings)
    counts = {state: met[state] for state in ("in_sync", "drifted", "window_open", "window_expired", "failed")}
    ailing = counts["drifted"] + counts["window_expired"]
    return {
        "format": 1,
        "generated_at": moment(),
        "generated_by": "weestimate.mail 0.3.0",
        "run": RUN,
        "verdict": "failed" if counts["failed"] else "drifted" if ailing else "in_sync",
        "counts": counts,
        "instances": findings,
    }


def finding(index: int, **parts: Any) -> dict[str, Any]:
    """The finding of one instance by its number; ``parts`` stand in the place of what it would have."""
    environment = list(ENVIRONMENTS)[index % len(ENVIRONMENTS)]
    state = STATES.get(index % 20, "in_sync")
    hosted = ENVIRONMENTS[environment] is not None
    settings = _settings(hosted=hosted)
    made = {
        "instance": f"quotes-{environment}-{index:05}",
        "environment": environment,
        "state": state,
        "tolerated": environment == "development",
        "checked_at": moment(seconds=index % 90),
        "profile": "office365" if hosted else "internal_relay",
        "store": f"sql0{index % 4}.contoso.com/WeEstimate_{index}",
        "options": _drift(index) if state == "drifted" else [],
        "settings": settings,
        "failure": None,
        "window": _window(state) if state.startswith("window") else None,
        "password": _password(index * 11 % 420 if settings["smtp_user"] else None),
        "tests": _tests(index),
        "certificate": {"expires_at": moment(days=-(index * 7 % 180)), "days": index * 7 % 180},
        "provider": ENVIRONMENTS[environment],
        "exchange_online_change": {"affected": hosted, "why": WHY if hosted else ""},
        "history": [_entry(number, index) for number in range(index % 6, 0, -1)],
        "warnings": [],
    }
    return {**made, **(_nothing_known(index) if state == "failed" else {}), **parts}


def _settings(*, hosted: bool) -> dict[str, Any]:
    return {
        "smtp_mail_enabled": True,
        "smtp_address": "smtp.office365.com" if hosted else "relay.contoso.com",
        "smtp_port": 587 if hosted else 25,
        "use_ssl": hosted,
        "smtp_user": MAILBOX if hosted else "",
        "smtp_password": "(set)" if hosted else "(blank)",
        "enable_smtp_send_as": True,
        "smtp_connect_as": MAILBOX,
        "send_smtp_to_self": False,
        "use_smtp_email": True,
        "include_mpoc_recipient": None,
    }


def _drift(index: int) -> list[dict[str, Any]]:
    by_hand = {"how": "hand_edit", "since": moment(days=9), "by": None, "run": None}
    older = {"how": "older_run", "since": moment(days=40), "by": "awx", "run": "deploy-0815"}
    return [
        {"name": "smtp_port", "label": "SMTP Port", "expected": 587, "actual": 25, **by_hand},
        {"name": "use_ssl", "label": "Use SSL", "expected": True, "actual": False, **by_hand},
        {"name": "smtp_password", "label": "SMTP Password", "expected": "(changed)", "actual": "(set)", **older},
    ][: 1 + index % 3]


def _window(state: str) -> dict[str, Any]:
    expired = state == "window_expired"
    return {
        "id": "0d9c2b3e5f6a4c1b8e7d2a1f3b4c5d6e",
        "holder": "alice",
        "run": "window-12",
        "reason": "contracts of the quarter",
        "opened_at": moment(hours=3),
        "until": moment(hours=1 if expired else -1),
        "phase": "open",
        "expired": expired,
    }


def _password(age: int | None) -> dict[str, Any]:
    return {
        "changed_at": None if age is None else moment(days=age),
        "age_days": age,
        "max_age_days": 365,
        "overdue": age is not None and age > 365,
        "fails": False,
    }


def _tests(index: int) -> list[dict[str, Any]]:
    tests = [trial("approval", days=index % 30)]
    if index % 4:
        tests.append(trial("customer_document", "mail_from" if index % 8 == 1 else None, days=index % 50))
    return tests


def trial(kind: str, failed_stage: str | None = None, **ago: float) -> dict[str, Any]:
    """A test of a kind of mail as it is recorded."""
    reached = STAGES.index(failed_stage) if failed_stage else len(STAGES)
    return {
        "kind": kind,
        "at": moment(**ago),
        "by": "awx",
        "run": RUN,
        "ok": failed_stage is None,
        "failed_stage": failed_stage,
        "stages": [_stage(name, number - reached) for number, name in enumerate(STAGES)],
        "diagnosis": _DIAGNOSIS if failed_stage else None,
        "certificate_expires_at": moment(days=-90),
    }


def _stage(name: str, beyond: int) -> dict[str, Any]:
    """A stage; ``beyond`` is negative before the one that failed."""
    status = "ok" if beyond < 0 else "failed" if beyond == 0 else "skipped"
    return {
        "name": name,
        "status": status,
        "elapsed_ms": 0.0 if status == "skipped" else 7.5 * len(name) ** 1.5,
        "reply_code": 554 if status == "failed" else REPLIES.get(name) if status == "ok" else None,
        "enhanced_code": "5.2.252" if status == "failed" else None,
    }


_DIAGNOSIS = {
    "cause": "send_as_denied",
    "owner": "mail administrator",
    "summary": "The login of SMTP User may not send with this From address.",
    "remedy": [
        "Enable SMTP Send As, so that the From address is SMTP Connect As and not each user's own.",
        "Set SMTP Connect As to the address of SMTP User, or to an alias that it owns.",
    ],
}


def _entry(number: int, index: int) -> dict[str, Any]:
    return {
        "id": number,
        "changed_at": moment(days=11 + index % 40 + 30 * (6 - number)),
        "changed_by": "awx",
        "run": f"deploy-{800 + number}",
        "profile": "office365",
        "kind": "restore" if number == 3 else "change",
        "state": "confirmed" if number == 3 or number == index % 6 else "superseded",
        "changed_options": ["smtp_address", "smtp_password", "smtp_port"][: 1 + number % 3],
    }


def _nothing_known(index: int) -> dict[str, Any]:
    return {
        "store": "",
        "password": _password(None),
        "certificate": None,
        "provider": None,
        "exchange_online_change": {"affected": False, "why": ""},
        "options": [],
        "tests": [],
        "history": [],
        "settings": {},
        "failure": _UNREACHABLE if index % 20 == 18 else _REFUSED,
    }


_UNREACHABLE = {
    "error_code": "not_examined",
    "msg": "Failed to connect to the host via ssh: Connection timed out",
    "remedy": "Put that right, then run again.",
    "unreachable": True,
}
_REFUSED = {
    "error_code": "store_unreachable",
    "msg": "The database server sql01.contoso.com cannot be reached.",
    "remedy": "Check host, port or instance, and the firewall between the controller and the server.",
    "unreachable": False,
}


def hostile(text: str) -> dict[str, Any]:
    """A report in which every text that comes from elsewhere ends in ``text``."""
    return _planted(report([finding(index) for index in (2, 5, 9, 13, 1)]), text)


#: Words of the format, which no instance chooses.
_WORDS = (
    "state",
    "how",
    "kind",
    "phase",
    "name",
    "status",
    "verdict",
    "counts",
    "changed_options",
    "generated_by",
)


def _planted(value: Any, text: str) -> Any:
    """A copy with ``text`` after every text; dates and words of the format stay as they are."""
    if isinstance(value, Mapping):
        return {
            key: each if key in _WORDS or key.endswith(("_at", "at", "until", "since")) else _planted(each, text)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_planted(each, text) for each in value]
    return f"{value}{text}" if isinstance(value, str) else value
