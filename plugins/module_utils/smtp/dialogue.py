# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The staged conversation with a mail server: as far as asked, within one deadline, and with nothing left unsaid."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress

from . import sasl
from .breakdown import Breakdown, ConnectionLost, malformed
from .channel import Channel, Deadline
from .connecting import Endpoint, connect, resolve
from .encryption import EncryptedChannel, NotEncrypted, context
from .message import Outgoing
from .report import Failure, Note, Recorder, Report, Stage
from .route import IMPLICIT, PLAIN, STARTTLS, SUBMISSIONS_PORT, Login, Route, Trust
from .scrub import Scrubber
from .wire import CLOSING, Reply, Wire

__all__ = ["STOPS", "Failure", "Login", "Report", "Route", "Stage", "Trust", "converse"]

#: How far a conversation may go. Delivery is looked for elsewhere; here it is the same as message.
STOPS = ("connect", "tls", "auth", "envelope", "message", "delivery")

# What each stop adds to the one before it. On a connection that is encrypted from its first byte, TLS comes before any
# word of SMTP; after STARTTLS the client greets again, for it must forget what it heard before (RFC 3207, 4.2).
_OPENINGS = {
    PLAIN: {"connect": ("dns", "connect", "banner", "ehlo"), "tls": ("tls",)},
    STARTTLS: {"connect": ("dns", "connect", "banner", "ehlo"), "tls": ("tls", "ehlo")},
    IMPLICIT: {"connect": ("dns", "connect"), "tls": ("tls", "banner", "ehlo")},
}
_REST = {"auth": ("auth",), "envelope": ("mail_from", "rcpt_to"), "message": ("data", "accepted"), "delivery": ()}

#: Seconds for saying goodbye: the result is known by then.
_FAREWELL = 1.0
#: Seconds for a second look at a certificate that was not accepted.
_SECOND_LOOK = 5.0
#: Replies to EHLO by which a server says that it does not know it (RFC 5321, 4.1.4).
_EHLO_UNKNOWN = (500, 502)
#: The first digit of a reply, by which alone a client should go on (RFC 5321, 4.2): done, or go ahead.
_YES, _GO_AHEAD = 2, 3

_SIZE = re.compile(r"[0-9]{1,20}")
_DOMAIN_NAME = re.compile(r"(?!localhost\.)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def converse(
    route: Route, trust: Trust, login: Login, outgoing: Outgoing | None, stop_after: str, timeout: float
) -> Report:
    """Speak with the server at *route* until *stop_after* (one of `STOPS`), for at most *timeout* seconds in all.

    *outgoing* may be None when the conversation ends before the envelope. Whatever the server or the network does is in
    the report; no text in it holds a secret of *login*.
    """
    conversation = _Conversation(route, trust, login, outgoing, Deadline(timeout))
    steps = _steps(route.mode, stop_after)
    if outgoing is None and "mail_from" in steps:
        raise ValueError(f"a conversation up to {stop_after} needs a mail to send")
    return conversation.hold(steps)


def _steps(mode: str, stop_after: str) -> list[str]:
    """The stages to go through, in order; one may come twice."""
    parts = {**_OPENINGS.get(mode, _OPENINGS[PLAIN]), **_REST}
    wanted = STOPS[: STOPS.index(stop_after) + 1]
    return ["settings", *(step for stop in wanted for step in parts[stop])]


