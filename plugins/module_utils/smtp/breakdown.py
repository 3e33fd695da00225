# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a conversation with a mail server did not go on."""

from __future__ import annotations

from typing import Any


class Breakdown(Exception):  # noqa: N818 - it is an outcome to report, not an error of ours
    """The end of a conversation, raised where it is noticed and turned into a `Failure` by the dialogue.

    ``text`` holds the server's words, or says what the client itself found. ``cause`` is one of the diagnosis' words
    where the client knows it for certain (its own decisions, the exceptions of sockets and of TLS), otherwise None.
    ``reply`` is the server's answer, if there was one; ``recipient`` the mail address that it was about; ``detail``
    says more than the text where there is more to say. ``speechless`` means that the connection is of no more use.
    """

    speechless = False

    def __init__(
        self, text: str, cause: str | None = None, *, reply: Any = None, recipient: str | None = None, detail: str = ""
    ) -> None:
        super().__init__(text)
        self.text = text
        self.cause = cause
        self.reply = reply
        self.recipient = recipient
        self.detail = detail or text


class ConnectionLost(Breakdown):
    """The connection cannot be used any longer: silence, a close, or bytes that are not the protocol's."""

    speechless = True


def timed_out(seconds: float) -> ConnectionLost:
    """No complete answer came before the deadline, which was *seconds* after the start."""
    return ConnectionLost(f"No complete answer within the time limit of {seconds:g} s.", "connection_timeout")


def closed(how: str = "closed the connection") -> ConnectionLost:
    """The server went away."""
    return ConnectionLost(f"The server {how}.", "server_disconnected")


def malformed(what: str) -> ConnectionLost:
    """The server said something that is not SMTP (RFC 5321), or not SASL (RFC 4954), or not TLS."""
    return ConnectionLost(f"The server broke the protocol: {what}.", "protocol_error")
