# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The listeners, and the process that runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailserver import policy
from mailserver.archive import Archive, Arrival

_NAME = "mail.example.com"
_PLAIN, _STARTTLS, _IMPLICIT = "none", "starttls", "implicit"


@dataclass(frozen=True)
class Listener:
    """One port with its rules.

    :ivar name: how the archive calls it.
    :ivar port: TCP port; 0 for one that is free.
    :ivar tls: none, starttls or implicit.
    :ivar authenticated: whether only those who logged in may send, and the From header is judged.
    :ivar strict_from: whether a foreign From counts as an invalid one; see policy.judge().
    """

    name: str
    port: int = 0
    tls: str = _PLAIN
    authenticated: bool = False
    strict_from: bool = False


INTERNAL_RELAY = Listener("internal-relay")
SUBMISSION = Listener("submission", tls=_STARTTLS, authenticated=True)
SUBMISSIONS = Listener("submissions", tls=_IMPLICIT, authenticated=True)
DEFAULT_LISTENERS = (INTERNAL_RELAY, SUBMISSION, SUBMISSIONS)


@dataclass(frozen=True)
class Configuration:
    """What the mail server is to be; read from JSON.

    :ivar mails: directory the received mails are kept in.
    :ivar certificates: directory with server.pem and server.key.
    :ivar accounts: login -> {"password": text, "send_as": [address, …]}; see policy.Account for "password_file".
    :ivar listeners: the ports.
    :ivar host: address to listen on; loopback unless stated.
    """

    mails: Path
    certificates: Path
    accounts: Mapping[str, Mapping[str, Any]]
    listeners: tuple[Listener, ...] = DEFAULT_LISTENERS
    host: str = "127.0.0.1"

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> Configuration:
        """Make a configuration of a decoded JSON object whose keys are this class's names."""
        keywords = {**content, "mails": Path(content["mails"]), "certificates": Path(content["certificates"])}
        if "listeners" in content:
            keywords["listeners"] = tuple(Listener(**facts) for facts in content["listeners"])
        return cls(**keywords)


class _Desk:
    """Takes or refuses what comes in at one listener."""

    def __init__(self, listener: Listener, archive: Archive, directory: policy.Directory) -> None:
        self._listener = listener
        self._archive = archive
        self._directory = directory

    def authenticate(
        self, _server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, credentials: Any
    ) -> AuthResult:
        """Judge a login; aiosmtpd calls it the authenticator."""
        account = None
        if isinstance(credentials, LoginPassword):
            account = self._directory.authenticate(
                *(part.decode("utf-8", "replace") for part in (credentials.login, credentials.password))
            )
        session.account = account
        answer = None if account else policy.AUTHENTICATION_FAILED
        return AuthResult(success=bool(account), handled=False, message=answer)

    async def mail(self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Judge MAIL FROM. As at Exchange Online, a foreign sender is refused only after the message."""
        if self._listener.authenticated and not _account(session):
            return policy.NOT_AUTHENTICATED
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def data(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Judge the message, and keep it unless it is refused."""
        account = _account(session)
        content = envelope.original_content or b""
        if account:
            message, sender = message_from_bytes(content), envelope.mail_from or ""
            refusal = policy.judge(message, sender, account, self._listener.strict_from)
            if refusal:
                return refusal
        connection = server.transport.get_extra_info("ssl_object")
        arrival = Arrival(
            received_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            listener=self._listener.name,
            tls=(connection.version() or "") if connection else "",
            authenticated_as=account.login if account else "",
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
        )
        self._archive.keep(content, arrival)
        return "250 2.0.0 OK"


def _account(session: Session) -> policy.Account | None:
    """The account that logged in during *session*."""
    return getattr(session, "account", None)


async def serve(configuration: Configuration, ready_file: Path | None, lifeline: IO[str] | None) -> None:
    """Listen until SIGTERM or SIGINT, or until the end of *lifeline*.

    :arg ready_file: written once all listeners take connections: {"pid": …, "ports": {listener: port}}.
    :arg lifeline: a pipe from whoever wants the server; when its other end is closed, the server ends by itself.
    """
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if lifeline:
        loop.add_reader(lifeline, end.set)
    archive = Archive(configuration.mails)
    directory = policy.Directory(configuration.accounts)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(configuration.certificates / "server.pem", configuration.certificates / "server.key")

    servers = {}
    for listener in configuration.listeners:
        desk = _Desk(listener, archive, directory)
        servers[listener.name] = await _listen(listener, desk, configuration.host, tls)
    if ready_file:
        _announce(ready_file, {name: server.sockets[0].getsockname()[1] for name, server in servers.items()})
    await end.wait()
    for server in servers.values():
        server.close()


async def _listen(listener: Listener, desk: _Desk, host: str, tls: ssl.SSLContext) -> asyncio.AbstractServer:
    """Open one listener."""
    hooks = SimpleNamespace(handle_MAIL=desk.mail, handle_DATA=desk.data)
    keywords: dict[str, Any] = {
        "hostname": _NAME,
        "ident": "ESMTP",
        "authenticator": desk.authenticate,
        "tls_context": tls if listener.tls == _STARTTLS else None,
        # aiosmtpd knows TLS only as STARTTLS and would offer no login on a connection that began encrypted.
        "auth_require_tls": listener.tls != _IMPLICIT,
        "enable_SMTPUTF8": True,
    }
    return await asyncio.get_running_loop().create_server(
        lambda: SMTP(hooks, **keywords), host, listener.port, ssl=tls if listener.tls == _IMPLICIT else None
    )


def _announce(ready_file: Path, ports: Mapping[str, int]) -> None:
    """Write *ready_file* in one step, so that nobody reads half of it."""
    unfinished = ready_file.with_suffix(".part")
    unfinished.write_text(json.dumps({"pid": os.getpid(), "ports": ports}) + "\n", encoding="utf-8")
    unfinished.replace(ready_file)
