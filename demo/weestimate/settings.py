# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SMTP settings as the approval server understands them: decoded once, then never changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from weestimate.database import Options
from weestimate.errors import WeEstimateError


def _flag(name: str, stored: str) -> bool:
    """TRUE is on; FALSE and blank are off."""
    word = stored.strip().upper()
    if word not in {"TRUE", "FALSE", ""}:
        raise WeEstimateError(f"The option {name!r} is neither TRUE nor FALSE.")
    return word == "TRUE"


def _port(name: str, stored: str) -> int:
    """A TCP port, 25 when blank."""
    try:
        return int(stored or 25)
    except ValueError:
        raise WeEstimateError(f"The option {name!r} is not a port number.") from None


def _text(_name: str, stored: str) -> str:
    """Taken as it is."""
    return stored


def _stored(name: str, decode: Callable[[str, str], Any]) -> dict[str, Any]:
    """How a field is read: from the option *name*, through *decode*."""
    return {"option": name, "decode": decode}


@dataclasses.dataclass(frozen=True)
class SmtpSettings:
    """One reading of the group SMTP. The field names follow the labels in WeEstimate."""

    mail_enabled: bool = dataclasses.field(metadata=_stored("SMTP Mail Enabled", _flag))
    address: str = dataclasses.field(metadata=_stored("SMTP Address", _text))
    port: int = dataclasses.field(metadata=_stored("SMTP Port", _port))
    use_ssl: bool = dataclasses.field(metadata=_stored("Use SSL", _flag))
    user: str = dataclasses.field(metadata=_stored("SMTP User", _text))
    password: str = dataclasses.field(metadata=_stored("SMTP Password", _text), repr=False)
    send_as: bool = dataclasses.field(metadata=_stored("Enable SMTP Send As", _flag))
    connect_as: str = dataclasses.field(metadata=_stored("SMTP Connect As", _text))
    send_to_self: bool = dataclasses.field(metadata=_stored("Send SMTP to Self", _flag))
    use_smtp_email: bool = dataclasses.field(metadata=_stored("Use SMTP Email", _flag))
    include_mpoc: bool = dataclasses.field(metadata=_stored("Include MPOC as a Recipient When Sending a QP", _flag))

    @classmethod
    def decode(cls, options: Options) -> SmtpSettings:
        """Understand stored *options*; a missing or NULL option is blank.

        :raises WeEstimateError: an option cannot be understood. The text names it, never its value.
        """
        values = {}
        for field in dataclasses.fields(cls):
            name = field.metadata["option"]
            values[field.name] = field.metadata["decode"](name, options.get(name) or "")
        return cls(**values)

    def public(self) -> dict[str, Any]:
        """All settings for showing; of the password only whether there is one."""
        return {**dataclasses.asdict(self), "password": "set" if self.password else "blank"}