class _Conversation:
    """One connection, from the settings to the goodbye. Each step is a method of the stage's name."""

    def __init__(self, route: Route, trust: Trust, login: Login, outgoing: Outgoing | None, deadline: Deadline) -> None:
        self._route, self._trust, self._login, self._outgoing = route, trust, login, outgoing
        self._deadline = deadline
        self._scrubber = Scrubber((login.password, login.oauth_token or ""))
        self._recorder = Recorder(_steps(route.mode, "delivery"), self._scrubber.clean)
        self._context: ssl.SSLContext | None = None
        self._endpoints: list[Endpoint] = []
        self._endpoint: Endpoint | None = None
        self._wire: Wire | None = None
        self._capabilities: dict[str, str] = {}
        self._in_transaction = False
        self._tls: dict | None = None

    def hold(self, steps: list[str]) -> Report:
        """Go through *steps* up to the first that fails."""
        speechless = False
        try:
            for name in steps:
                reason = self._needless(name)
                if reason:
                    self._recorder.skip(name, reason)
                else:
                    self._recorder.run(name, getattr(self, f"_do_{name}"))
        except Breakdown as breakdown:
            speechless = breakdown.speechless or (breakdown.reply is not None and breakdown.reply.code == CLOSING)
        finally:
            self._leave(speechless)
        return self._report()

    def _needless(self, name: str) -> str:
        """Why a stage is to be left out; an empty text when it is not."""
        if name == "tls" and self._route.mode == PLAIN:
            return "The settings want no encryption."
        if name == "auth" and not self._login.user:
            return "The settings name no user."
        return ""

    def _report(self) -> Report:
        recorder = self._recorder
        failure = recorder.failure
        if failure and failure.stage == "tls" and (failure.cause or "").startswith("certificate_"):
            self._tls = self._second_look()
        return Report(recorder.stages, failure, self._tls, str(self._endpoint) if self._endpoint else None)

    def _second_look(self) -> dict | None:
        """The certificate that was not accepted, of which OpenSSL shows nothing: fetched again, with nothing sent.

        Protocol and cipher are left out, for no session was established with the server that counts.
        """
        looking = Trust(verify=False, minimum_version=self._trust.minimum_version)
        deadline = self._deadline.capped(_SECOND_LOOK)
        steps = _steps(self._route.mode, "tls")
        only_look = steps[: steps.index("tls") + 1]
        seen = _Conversation(self._route, looking, Login("", ""), None, deadline).hold(only_look)
        return {**seen.tls, "protocol": None, "cipher": None} if seen.tls else None

    def _leave(self, speechless: bool) -> None:
        """Say goodbye as far as the server still listens, within a second, and close the connection."""
        if not self._wire:
            return
        if not speechless:
            self._wire.deadline = self._deadline.capped(_FAREWELL)
            with suppress(Breakdown):
                for command in ("RSET", "QUIT") if self._in_transaction else ("QUIT",):
                    self._wire.ask(command)
        self._wire.channel.close()

    # The stages

    def _do_settings(self) -> Note:
        problem = self._route.fault() or (sasl.fault(self._login) if self._login.user else "")
        if problem:
            raise Breakdown(problem)
        self._context = context(self._trust) if self._route.mode != PLAIN else None
        return Note(f"{self._route.address}:{self._route.port}, {self._route.mode}")

    def _do_dns(self) -> Note:
        self._endpoints = resolve(self._route.address, self._route.port, self._deadline)
        return Note(", ".join(str(endpoint.address[0]) for endpoint in self._endpoints))

    def _do_connect(self) -> Note:
        channel, self._endpoint, reasons = connect(self._endpoints, self._deadline)
        self._wire = Wire(channel, self._deadline)
        return Note("; ".join([str(self._endpoint), *(f"before it {reason}" for reason in reasons)]))

    def _do_banner(self) -> Note:
        try:
            reply = self._wire.read_reply()
        except Breakdown as breakdown:
            raise self._mode_mistaken(breakdown) from None
        return Note(reply.text, _expected(reply, _YES))

    def _mode_mistaken(self, breakdown: Breakdown) -> Breakdown:
        """Silence on the port for implicit TLS, or a TLS alert, means that the server waits for a handshake."""
        silent = breakdown.cause == "connection_timeout" and not self._wire.unread
        waiting = silent and self._route.port == SUBMISSIONS_PORT
        if self._route.mode == IMPLICIT or not (waiting or self._wire.unread.startswith(b"\x15\x03")):
            return breakdown
        mistaken = "The server waits for TLS from the first byte, but the settings begin in clear text."
        return ConnectionLost(mistaken, "tls_wrong_mode")

    def _do_ehlo(self) -> Note:
        name = _own_name(self._wire.channel)
        reply = self._wire.ask(f"EHLO {name}")
        if reply.code in _EHLO_UNKNOWN and not self._wire.channel.encrypted:
            return Note("HELO, for the server does not know EHLO", _expected(self._wire.ask(f"HELO {name}"), _YES))
        self._capabilities = _capabilities(_expected(reply, _YES))
        return Note(", ".join(reply.lines), reply)

    def _do_tls(self) -> Note:
        channel = EncryptedChannel(self._wire.channel, self._context, self._route.address)
        if self._route.mode == STARTTLS:
            self._start_tls()
        self._wire = Wire(channel, self._deadline)
        try:
            channel.handshake(self._deadline)
        except NotEncrypted as breakdown:
            breakdown.cause = "tls_wrong_mode" if self._route.mode == IMPLICIT else "protocol_error"
            raise
        self._tls = channel.describe()
        return Note(", ".join(self._tls[fact] for fact in ("protocol", "cipher", "subject") if self._tls[fact]))

    def _start_tls(self) -> None:
        if "STARTTLS" not in self._capabilities:
            raise Breakdown("The server does not offer STARTTLS, and the settings want it.", "tls_not_offered")
        _expected(self._wire.ask("STARTTLS"), _YES)
        if self._wire.unread:
            # Whatever stands behind the answer was not encrypted, and would be read as if it had been.
            raise malformed("it sent more in clear text after its answer to STARTTLS")

    def _do_auth(self) -> Note:
        self._require_protection()
        offered = self._capabilities.get("AUTH", "").upper().split()
        mechanisms = sasl.suitable(self._login, offered)
        if not mechanisms:
            what = f"offers only {' '.join(offered)}" if offered else "offers no way to log in"
            raise Breakdown(f"The server {what}.", "auth_not_offered")
        for mechanism in mechanisms:
            outcome = sasl.authenticate(self._wire, mechanism, self._login, self._scrubber)
            if outcome.reply.code != sasl.UNKNOWN_MECHANISM:
                break
        _expected(outcome.reply, _YES, outcome.excuse)
        remark = "" if outcome.complete else ", accepted without asking for the password"
        return Note(f"{mechanism.name}{remark}: {outcome.reply.text}", outcome.reply)

    def _require_protection(self) -> None:
        if self._wire.channel.encrypted or self._login.allow_plaintext:
            return
        raise Breakdown(
            "The connection is not encrypted, so the password was not sent.",
            "tls_required",
        )

    def _do_mail_from(self) -> Note:
        reply = _expected(self._wire.ask(f"MAIL FROM:<{self._outgoing.sender}>{self._mail_parameters()}"), _YES)
        self._in_transaction = True
        return Note(f"<{self._outgoing.sender}>: {reply.text}", reply)

    def _mail_parameters(self) -> str:
        """The extensions that the mail needs, where they are offered: SIZE (RFC 1870), SMTPUTF8, and 8BITMIME."""
        mail, parameters = self._outgoing, ""
        size = len(mail.content)
        if "SIZE" in self._capabilities:
            limit = self._capabilities["SIZE"]
            if _SIZE.fullmatch(limit) and 0 < int(limit) < size:  # 0 means: no fixed limit
                raise Breakdown(f"The mail has {size} bytes, and the server takes {limit}.", "message_too_large")
            parameters += f" SIZE={size}"
        if mail.international:
            if "SMTPUTF8" not in self._capabilities:
                raise Breakdown(
                    "An address has letters beyond ASCII, and the server does not offer SMTPUTF8.",
                    "encoding_unsupported",
                )
            parameters += " SMTPUTF8"
        if not mail.content.isascii() and "8BITMIME" in self._capabilities:
            parameters += " BODY=8BITMIME"
        return parameters

    def _do_rcpt_to(self) -> Note:
        refused: list[tuple[str, Reply]] = []
        for recipient in self._outgoing.recipients:
            reply = self._wire.ask(f"RCPT TO:<{recipient}>")
            if reply.refused:
                refused.append((recipient, reply))
            else:
                _expected(reply, _YES)
            if reply.code == CLOSING:
                break
        if refused:
            raise _refusal(refused, len(self._outgoing.recipients))
        return Note(f"{len(self._outgoing.recipients)} accepted: {reply.text}", reply)

    def _do_data(self) -> Note:
        reply = _expected(self._wire.ask("DATA"), _GO_AHEAD)
        return Note(reply.text, reply)

    def _do_accepted(self) -> Note:
        self._in_transaction = False  # the message's end closes it, whatever the answer (RFC 5321, 4.1.1.4)
        reply = _expected(self._wire.ask_bytes(_stuffed(self._outgoing.content)), _YES)
        return Note(reply.text, reply)


