# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may log in, and as whom they may send: the answers of Exchange Online, as far as WeEstimate meets them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses
from pathlib import Path

NOT_AUTHENTICATED = "530 5.7.57 Client not authenticated to send mail."
AUTHENTICATION_FAILED = "535 5.7.3 Authentication unsuccessful"
FROM_INVALID = "550 5.7.1 Mandatory From Header is missing or invalid"
SEND_AS_DENIED = "554 5.2.252 SendAsDenied; {login} not allowed to send as {sender}"


@dataclass(frozen=True)
class Account:
    """A mailbox that may log in, with the addresses beside its own that it has Send As rights on.

    :ivar password: what it logs in with; ignored where there is a file.
    :ivar password_file: one password a line, read at each login: several at a time, or another one since yesterday.
    """

    login: str
    password: str = ""
    send_as: tuple[str, ...] = ()
    password_file: Path | None = None

    def accepts(self, password: str) -> bool:
        """Whether the account logs in with *password*."""
        known = self.password_file.read_text("utf-8").splitlines() if self.password_file else [self.password]
        return any(hmac.compare_digest(each.encode(), password.encode()) for each in known)

    def may_send_as(self, address: str) -> bool:
        """Whether a mail from *address* is this account's to send. Addresses compare without regard to case."""
        return address.lower() in {known.lower() for known in (self.login, *self.send_as)}


class Directory:
    """All accounts."""

    def __init__(self, accounts: Mapping[str, Mapping[str, object]]) -> None:
        """Know *accounts*: login -> {"password": text, "send_as": [address, …]}, or "password_file": path."""
        self._accounts = {
            login.lower(): Account(
                login,
                str(facts.get("password", "")),
                tuple(facts.get("send_as", ())),
                Path(str(facts["password_file"])) if "password_file" in facts else None,
            )
            for login, facts in accounts.items()
        }

    def authenticate(self, login: str, password: str) -> Account | None:
        """The account that *login* and *password* belong to, or None."""
        account = self._accounts.get(login.lower())
        return account if account and account.accepts(password) else None


def judge(message: Message, envelope_sender: str, account: Account, strict_from: bool = False) -> str:
    """The refusal that *message* deserves when *account* sends it, or an empty text.

    :arg strict_from: take a From that is not the account's for no valid one, as in the vendor's article; otherwise the
        account is told that it may not send as that address.
    """
    addresses = [address for _name, address in getaddresses(message.get_all("From", []))]
    if len(addresses) != 1 or "@" not in addresses[0]:
        return FROM_INVALID
    if strict_from and not account.may_send_as(addresses[0]):
        return FROM_INVALID
    for sender in (addresses[0], envelope_sender):
        if not account.may_send_as(sender):
            return SEND_AS_DENIED.format(login=account.login, sender=sender)
    return ""
