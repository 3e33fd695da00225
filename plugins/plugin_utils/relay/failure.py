# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a relay cannot deliver, in the words of whoever has to mend it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.plugin_utils import reply
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.relay import (
    CAUSES_AT_RELAY,
    OWN_FAULTS,
    TOKEN_FAULTS,
    OwnFault,
    TokenFault,
)
from ansible_collections.weestimate.mail.plugins.plugin_utils.catalogue.rule import pattern
from ansible_collections.weestimate.mail.plugins.plugin_utils.diagnosis import (
    Diagnosis,
    diagnose,
    of_cause,
    provider_of,
)

_SENT, _QUEUED, _UNKNOWN = "sent", "queued", "unknown"

#: The host and port of Postfix's ``host[address]:port``.
_RELAY = re.compile(r"(?P<host>[^\[]+)\[[^\]]*\](?::(?P<port>[0-9]+))?")


def of_delivery(delivery: Mapping[str, Any], upstream: str | None) -> dict[str, Any] | None:
    """The diagnosis of a mail that was followed by relay_delivery; None where nothing is wrong with it."""
    if delivery["status"] == _SENT:
        return None
    reason = delivery["reason"] or _UNTOLD.get(delivery["status"], "")
    return of_reason(reason, delivery["dsn"], delivery["relay"], upstream).as_dict()


_UNTOLD = {
    _QUEUED: "The mail is in the relay's queue, and its delivery was not tried yet.",
    _UNKNOWN: "Neither the queue nor the log of the relay knows of the mail.",
}


def of_reason(reason: str, dsn: str | None = None, relay: str | None = None, upstream: str | None = None) -> Diagnosis:
    """The diagnosis of a reason for which Postfix defers or returns a mail.

    ``relay`` is the next host as the log names it; ``upstream`` the host name of the upstream, where it is known.
    """
    found = _RELAY.match(relay or "")
    host, port = (found["host"], found["port"]) if found else (None, None)
    facts = {
        "enhanced": dsn,
        "provider": provider_of(upstream) or provider_of(host),
        "port": int(port) if port else None,
    }
    own = _own_fault(reason, relay)
    if own:
        return of_cause(own.cause, None, reason, **facts, causes={**CAUSES_AT_RELAY, own.cause: own.meaning})
    return diagnose(None, reason, **facts, causes=CAUSES_AT_RELAY)


def of_proxy(stage: str, text: str, **facts: Any) -> Diagnosis:
    """The diagnosis of a conversation with the OAuth proxy that ended at a stage; ``facts`` as for `diagnose`."""
    words = _AS_POSTFIX.get(stage, "{text}").format(text=text)
    own = _own_fault(words, f"{_PROXY}[{_PROXY}]")
    if own:
        return of_cause(own.cause, stage, text, **facts, causes={**CAUSES_AT_RELAY, own.cause: own.meaning})
    return diagnose(stage, text, **facts, causes=CAUSES_AT_RELAY)


_PROXY = "127.0.0.1"

#: How Postfix words the end of a conversation with the proxy before the login, for the rules about its words.
_AS_POSTFIX = {
    "connect": f"connect to {_PROXY}[{_PROXY}]: connection refused ({{text}})",
    "banner": f"lost connection with {_PROXY}[{_PROXY}] while receiving the initial server greeting ({{text}})",
    "ehlo": f"lost connection with {_PROXY}[{_PROXY}] while performing the EHLO handshake ({{text}})",
}


def of_token(said: str) -> TokenFault | None:
    """What a token endpoint's answer means, as far as the catalogue knows it."""
    return next((fault for fault in TOKEN_FAULTS if re.search(fault.words, said)), None)


def _own_fault(reason: str, relay: str | None) -> OwnFault | None:
    """The fault of the relay itself that a reason tells of, if it tells of one."""
    words, place = reply.read(reason).all_words, f"{relay or ''} {reason}"
    return next((own for own in OWN_FAULTS if re.search(own.relay, place) and pattern(own.phrases).search(words)), None)
