# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Handing a mail to the mail server that the settings name."""

from __future__ import annotations

import smtplib
import ssl

from weestimate.errors import WeEstimateError
from weestimate.instance import Instance
from weestimate.message import Outgoing
from weestimate.settings import SmtpSettings

_TIMEOUT = 15  # seconds for the connection and for each answer
_EHLO_NAME = "[127.0.0.1]"  # without it smtplib asks the resolver for this host's name, which can take seconds


def send(outgoing: Outgoing, settings: SmtpSettings, instance: Instance) -> None:
    """Send *outgoing*.

    :raises WeEstimateError: it was not taken for every recipient; the text is the server's answer or the reason why
        there is none.
    """
    try:
        with _connect(settings, instance) as server:
            if settings.user:
                server.login(settings.user, settings.password)
            refused = server.send_message(outgoing.message, outgoing.sender, outgoing.recipients)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except smtplib.SMTPResponseException as error:
        raise WeEstimateError(_reply(error.smtp_code, error.smtp_error)) from error
    except smtplib.SMTPException as error:
        raise WeEstimateError(str(error)) from error
    except ssl.SSLError as error:
        raise WeEstimateError(f"TLS failed: {error.reason or error}") from error
    except OSError as error:
        raise WeEstimateError(
            f"Unable to connect to server {settings.address}:{settings.port}: {error.strerror or error}"
        ) from error
    if refused:
        answers = (f"{address}: {_reply(*reply)}" for address, reply in refused.items())
        raise WeEstimateError("Refused recipient " + "; ".join(answers))


def _connect(settings: SmtpSettings, instance: Instance) -> smtplib.SMTP:
    """Open the connection, encrypted and verified when Use SSL is on."""
    if not settings.use_ssl:
        return smtplib.SMTP(settings.address, settings.port, _EHLO_NAME, _TIMEOUT)
    context = ssl.create_default_context(cafile=instance.ca_file or None)
    if settings.port in instance.implicit_tls_ports:
        return smtplib.SMTP_SSL(settings.address, settings.port, _EHLO_NAME, timeout=_TIMEOUT, context=context)
    server = smtplib.SMTP(settings.address, settings.port, _EHLO_NAME, _TIMEOUT)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _reply(code: int, text: bytes | str) -> str:
    """One line of a server's answer."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"
