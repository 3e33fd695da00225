# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mailbox of Mailpit, a server for tests that catches all mail, read by its HTTP API (version 1).

The API is described at https://mailpit.axllent.org/docs/api-v1/. Requests go straight to the server: proxies of the
environment are not used, and redirections are not followed, so that the password reaches nobody else.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import takewhile
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..errors import MailSettingsError
from .channel import Deadline
from .route import Trust
from .scrub import Scrubber
from .search import Found, Headers, Search, headers_from
from .steps import Step, Steps, encrypt, reach
from .stream import Stream
from .wire import readable

#: What the folder of a found mail is called: Mailpit has no folders, and nothing in it is junk.
FOLDER = "INBOX"

#: Octets of one answer, with its header.
_LONGEST_ANSWER = 1024 * 1024

#: Mails that are looked at each time, the newest first.
_MOST_MAILS = 50

_PORTS = {"http": 80, "https": 443}
_KEY = re.compile(r"[A-Za-z0-9_-]+")

_ADDRESS = Step(
    "cannot be used", "Give confirm.mailpit.url as http://host:8025 or https://host, without login or query."
)
_SECRECY = Step(
    "cannot be asked",
    "Use https in confirm.mailpit.url, or a Mailpit on this machine, or one without a password.",
)
_CONNECT = Step(
    "cannot be reached",
    "Check confirm.mailpit.url, and that the network lets this machine through to it.",
)
_TLS = Step(
    "offers no encryption that can be trusted",
    "Check that confirm.mailpit.url is right about https, and that the certificate is valid for its host. Name the"
    " certificate of an authority of your own in confirm.mailpit.ca_file.",
)
_LOGIN = Step("does not take the login", "Check confirm.mailpit.user and confirm.mailpit.password.")
_ANSWER = Step(
    "does not answer as Mailpit does",
    "Check that confirm.mailpit.url is the address of Mailpit's web page, with the path if there is one.",
)
_DELETION = Step("does not delete the test mail", "Delete it by hand.")


