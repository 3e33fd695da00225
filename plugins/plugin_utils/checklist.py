# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's troubleshooting checklist, and what it could not know, as judgements on evidence.

The points and their order are those of the section "Troubleshooting Checklist" in the vendor's article; those from the
certificate on are ours. The evidence is gathered elsewhere: nothing here touches a network or a database.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema

OK, WARNING, FAILED, NOT_CHECKABLE = "ok", "warning", "failed", "not_checkable"


@dataclass(frozen=True)
class Finding:
    """What came of one point: ``status`` is ok, warning, failed or not_checkable; ``remedy`` may be empty."""

    point: str
    status: str
    why: str
    remedy: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known about an instance.

    ``held`` is the result of smtp_settings_info; ``trial`` that of a test up to ``asked``, or None where ``trouble``,
    a failed result, says what is wrong with the stored settings. ``near`` is the result of a connection from the
    controller. ``approval_server`` has ``host``, ``reached`` (None: not asked), ``said``.
    """

    held: Mapping[str, Any]
    trial: Mapping[str, Any] | None
    near: Mapping[str, Any] | None
    asked: str
    now: datetime
    trouble: Mapping[str, Any] = field(default_factory=dict)
    approval_server: Mapping[str, Any] = field(default_factory=dict)
    certificate_days: int = 30
    password_days: int = 365

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the instance holds, the password masked."""
        return self.held["settings"]

    @property
    def diagnosis(self) -> Mapping[str, Any]:
        """What is wrong by the trial; empty where nothing is."""
        return (self.trial or {}).get("diagnosis") or {}

    @property
    def tls(self) -> Mapping[str, Any]:
        """The encryption and the certificate that the trial met; empty where it met none."""
        return (self.trial or {}).get("tls") or {}

    def advice(self, *names: str) -> list[schema.Violation]:
        """What the vendor's rules advise about the stored settings, of these kinds."""
        document = {name: value for name, value in self.settings.items() if value is not None}
        return [entry for entry in schema.advice(document) if entry.advice in names]


class _Judged(NamedTuple):
    status: str
    why: str
    remedy: str = ""


def examine(evidence: Evidence) -> list[Finding]:
    """One finding for each point, in the order of the checklist."""
    return [Finding(point, *judge(evidence)) for point, judge in _POINTS.items()]


