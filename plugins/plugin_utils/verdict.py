# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a trial of mail settings means: a result, or an error in the words of whoever has to mend it.

A trial that was noted is judged when it is read: then a diagnosis is as good as the release that makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils import record
from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.notes import Note
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.trial import DELIVERED, unseal
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import (
    Diagnosis,
    diagnose,
    of_cause,
    provider_of,
)

#: What is tested, as the subject of a sentence.
_SUBJECTS = {
    None: "Mail of WeEstimate",
    "approval": "Approval mail",
    "customer_document": "A document for a customer",
    "self_document": "A document sent to oneself",
}

#: What of a delivery is part of a result; the rest becomes warnings.
_DELIVERY = ("folder", "junk", "seconds", "authentication_results")

#: What of a diagnosis a report of the fleet tells; the reply itself stays where it was noted.
_TOLD_LATER = ("cause", "owner", "summary", "remedy")


def result_of(trial: Mapping[str, Any]) -> dict[str, Any]:
    """The documented keys of a trial, whether it got through or not."""
    diagnosis = _diagnosis(trial)
    delivery = trial.get("delivery")
    return {
        "changed": False,
        "ok": trial["failed_stage"] is None,
        "kind": trial.get("kind"),
        "stages": trial["stages"],
        "failed_stage": trial["failed_stage"],
        "diagnosis": diagnosis.as_dict() if diagnosis else None,
        "tls": trial["tls"],
        "delivery": {name: delivery[name] for name in _DELIVERY} if delivery else None,
        "token": trial.get("token"),
        "warnings": _warnings(trial),
    }


def of_note(note: Note) -> dict[str, Any]:
    """A test that was noted, as in ``schemas/drift.schema.json``. Raises ``journal_unavailable`` for an edited note."""
    kind, noted = record.kind_of(note), note.content
    diagnosis = _diagnosis(noted)
    return {
        "kind": kind,
        "at": noted["began_at"],
        "by": note.noted_by,
        "run": note.run,
        "ok": noted["ok"],
        "failed_stage": noted["failed_stage"],
        "stages": [{name: stage[name] for name in record.STAGE} for stage in noted["stages"]],
        "diagnosis": {name: diagnosis.as_dict()[name] for name in _TOLD_LATER} if diagnosis else None,
        "certificate_expires_at": noted["certificate_expires_at"],
    }


def failure_of(trial: Mapping[str, Any], result: Mapping[str, Any]) -> MailSettingsError:
    """The error of a trial that did not get through, with its result as details."""
    details = {name: value for name, value in result.items() if name != "changed"}
    return MailSettingsError(_error_code(trial), _told(trial, result), _remedy(result), **details)


def explained(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """A failed result of smtp_settings whose candidate was tried and refused; any other result as it is."""
    if not result.get("trial"):
        return result
    trial = unseal(result["trial"])
    found = result_of(trial)
    remedy = _remedy(found)
    return {
        **{name: value for name, value in result.items() if name != "trial"},
        **{name: found[name] for name in ("stages", "failed_stage", "diagnosis", "tls")},
        "state": "unchanged",
        "msg": f"{_told(trial, found)} Nothing was changed: the instance holds its former settings. {remedy}",
        "remedy": remedy,
    }


def _diagnosis(trial: Mapping[str, Any]) -> Diagnosis | None:
    failure, route = trial["failure"], trial["route"]
    if failure is None:
        return _of_delivery(trial)
    facts = {
        "stage": failure["stage"],
        "text": failure["text"],
        "code": failure["code"],
        "enhanced": failure["enhanced"],
        "provider": provider_of(route["address"]),
        "port": route["port"],
        "tls_mode": route["mode"],
    }
    found = of_cause(failure["cause"], **facts) if failure["cause"] else diagnose(**facts)
    # The words alone do not show the code that people search for.
    return found._replace(evidence=f"{failure['code']} {found.evidence}") if failure["code"] else found


def _of_delivery(trial: Mapping[str, Any]) -> Diagnosis | None:
    """A mail that was taken and yet failed the check: it is among junk, or nowhere."""
    if trial["failed_stage"] is None:
        return None
    delivery = trial["delivery"]
    if delivery:
        return of_cause("content_rejected_spam", stage=DELIVERED, text=_seen_as(delivery))
    return of_cause("unknown", stage=DELIVERED, text=trial["stages"][-1].get("detail", ""))


def _seen_as(delivery: Mapping[str, Any]) -> str:
    """Where a mail lies and what the receiving server thought of its origin."""
    verdicts = delivery.get("authentication_results") or {}
    told = [f"{method}={verdicts[method]}" for method in ("spf", "dkim", "dmarc") if verdicts.get(method)]
    return f"in {delivery['folder']}" + (f" ({', '.join(told)})" if told else "")


def _error_code(trial: Mapping[str, Any]) -> str:
    if trial["failed_stage"] != DELIVERED:
        return "test_failed"
    return "delivery_junk" if trial["delivery"] else "delivery_missing"


def _told(trial: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """What failed, where, why, and who can mend it."""
    route, diagnosis = trial["route"], result["diagnosis"]
    way = f" through {route['address']}:{route['port']}" if route else ""
    return (
        f"{_SUBJECTS[result['kind']]}{way} fails at the stage {result['failed_stage']}: {diagnosis['summary']}"
        f" Seen: {diagnosis['evidence'].rstrip('.')}. To be mended by: {diagnosis['owner']}."
    )


def _remedy(result: Mapping[str, Any]) -> str:
    return " ".join(result["diagnosis"]["remedy"])


def _warnings(trial: Mapping[str, Any]) -> list[str]:
    delivery = trial.get("delivery") or {}
    warnings = [warning for warning in (trial.get("unrecorded"), delivery.get("warning")) if warning]
    if delivery.get("junk") and not trial["failed_stage"]:
        warnings.append(f"The test mail arrived, but as junk: {_seen_as(delivery)}. People will not see such mail.")
    return warnings