def _expected(reply: Reply, first_digit: int, excuse: str = "") -> Reply:
    """*reply*, if it is what the client can go on with.

    :raises Breakdown: the server refuses, in its own words and with its *excuse* if it gave one before.
    :raises ConnectionLost: the answer is none to what was asked.
    """
    if reply.code // 100 == first_digit:
        return reply
    if reply.refused:
        raise Breakdown(f"{reply.text} {excuse}".strip(), reply=reply)
    raise malformed(f"it answered {reply.code} {reply.text}, which does not fit here")


def _refusal(refused: list[tuple[str, Reply]], asked: int) -> Breakdown:
    """All refused recipients; one that is refused for good speaks for them, because a retry would not mend it."""
    recipient, reply = max(refused, key=lambda pair: pair[1].code >= 500)
    listed = "; ".join(f"<{address}>: {answer.code} {answer.text}" for address, answer in refused)
    detail = f"{len(refused)} of {asked} refused: {listed}"
    return Breakdown(reply.text, reply=reply, recipient=recipient, detail=detail)


def _own_name(channel: Channel) -> str:
    """How to introduce oneself: by a full name if this machine has one, else by its address (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if _DOMAIN_NAME.fullmatch(name):
        return name
    family, address = channel.own_address
    return f"[IPv6:{address.partition('%')[0]}]" if family == socket.AF_INET6 else f"[{address}]"


def _capabilities(reply: Reply) -> dict[str, str]:
    """Keyword (upper case) to parameters of each extension that an answer to EHLO offers.

    "AUTH=PLAIN" is how servers wrote it before RFC 2554 was settled, and some write it beside the other form.
    """
    offered: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _separator, parameters = line.replace("=", " ", 1).strip().partition(" ")
        keyword = keyword.upper()
        offered[keyword] = f"{offered.get(keyword, '')} {parameters}".strip()
    return offered


def _stuffed(content: bytes) -> bytes:
    """A message as it goes over the wire: lines end in CRLF, dots are doubled, one dot ends it (RFC 5321, 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"^\.", b"..", lines, flags=re.MULTILINE) + b".\r\n"
