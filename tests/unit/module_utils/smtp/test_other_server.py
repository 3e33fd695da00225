# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A counter-check: aiosmtpd knows nothing of the script that our own server follows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from email import message_from_bytes
from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from talk import ANN, stage, talk

from ansible_collections.weestimate.mail.plugins.module_utils.smtp.dialogue import Login
from ansible_collections.weestimate.mail.plugins.module_utils.smtp.message import compose

SETTINGS = {"enable_smtp_send_as": True, "smtp_connect_as": ANN.user, "send_smtp_to_self": True}


class _Aiosmtpd:
    """aiosmtpd on a free port, in a thread of its own."""

    host = "127.0.0.1"

    def __init__(self, tls, *, implicit: bool) -> None:
        self.mails: list = []
        self._tls, self._implicit = tls, implicit
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, self.host, 0, ssl=tls if implicit else None)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def _protocol(self) -> SMTP:
        return SMTP(
            SimpleNamespace(handle_DATA=self._keep),
            hostname="mail.example.com",
            loop=self._loop,
            enable_SMTPUTF8=True,
            tls_context=None if self._implicit else self._tls,
            auth_require_tls=not self._implicit,  # it takes TLS from the first byte for none
            authenticator=self._authenticate,
        )

    def _authenticate(self, _server, _session, _envelope, _mechanism, given: LoginPassword) -> AuthResult:
        known = (given.login.decode(), given.password.decode()) == (ANN.user, ANN.password)
        return AuthResult(success=known, handled=False)

    async def _keep(self, _server, _session, envelope) -> str:
        self.mails.append(envelope)
        return "250 2.0.0 Kept"

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@pytest.fixture(params=["starttls", "implicit"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def server(server_tls, mode) -> Iterator[_Aiosmtpd]:
    server = _Aiosmtpd(server_tls, implicit=mode == "implicit")
    yield server
    server.close()


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_mail_arrives_as_it_was_written(server, mode, trust, mechanism):
    who = Login(ANN.user, ANN.password, mechanism=mechanism)
    mail = compose("customer_document", SETTINGS, ["bob@example.org"], "carl@example.com", "0815")
    report = talk(server, mode, trust=trust, login=who, mail=mail)
    assert report.failure is None
    assert stage(report, "accepted").enhanced_code == "2.0.0"
    (envelope,) = server.mails
    assert envelope.mail_from == ANN.user
    assert envelope.rcpt_tos == ["bob@example.org", "carl@example.com"]
    assert envelope.content == mail.content
    assert message_from_bytes(envelope.content)["X-WeEstimate-Mail-Test"] == "0815"


def test_a_wrong_password(server, mode, trust):
    report = talk(server, mode, trust=trust, login=Login(ANN.user, "wrong"))
    assert (report.failed_stage, report.failure.code, report.failure.enhanced) == ("auth", 535, "5.7.8")
    assert server.mails == []