class MailpitInbox:
    """All mail that a Mailpit has caught. Looking at it changes nothing."""

    def __init__(self, arguments: Mapping[str, Any], deadline: Deadline) -> None:
        """Find out whether the API can be used as ``confirm.mailpit`` says.

        :raises MailSettingsError: as all its methods.
        """
        user, password = arguments.get("user") or "", arguments.get("password") or ""
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._deadline = deadline
        self._trust = Trust(ca_file=arguments.get("ca_file"))
        self._steps = Steps("Mailpit", Scrubber([password]))
        self._address = self._steps.run(_ADDRESS, Address.of, arguments["url"])
        self._steps.place = f"Mailpit at {self._address.host}:{self._address.port}"
        self._headers = {"Host": self._address.netloc, "Accept": "application/json"}
        if password:
            self._steps.run(_SECRECY, self._address.require_secrecy)
            self._steps.scrubber.add_sent(login)
            self._headers["Authorization"] = f"Basic {login}"
        self._known = set(self._newest())

    def begin_watch(self, deadline: Deadline) -> None:
        """Let the mails that are there now not count for a search without a token."""
        self._deadline = deadline
        self._known = set(self._newest())

    def find(self, search: Search, deadline: Deadline) -> Found | None:
        """Look through the mails once."""
        self._deadline = deadline
        for key in self._with_token(search.token) if search.token is not None else self._new():
            headers = self._header_fields(key)
            if search.matches(headers):
                return Found(FOLDER, False, key, headers)
            self._known.add(key)
        return None

    def delete(self, found: Found, deadline: Deadline) -> str | None:
        """Delete that mail and no other; a sentence about what is left of it, if anything is."""
        self._deadline = deadline
        try:
            # Without a key, Mailpit would delete all there is; no key is empty, see _keys.
            self._request(_DELETION, "DELETE", "messages", body=json.dumps({"IDs": [found.key]}).encode())
        except MailSettingsError as error:
            return f"{error.message} {error.remedy}"
        return None

    def close(self) -> None:
        """Nothing is open between two requests."""

    def _with_token(self, token: str) -> list[str]:
        return self._list("search", query=f'subject:"{token}"')

    def _new(self) -> list[str]:
        """What has come on top of the mails that are known, the oldest first. What lies below them is no news: it was
        beyond the limit, and moves up when others are deleted."""
        fresh = list(takewhile(lambda key: key not in self._known, self._newest()))
        return fresh[::-1]

    def _newest(self) -> list[str]:
        return self._list("messages")

    def _list(self, path: str, **query: str) -> list[str]:
        """Keys of mails, the newest first."""
        answer = self._request(_ANSWER, "GET", f"{path}?{urlencode({**query, 'limit': _MOST_MAILS})}")
        return self._steps.run(_ANSWER, _keys, answer)

    def _header_fields(self, key: str) -> Headers:
        """A mail's header section; empty when it has just gone."""
        answer = self._request(_ANSWER, "GET", f"message/{key}/headers")
        return self._steps.run(_ANSWER, _fields, answer) if answer is not None else {}

    def _request(self, step: Step, method: str, path: str, body: bytes | None = None) -> bytes | None:
        """What the API answers to a request; None if there is no such thing."""
        address = self._address
        channel = self._steps.run(_CONNECT, reach, address.host, address.port, self._deadline)
        try:
            if address.encrypted:
                channel = self._steps.run(_TLS, encrypt, channel, address.host, self._trust, self._deadline)
            stream = Stream(channel, self._deadline, _LONGEST_ANSWER)
            status, answer = self._steps.run(step, self._exchanged, stream, method, path, body)
        finally:
            channel.close()
        if status == HTTPStatus.NOT_FOUND:
            return None
        self._steps.run(_LOGIN if status == HTTPStatus.UNAUTHORIZED else step, _require_ok, status, answer)
        return answer

    def _exchanged(self, stream: Stream, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._address.host, self._address.port)
        connection.sock = stream  # connected already, as http.client does it with a proxy's tunnel
        connection.request(method, f"{self._address.path}/api/v1/{path}", body, self._headers)
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER)


@dataclass(frozen=True)
class Address:
    """Where Mailpit listens; ``netloc`` is host and port as the URL has them, ``path`` has no slash at its end."""

    encrypted: bool
    host: str
    port: int
    netloc: str
    path: str

    @classmethod
    def of(cls, url: str) -> Address:
        """The parts of a URL.

        :raises ValueError: it is none of http or https; the message repeats nothing of it.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it is no address of a web server")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("it holds more than scheme, host, port and path")
        path = quote(parts.path.rstrip("/"), safe="/%")
        return cls(parts.scheme == "https", parts.hostname, parts.port or _PORTS[parts.scheme], parts.netloc, path)

    def require_secrecy(self) -> None:
        """:raises ValueError: a password would travel over the network without encryption."""
        if not self.encrypted and not _is_this_machine(self.host):
            raise ValueError("the password would be sent without encryption")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_ok(status: int, answer: bytes) -> None:
    if status != HTTPStatus.OK:
        raise ValueError(f"{status} {readable(answer)}")


def _keys(answer: bytes | None) -> list[str]:
    """The keys in a list of messages, none of them empty and each fit for a path."""
    try:
        keys = [message["ID"] for message in json.loads(answer or b"")["messages"]]
    except (LookupError, TypeError, ValueError):
        raise ValueError("it lists no messages") from None
    if not all(isinstance(key, str) and _KEY.fullmatch(key) for key in keys):
        raise ValueError("it lists messages without a usable ID")
    return keys


def _fields(answer: bytes) -> Headers:
    fields = json.loads(answer)
    if not isinstance(fields, dict):
        raise TypeError("it shows no header")
    return headers_from((name, value) for name, values in fields.items() for value in values)
