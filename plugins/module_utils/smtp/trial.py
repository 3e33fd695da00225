# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One trial of mail settings: the conversation with the mail server and, on demand, the arrival in a mailbox.

A trial tells what happened. What that means, and who can mend it, is judged on the controller.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from ..errors import MailSettingsError
from ..options import BY_NAME
from .dialogue import STOPS, Login, Route, Trust, converse
from .mailbox import Mailbox, Search, open_mailbox
from .message import Outgoing, compose, new_token

DELIVERED = "delivered"


def probe(settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Log in as WeEstimate would with ``settings``, and send nothing; the keys of `send` that a login has."""
    _require_usable(settings)
    return _attempt(settings, arguments, None, "auth")


def send(settings: Mapping[str, Any], arguments: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Speak to the mail server as far as the arguments of ``smtp_test`` ask, in check mode at most to the envelope.

    Returns, in plain types: ``route``, ``stages``, ``failed_stage``, ``failure``, ``tls``, ``kind``, ``token`` and
    ``delivery``. Raises `MailSettingsError` for what keeps the trial from beginning, and for an unreadable mailbox.
    """
    _require_usable(settings)
    stop_after = _stop_after(arguments, check_mode)
    outgoing = _outgoing(settings, arguments) if _reaches(stop_after, "envelope") else None
    with ExitStack() as stack:
        # A mailbox that cannot be read is found out before there is a mail to look for.
        mailbox = None
        if stop_after == "delivery":
            mailbox = stack.enter_context(open_mailbox(arguments["confirm"]))
        spoken = "message" if stop_after == "delivery" else stop_after
        trial = {"kind": arguments["kind"], **_attempt(settings, arguments, outgoing, spoken)}
        if mailbox is None or trial["failure"]:
            return {**_with_stage(trial, "skipped"), "delivery": None}
        return _confirmed(trial, mailbox, arguments["confirm"], Search(token=outgoing.token))


def watch(confirm: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Wait for a mail that WeEstimate itself sends, which check mode does not delete; the keys of `send`."""
    if not confirm.get("subject") and not confirm.get("sender"):
        raise _misused("confirm", "It is known which mail to wait for", "Set confirm.subject, confirm.sender, or both.")
    nothing: dict[str, Any] = {
        "kind": None,
        "route": None,
        "stages": [],
        "failed_stage": None,
        "failure": None,
        "tls": None,
        "token": None,
    }
    search = Search(subject=confirm.get("subject"), sender=confirm.get("sender"))
    with open_mailbox(confirm) as mailbox:
        return _confirmed(nothing, mailbox, {**confirm, "delete": confirm["delete"] and not check_mode}, search)


def seal(trial: Mapping[str, Any]) -> str:
    """A trial as a module hands it to the action that judges it.

    Ansible masks every occurrence of a secret in a module's answer, also where a password is part of an ordinary word
    such as "connection", and then nobody could judge the answer. Nothing in a trial holds a secret (`scrub`).
    """
    return base64.b64encode(json.dumps(trial).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """The trial again."""
    return json.loads(base64.b64decode(sealed))


def _attempt(
    settings: Mapping[str, Any], arguments: Mapping[str, Any], outgoing: Outgoing | None, stop_after: str
) -> dict[str, Any]:
    tls = arguments["tls"]
    route = Route.of(settings, tls["implicit_ports"])
    trust = Trust(tls["verify"], tls.get("ca_file"), tls["minimum_version"])
    relays = {host.casefold() for host in arguments["allow_plaintext_password_to"]}
    login = Login(
        user=settings.get("smtp_user") or "",
        password=settings.get("smtp_password") or "",
        oauth_token=arguments.get("oauth_token"),
        mechanism=arguments["mechanism"],
        allow_plaintext=route.address.casefold() in relays,
    )
    report = converse(route, trust, login, outgoing, stop_after, arguments["timeout"])
    return {
        "route": {"address": route.address, "port": route.port, "mode": route.mode},
        "token": outgoing.token if outgoing else None,
        **report.as_dict(),
    }


def _confirmed(
    trial: Mapping[str, Any], mailbox: Mailbox, confirm: Mapping[str, Any], search: Search
) -> dict[str, Any]:
    try:
        arrival = mailbox.wait_for(search, confirm["timeout"], confirm["interval"], confirm["delete"])
    except MailSettingsError as error:
        error.details.update(stages=trial["stages"], token=trial["token"])
        raise
    if arrival is None:
        seconds = float(confirm["timeout"])
        failed = _with_stage(trial, "failed", seconds, f"did not arrive within {confirm['timeout']} seconds")
        return {**failed, "failed_stage": DELIVERED, "delivery": None}
    delivery = {
        "folder": arrival.folder,
        "junk": arrival.junk,
        "seconds": arrival.seconds,
        "authentication_results": arrival.authentication_results,
        "warning": arrival.warning,
    }
    spurned = arrival.junk and confirm["fail_on_junk"]
    told = _with_stage(trial, "failed" if spurned else "ok", arrival.seconds, f"in {arrival.folder}")
    return {**told, "failed_stage": DELIVERED if spurned else None, "delivery": delivery}


def _with_stage(trial: Mapping[str, Any], status: str, seconds: float = 0.0, detail: str = "") -> dict[str, Any]:
    stage = {
        "name": DELIVERED,
        "status": status,
        "elapsed_ms": round(seconds * 1000, 1),
        "reply_code": None,
        "enhanced_code": None,
        "detail": detail,
    }
    return {**trial, "stages": [*trial["stages"], stage]}


def _stop_after(arguments: Mapping[str, Any], check_mode: bool) -> str:
    """How far to speak: as asked, else up to the delivery if there is a mailbox to look into, else to the message."""
    confirm = arguments.get("confirm")
    asked = arguments.get("stop_after") or ("delivery" if confirm else "message")
    if (asked == "delivery") != bool(confirm):
        raise _misused("stop_after", "A delivery is confirmed in a mailbox", "Set confirm to look for a delivery only.")
    return "envelope" if check_mode and _reaches(asked, "envelope") else asked


def _reaches(stop_after: str, stage: str) -> bool:
    return STOPS.index(stop_after) >= STOPS.index(stage)


def _require_usable(settings: Mapping[str, Any]) -> None:
    """What is needed to speak to anybody. Rules about what is wise are not asked here: what is stored is tested."""
    if not settings.get("smtp_mail_enabled"):
        raise MailSettingsError(
            "mail_disabled",
            "SMTP Mail Enabled is off: WeEstimate sends no mail, so there is nothing to test.",
            "Switch SMTP Mail Enabled on (smtp_mail_enabled) if mail is to be sent, or leave the test out.",
        )
    blank = [BY_NAME[name].label for name in ("smtp_address", "smtp_port") if not settings.get(name)]
    if blank:
        names = " and ".join(blank)
        raise _misused("settings", f"{names} are set" if len(blank) > 1 else f"{names} is set", f"Set {names}.")


def _outgoing(settings: Mapping[str, Any], arguments: Mapping[str, Any]) -> Outgoing:
    """The mail, once it is known that it leaves for nobody but those who may be bothered."""
    outgoing = compose(arguments["kind"], settings, arguments["to"], arguments.get("acting_user"), new_token())
    allowed = arguments.get("allowed_recipient_domains")
    if allowed is not None:
        domains = {domain.casefold().lstrip("@") for domain in allowed}
        outside = [each for each in outgoing.recipients if each.rpartition("@")[2].casefold() not in domains]
        if outside:
            raise _misused(
                "to",
                f"A test mail goes to allowed_recipient_domains only, not to {', '.join(outside)}",
                "Name recipients of an allowed domain, or allow theirs.",
            )
    return outgoing


def _misused(path: str, rule: str, remedy: str) -> MailSettingsError:
    violation = {"path": path, "rule": rule, "remedy": remedy}
    return MailSettingsError("schema_invalid", f"{path}: {rule}.", remedy, violations=[violation])
