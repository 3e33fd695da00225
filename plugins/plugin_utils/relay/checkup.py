# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found out about a relay, judged point by point. Nothing here touches a network or a host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.relay import CAUSES_AT_RELAY
from ansible_collections.weestimate.mail.plugins.plugin_utils.checklist import (
    FAILED,
    NOT_CHECKABLE,
    OK,
    WARNING,
    Finding,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import (
    Diagnosis,
    diagnose,
    of_cause,
    provider_of,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import failure

Facts = Mapping[str, Any]

#: Stages of a conversation before TLS, TLS itself, and the login.
_REACHING = ("settings", "dns", "connect", "banner", "ehlo")
_ENCRYPTING = ("tls",)

#: How the catalogue names a proxy's unit, which knows no upstream.
_ANY_UNIT = "@NAME, with the upstream's name"

_ROTATE = "Make a new one in Entra, and set it with weestimate.mail.rotate_relay_secret before the old one ends."
_RENEW = "Put a new one, with its key, into the place of the files in weestimate_relay_tls, and reload Postfix."
_CREDENTIALS = {"secret": "client secret", "certificate": "client certificate"}


@dataclass(frozen=True)
class Limits:
    """When something is worth a warning, in days that are left, or a fault, in minutes that a mail waits."""

    now: datetime
    certificate_days: int = 30
    credential_days: int = 30
    queue_minutes: int = 60


class _Judged(NamedTuple):
    status: str
    why: str
    remedy: str = ""


def examine(facts: Facts, limits: Limits) -> list[Finding]:
    """One finding for each point: Postfix and its doors, then each upstream, then the queue and what keeps its mail."""
    findings = [Finding("Postfix", *_postfix(facts))]
    if facts["on_trial"]:
        findings.append(Finding("Trial", *_ON_TRIAL))
    findings += _doors(facts, limits)
    for upstream in facts["upstreams"]:
        findings += [Finding(f"{upstream['name']}: {point}", *judged) for point, judged in _of(upstream, limits)]
    return [*findings, Finding("Queue", *_queue(facts["queue"], limits)), *_waiting(facts)]


def upstreams(facts: Facts, limits: Limits) -> list[dict[str, Any]]:
    """The upstreams for a program: what holds of each, and why not."""
    return [_shown(upstream, limits) for upstream in facts["upstreams"]]


def reasons(facts: Facts) -> list[dict[str, Any]]:
    """Why mail waits: each meaning once, with how many recipients wait for it, and a diagnosis."""
    host = _common_host(facts["upstreams"])
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in facts["queue"]["reasons"]:
        diagnosis = failure.of_reason(entry["reason"], upstream=host)
        known = found.setdefault(
            (diagnosis.cause, diagnosis.summary), {"count": 0, "reason": entry["reason"], "diagnosis": diagnosis}
        )
        known["count"] += entry["count"]
    return [{**entry, "diagnosis": entry["diagnosis"].as_dict()} for entry in found.values()]


def _common_host(examined: Sequence[Facts]) -> str | None:
    """A host that stands for all upstreams: a reason does not say which of them it is about, nor need it if all are of
    one provider.
    """
    hosts = [upstream["route"]["address"] for upstream in examined]
    return hosts[0] if len({provider_of(host) for host in hosts}) == 1 else None


def _postfix(facts: Facts) -> _Judged:
    if facts["runs"]:
        return _Judged(OK, "Postfix runs.")
    return _Judged(
        FAILED,
        "Postfix does not run: the relay takes no mail.",
        "Start it: systemctl restart postfix, and see its log.",
    )


_ON_TRIAL = _Judged(
    WARNING,
    "The configuration is on trial: it is not proven that mail gets through, and what is refused for good waits.",
    "Run weestimate.mail.relay, which proves it.",
)


def _doors(facts: Facts, limits: Limits) -> Iterator[Finding]:
    """What instances meet before their mail is taken, where they do."""
    if facts["certificate"]:
        yield Finding("Certificate", *_own_certificate(facts["certificate"], limits))
    if facts["logins"] is not None:
        yield Finding("Logins", *(_JUDGING if facts["logins"] else _NOT_JUDGING))


_JUDGING = _Judged(OK, "Dovecot answers, which judges the logins.")
_NOT_JUDGING = _Judged(
    FAILED,
    "Dovecot does not answer, so no instance can log in.",
    "Start it: systemctl restart weestimate-relay-login, and see its log.",
)


def _own_certificate(certificate: Facts, limits: Limits) -> _Judged:
    return _term("relay's certificate", certificate, limits.now, limits.certificate_days, _RENEW)


def _of(upstream: Facts, limits: Limits) -> Iterator[tuple[str, _Judged]]:
    """The points of one upstream."""
    for point, judge in _POINTS.items():
        judged = judge(upstream, limits)
        if judged:
            yield point, judged
    if upstream["credential"]:
        yield _CREDENTIALS[upstream["credential"]["kind"]], _credential(upstream["credential"], limits)


def _connection(upstream: Facts, _limits: Limits) -> _Judged:
    route = upstream["route"]
    return _failed_at(upstream, "reach", _REACHING) or _Judged(
        OK, f"{route['address']}:{route['port']} answers ({upstream['reach']['peer']})."
    )


def _encryption(upstream: Facts, _limits: Limits) -> _Judged:
    tls, stage = upstream["reach"]["tls"], upstream["reach"]["failed_stage"]
    if upstream["route"]["mode"] == "plain":
        return _Judged(OK, "It is declared to be spoken to without encryption.")
    if stage in _REACHING:
        return _not_reached()
    return _failed_at(upstream, "reach", _ENCRYPTING) or _Judged(OK, f"The session is encrypted ({tls['protocol']}).")


def _certificate(upstream: Facts, limits: Limits) -> _Judged | None:
    """The upstream's certificate, where it was met and accepted; what is not accepted is told of with encryption."""
    tls = upstream["reach"]["tls"]
    if not tls or tls["expires_in_days"] is None or upstream["reach"]["failed_stage"] in _ENCRYPTING:
        return None
    days = tls["expires_in_days"]
    if days < limits.certificate_days:
        return _Judged(WARNING, f"The upstream's certificate ends in {days} days.", "Have it renewed on the upstream.")
    return _Judged(OK, f"The upstream's certificate is good for {days} days.")


def _login(upstream: Facts, _limits: Limits) -> _Judged:
    if upstream["auth"] == "none":
        return _Judged(OK, "It takes mail without a login, as declared.")
    if not upstream["stored"]:
        return _Judged(
            FAILED,
            "Postfix knows no login for this upstream, so it sends without one.",
            "Run weestimate.mail.relay, which writes the login to Postfix's table.",
        )
    login = upstream["login"]
    if login["failed_stage"] is None:
        return _Judged(OK, _LOGGED_IN[upstream["auth"]])
    if upstream["auth"] == "password" and login["failed_stage"] != "auth":
        return _not_reached()
    return _refused_login(upstream)


_LOGGED_IN = {
    "password": "The login is accepted.",
    "oauth": "A token was obtained, and the login with it is accepted.",
}


def _refused_login(upstream: Facts) -> _Judged:
    """Why the login fails: where the token endpoint gave a reason, that is it."""
    diagnosis, told = _diagnosis(upstream, "login"), failure.of_token(upstream["token"])
    if told:
        return _Judged(FAILED, f"No token was obtained: {told.summary} Seen: {_ended(upstream['token'])}", told.remedy)
    judged = _as_diagnosed(diagnosis._replace(evidence=upstream["token"] or diagnosis.evidence))
    return judged._replace(remedy=judged.remedy.replace(_ANY_UNIT, f"@{upstream['name']}"))


def _credential(credential: Facts, limits: Limits) -> _Judged:
    return _term(_CREDENTIALS[credential["kind"]], credential, limits.now, limits.credential_days, _ROTATE)


def _term(name: str, found: Facts, now: datetime, least_days: int, remedy: str) -> _Judged:
    """The judgement on a secret or a certificate that is good until a day, as `end_of` tells that."""
    if found["problem"]:
        return _Judged(FAILED, f"{found['problem']}.", "Put the certificate in its place, readable to root.")
    days = _days_left(found["expires_at"], now)
    if days is None:
        return _Judged(
            NOT_CHECKABLE,
            f"Nobody has stated when the {name} ends.",
            "State auth.expires of the upstream, as shown in Entra when the secret was made.",
        )
    if days < 0:
        return _Judged(FAILED, f"The {name} ended on {found['expires_at'][:10]}.", remedy)
    if days < least_days:
        return _Judged(WARNING, f"The {name} ends in {days} days.", remedy)
    return _Judged(OK, f"The {name} is good for {days} days.")


#: The points of an upstream in their order; the credential of an application comes after them.
_POINTS: Mapping[str, Callable[[Facts, Limits], _Judged | None]] = {
    "connection": _connection,
    "encryption": _encryption,
    "certificate": _certificate,
    "login": _login,
}


def _queue(queue: Facts, limits: Limits) -> _Judged:
    if not queue["length"]:
        return _Judged(OK, "No mail waits.")
    minutes = queue["oldest_seconds"] // 60
    told = f"{_counted(queue['length'], 'mail')} in the queue, the oldest for {_duration(minutes)}."
    if minutes >= limits.queue_minutes:
        return _Judged(
            FAILED, told, "Mend what keeps them; they go out by themselves then, or at once by: postqueue -f."
        )
    if queue["held"]:
        return _Judged(WARNING, f"{told} Put aside by hand: {queue['held']}.", "Release them: postsuper -H ALL.")
    return _Judged(OK, told)


def _waiting(facts: Facts) -> Iterator[Finding]:
    """A point for each meaning of what keeps mail; what the relay's next attempt may mend is a warning."""
    for entry in reasons(facts):
        diagnosis = entry["diagnosis"]
        status = FAILED if diagnosis["permanent"] else WARNING
        why = (
            f"{_counted(entry['count'], 'recipient')} waiting: {diagnosis['summary']} Seen: {_ended(entry['reason'])}"
            f" To be mended by: {diagnosis['owner']}."
        )
        yield Finding(f"Queue: {diagnosis['cause']}", status, why, " ".join(diagnosis["remedy"]))


def _shown(upstream: Facts, limits: Limits) -> dict[str, Any]:
    reach, login, credential = upstream["reach"], upstream["login"], upstream["credential"]
    failed = next((each for each in ("reach", "login") if upstream[each] and upstream[each]["failed_stage"]), None)
    return {
        "name": upstream["name"],
        "host": upstream["route"]["address"],
        "port": upstream["route"]["port"],
        "reachable": reach["failed_stage"] not in _REACHING,
        "tls": reach["tls"],
        "logged_in": login["failed_stage"] is None if login else None,
        "credential": (
            {
                "kind": credential["kind"],
                "expires_at": credential["expires_at"],
                "days": _days_left(credential["expires_at"], limits.now),
            }
            if credential
            else None
        ),
        "diagnosis": _diagnosis(upstream, failed).as_dict() if failed else None,
    }


def _failed_at(upstream: Facts, which: str, stages: Sequence[str]) -> _Judged | None:
    """The judgement on a conversation that ended at one of these stages; None for one that did not."""
    if upstream[which]["failed_stage"] not in stages:
        return None
    return _as_diagnosed(_diagnosis(upstream, which))


def _diagnosis(upstream: Facts, which: str) -> Diagnosis:
    """What the end of a conversation means. To the proxy, Postfix would have said it in words of its own."""
    ended, route = upstream[which]["failure"], upstream["route"]
    facts = {"code": ended["code"], "enhanced": ended["enhanced"], "provider": provider_of(route["address"])}
    if which == "login" and upstream["auth"] == "oauth":
        return _with_code(failure.of_proxy(ended["stage"], ended["text"], **facts), ended["code"])
    facts.update(port=route["port"], tls_mode=route["mode"], causes=CAUSES_AT_RELAY)
    judge = partial(of_cause, ended["cause"]) if ended["cause"] else diagnose
    return _with_code(judge(stage=ended["stage"], text=ended["text"], **facts), ended["code"])


def _with_code(diagnosis: Diagnosis, code: int | None) -> Diagnosis:
    """The words alone do not show the code that people search for."""
    return diagnosis._replace(evidence=f"{code} {diagnosis.evidence}") if code else diagnosis


def _as_diagnosed(diagnosis: Diagnosis) -> _Judged:
    return _Judged(
        FAILED,
        f"{diagnosis.summary} Seen: {_ended(diagnosis.evidence)} To be mended by: {diagnosis.owner}.",
        " ".join(diagnosis.remedy),
    )


def _not_reached() -> _Judged:
    return _Judged(NOT_CHECKABLE, "The conversation ended before this point.")


def _days_left(expires_at: str | None, now: datetime) -> int | None:
    """Whole days until a date or a time in ISO 8601; negative once it is over."""
    if not expires_at:
        return None
    if len(expires_at) == len("2027-01-31"):  # the day itself still counts
        return (date.fromisoformat(expires_at) - now.astimezone(timezone.utc).date()).days
    return (datetime.fromisoformat(expires_at.replace("Z", "+00:00")) - now).days


def _ended(text: str) -> str:
    return f"{text.rstrip('. ')}."


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _duration(minutes: int) -> str:
    if minutes < 120:
        return _counted(minutes, "minute")
    hours = minutes // 60
    return _counted(hours, "hour") if hours < 48 else _counted(hours // 24, "day")


def failed(findings: Iterable[Finding]) -> list[Finding]:
    """The points at which somebody has to do something."""
    return [finding for finding in findings if finding.status == FAILED]
