# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try to have a mail server relay, and print what it answers. It runs on hosts that have Python and nothing else.

probe.py ADDRESS PORT TRIALS [USER PASSWORD]

TRIALS is a JSON list of [sender, recipient]; the output is the list of the last reply to each, as [code, text]. It goes
as far as DATA, encrypted where the server offers that, so 354 says that a mail would be taken. A connection that is cut
is code 0.
"""

from __future__ import annotations

import json
import smtplib
import ssl
import sys


def attempt(address: str, port: int, login: list[str], sender: str, recipient: str) -> tuple[int, str]:
    """The reply that ends one attempt: to DATA, or to the first command before it that is refused."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        with smtplib.SMTP(address, port, local_hostname="probe.example", timeout=60) as client:
            client.ehlo()
            if client.has_extn("starttls"):
                client.starttls(context=anybody)
                client.ehlo()
            if login:
                client.login(*login)
            commands = (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA")
            code, text = next(reply for reply in map(client.docmd, commands) if reply[0] != 250)
            client.close()  # without a mail
    except smtplib.SMTPResponseException as error:
        code, text = error.smtp_code, error.smtp_error
    except (smtplib.SMTPException, OSError) as error:
        code, text = 0, str(error)
    return code, text if isinstance(text, str) else text.decode(errors="replace")


if __name__ == "__main__":
    _program, given_address, given_port, trials, *given_login = sys.argv
    replies = [attempt(given_address, int(given_port), given_login, *trial) for trial in json.loads(trials)]
    sys.stdout.write(f"{json.dumps(replies)}\n")
