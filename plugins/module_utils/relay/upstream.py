# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One upstream, tried as the relay would: whether it answers, how it encrypts, and whether the login is accepted.

Behind the OAuth proxy there are two conversations: one with the upstream itself, up to TLS, and one with the proxy,
which logs in there with a token. Nothing is sent in either.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from ..smtp.dialogue import converse
from ..smtp.report import Report
from ..smtp.route import IMPLICIT, PLAIN, STARTTLS, Login, Route, Trust
from ..smtp.scrub import Scrubber
from . import credential
from .asking import output_of
from .log import message_of

#: How a plan writes the next host: [host]:port.
_NEXT_HOP = re.compile(r"\[(?P<host>[^\]]+)\]:(?P<port>[0-9]+)")

_PROXY_HOST = "127.0.0.1"
_UNIT = "weestimate-relay-oauth@{name}.service"

#: What emailproxy logs where it gets no token, with the endpoint's answer or the library's words.
_NO_TOKEN = re.compile(r"Caught exception while requesting OAuth 2\.0 credentials for account \S+: (?P<said>.*)")

_NOBODY = Login("", "")
_OAUTH, _PASSWORD = "oauth", "password"


def examine(planned: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """What is found out about an upstream of a plan; each conversation takes ``timeout`` seconds at most.

    Returns its ``name``, the ``route``, ``reach`` (a report of the conversation with the upstream itself), ``login``
    (the report up to the login, None where none is declared or none is stored), ``stored`` (whether there is a login),
    ``token`` (what the token endpoint said; empty where that is not known) and ``credential``.
    """
    route, proxy = _route(planned), planned.get("proxy")
    stored = None if planned["auth"] == "none" else credential.login_of(planned["transport"], _keys(planned))
    direct = stored if planned["auth"] == _PASSWORD and stored else _NOBODY
    reach = converse(route, _trust(planned), direct, None, "auth" if direct.user else _as_far(route), timeout)
    began = time.time()
    login = reach if direct.user else None
    if proxy and stored:
        login = converse(Route(_PROXY_HOST, proxy["port"], PLAIN), Trust(), stored, None, "auth", timeout)
    return {
        "name": planned["name"],
        "auth": planned["auth"],
        "route": {"address": route.address, "port": route.port, "mode": route.mode},
        "reach": reach.as_dict(),
        "login": login.as_dict() if login else None,
        "stored": bool(stored),
        "token": _said_of_token(planned["name"], began, stored) if proxy and _refused(login) else "",
        "credential": _credential(proxy) if proxy else None,
    }


def _route(planned: Mapping[str, Any]) -> Route:
    """The way to the upstream itself, whether there is a proxy in between or not."""
    proxy = planned.get("proxy")
    if proxy:
        return Route(proxy["host"], proxy["server_port"], STARTTLS if proxy["starttls"] else IMPLICIT)
    hop = _NEXT_HOP.fullmatch(planned["nexthop"])
    mode = IMPLICIT if planned["wrapper"] else PLAIN if planned["security"] == "none" else STARTTLS
    return Route(hop["host"], int(hop["port"]), mode)


def _trust(planned: Mapping[str, Any]) -> Trust:
    return Trust(ca_file=(planned.get("proxy") or planned).get("ca_file"))


def _as_far(route: Route) -> str:
    return "connect" if route.mode == PLAIN else "tls"


def _keys(planned: Mapping[str, Any]) -> list[str]:
    """What Postfix looks the login up by: the sender, where each logs in as itself, then the next host."""
    by_sender = [planned["mailbox"]] if planned["identity"] == "sender" and planned.get("mailbox") else []
    return [*by_sender, planned["sasl_key"]]


def _credential(proxy: Mapping[str, Any]) -> dict[str, Any]:
    return credential.end_of(proxy["credential"], proxy.get("expires"), proxy.get("certificate"))


def _refused(login: Report | None) -> bool:
    return login is not None and login.failed_stage == "auth"


def _said_of_token(name: str, since: float, login: Login) -> str:
    """Why the proxy got no token, in the words that it logged last; empty where it logged none."""
    command = ["journalctl", "--quiet", "--output=json", "--output-fields=MESSAGE", f"--since=@{int(since)}"]
    lines = output_of([*command, f"_SYSTEMD_UNIT={_UNIT.format(name=name)}"]).splitlines()
    told = [found["said"] for found in map(_NO_TOKEN.match, map(message_of, lines)) if found]
    return Scrubber([login.password]).clean(told[-1]) if told else ""