def as_table(findings: Iterable[Finding], width: int = 100) -> list[str]:
    """The findings as lines of text: point and status, then why, then what to do."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.status.replace('_', ' '):<14}{finding.point}")
        for text in filter(None, (finding.why, finding.remedy and f"-> {finding.remedy}")):
            lines += textwrap.wrap(text, width, initial_indent=" " * 14, subsequent_indent=" " * 14)
    return lines


def as_results(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """The findings for a program."""
    return [asdict(finding) for finding in findings]


def _enabled(evidence: Evidence) -> _Judged:
    if evidence.settings.get("smtp_mail_enabled"):
        return _Judged(OK, "SMTP Mail Enabled is on.")
    return _Judged(FAILED, "SMTP Mail Enabled is off: WeEstimate sends nothing.", "Switch SMTP Mail Enabled on.")


def _address_and_port(evidence: Evidence) -> _Judged:
    where = f"{evidence.settings.get('smtp_address')}:{evidence.settings.get('smtp_port')}"
    return _of_conversation(evidence, "address", f"A mail server answers at {where}.")


def _ssl(evidence: Evidence) -> _Judged:
    encrypted = f"The session is encrypted ({evidence.tls.get('protocol')})."
    clear = "Use SSL is off, as is usual for an internal relay on port 25."
    judged = _of_conversation(evidence, "ssl", encrypted if evidence.settings.get("use_ssl") else clear)
    advice = evidence.advice("submission_without_ssl", "login_without_encryption", "port_465")
    return _advised(advice) if advice and judged.status != FAILED else judged


def _credentials(evidence: Evidence) -> _Judged:
    user = evidence.settings.get("smtp_user")
    return _of_conversation(
        evidence, "credentials", f"{user} can log in." if user else "SMTP User is blank: nobody logs in."
    )


def _send_as(evidence: Evidence) -> _Judged:
    judged = _of_conversation(
        evidence,
        "send_as",
        "The envelope sender is accepted. Some servers, Exchange Online among them, judge the From header only with"
        " the message: weestimate.mail.test_send tells.",
    )
    advice = evidence.advice("office365_without_send_as", "connect_as_differs_from_user")
    return _advised(advice) if advice and judged.status != FAILED else judged


def _logs(_evidence: Evidence) -> _Judged:
    return _Judged(
        NOT_CHECKABLE,
        "The logs of the mail server are not open to this check.",
        "Send a test (weestimate.mail.test_send) and look for its token in the log or the message trace.",
    )


def _recipients(evidence: Evidence) -> _Judged:
    return _of_conversation(evidence, "recipients", "The mail server accepts the recipients.")


def _firewall_here(evidence: Evidence) -> _Judged:
    if evidence.near is None:
        return _Judged(NOT_CHECKABLE, "There is nowhere to connect to: see SMTP Address and SMTP Port.")
    connect = _stage(evidence.near, "connect")
    if connect.get("status") == OK:
        return _Judged(OK, f"The controller reaches the mail server ({connect['detail']}).")
    return _diagnosed(evidence.near["diagnosis"])


def _firewall_there(evidence: Evidence) -> _Judged:
    reached, host, said = (evidence.approval_server.get(key) for key in ("reached", "host", "said"))
    if reached is None:
        return _Judged(
            NOT_CHECKABLE,
            "It is not known on which host the approval server runs, or that host was not asked.",
            "State weestimate_smtp_approval_server, and run weestimate.mail.doctor.",
        )
    if reached:
        return _Judged(OK, f"{host} reaches the mail server.")
    return _Judged(
        FAILED,
        f"{host}, where the approval server runs, does not reach the mail server: {said}",
        f"Open the firewall between {host} and SMTP Address for SMTP Port.",
    )


def _certificate(evidence: Evidence) -> _Judged:
    if str(evidence.diagnosis.get("cause", "")).startswith("certificate_"):
        return _diagnosed(evidence.diagnosis)
    days, subject = evidence.tls.get("expires_in_days"), evidence.tls.get("subject")
    if days is None:
        return _Judged(NOT_CHECKABLE, "The mail server showed no certificate.")
    if days >= evidence.certificate_days:
        return _Judged(OK, f"The mail server's certificate is valid for another {days} days.")
    renew = "Ask whoever runs the mail server to renew it."
    if days < 0:  # Met only where certificates are not verified.
        return _Judged(FAILED, f"The mail server's certificate ({subject}) has expired.", renew)
    return _Judged(WARNING, f"The mail server's certificate ({subject}) expires in {days} days.", renew)


def _exchange_online(evidence: Evidence) -> _Judged:
    advice = evidence.advice("exchange_online_password_login")
    return _advised(advice) if advice else _Judged(OK, "The login does not depend on SMTP AUTH at Exchange Online.")


def _password_age(evidence: Evidence) -> _Judged:
    if not evidence.settings.get("smtp_user"):
        return _Judged(OK, "There is no login, so there is no password.")
    changed = evidence.held.get("password_changed_at")
    if not changed:
        return _Judged(NOT_CHECKABLE, "The journal does not know when the password was set.")
    days = (evidence.now - datetime.fromisoformat(changed)).days
    if days > evidence.password_days:
        return _Judged(WARNING, f"The password is {days} days old.", "Rotate it.")
    return _Judged(OK, f"The password is {days} days old.")


def _hand_edits(evidence: Evidence) -> _Judged:
    last = evidence.held.get("last_change")
    if not last:
        return _Judged(NOT_CHECKABLE, "The journal records no change to compare with.")
    edited = evidence.held["edited_since"]
    if not edited:
        return _Judged(OK, f"Nothing was edited since change {last['id']} of {last['changed_at']}.")
    return _Judged(
        WARNING,
        f"Edited by hand since change {last['id']} of {last['changed_at']}: {', '.join(edited)}.",
        "Take the edit over into the profile, or apply the profile again.",
    )


def _proof(evidence: Evidence) -> _Judged:
    last = evidence.held.get("last_change")
    if not last:
        return _Judged(NOT_CHECKABLE, "The journal records no change.")
    if last["state"] != "open":
        return _Judged(OK, f"Change {last['id']} is {last['state']}.")
    return _Judged(
        WARNING,
        f"Change {last['id']} of {last['changed_at']} by {last['changed_by']} was never declared proven.",
        "Apply with weestimate_smtp_test, which tests it, and confirms it or goes back.",
    )


#: Each point of the checklist, and who judges it.
_POINTS: Mapping[str, Callable[[Evidence], _Judged]] = {
    "SMTP Mail Enabled": _enabled,
    "SMTP Address and SMTP Port": _address_and_port,
    "Use SSL": _ssl,
    "SMTP User and SMTP Password": _credentials,
    "Send As": _send_as,
    "Mail server logs": _logs,
    "Recipient addresses": _recipients,
    "Firewall, from the controller": _firewall_here,
    "Firewall, from the approval server": _firewall_there,
    "Certificate of the mail server": _certificate,
    "SMTP AUTH at Exchange Online after December 2026": _exchange_online,
    "Age of the password": _password_age,
    "Edits by hand": _hand_edits,
    "Proof of the last change": _proof,
}


#: The stages of the conversation that each of its points is about.
_STAGES = {
    "address": ("settings", "dns", "connect", "banner", "ehlo"),
    "ssl": ("tls",),
    "credentials": ("auth",),
    "send_as": ("mail_from",),
    "recipients": ("rcpt_to",),
}

#: The points that a check up to the login does not come to; the others may be passed over because there is no need.
_ENVELOPE = ("send_as", "recipients")

#: Causes that are about one point at whatever stage they show: many servers refuse a sender only with the recipient.
_POINT_OF_CAUSE = {
    "tls_required": "ssl",
    "tls_not_offered": "ssl",
    "tls_wrong_mode": "ssl",
    "auth_required": "credentials",
    "send_as_denied": "send_as",
    "from_header_invalid": "send_as",
    "sender_rejected": "send_as",
}


def _of_conversation(evidence: Evidence, point: str, fine: str) -> _Judged:
    """What the trial says about a point: it is to blame, was passed, or was not come to."""
    if evidence.trial is None:
        return _of_trouble(evidence) if point == "address" else _Judged(NOT_CHECKABLE, "There was nobody to speak to.")
    failed = evidence.trial["failed_stage"]
    if failed and point == _blamed(failed, evidence.diagnosis["cause"]):
        return _diagnosed(evidence.diagnosis)
    states = {_stage(evidence.trial, name).get("status") for name in _STAGES[point]}
    if failed and (states == {"skipped"} or "failed" in states):
        return _Judged(NOT_CHECKABLE, f"The conversation ended at the stage {failed}.")
    if states == {"skipped"} and point in _ENVELOPE:
        return _Judged(NOT_CHECKABLE, f"The check went up to {evidence.asked} only.", "State whom to send to.")
    return _Judged(OK, fine)


def _blamed(stage: str, cause: str) -> str | None:
    """The point that a failure is about."""
    of_stage = next((point for point, stages in _STAGES.items() if stage in stages), None)
    return _POINT_OF_CAUSE.get(cause, of_stage)


def _of_trouble(evidence: Evidence) -> _Judged:
    remedy = evidence.trouble["remedy"]
    return _Judged(FAILED, evidence.trouble["msg"].removesuffix(remedy).strip(), remedy)


def _stage(trial: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What a trial says of a stage; an empty mapping where it never came to it."""
    return next((stage for stage in trial["stages"] if stage["name"] == name), {})


def _diagnosed(diagnosis: Mapping[str, Any]) -> _Judged:
    return _Judged(FAILED, f"{diagnosis['summary']} Seen: {diagnosis['evidence']}", " ".join(diagnosis["remedy"]))


def _advised(advice: list[schema.Violation]) -> _Judged:
    return _Judged(WARNING, " ".join(entry.reason for entry in advice), " ".join(entry.remedy for entry in advice))


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(timezone.utc)
