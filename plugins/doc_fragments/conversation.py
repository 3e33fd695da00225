# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a mail server is spoken to: the arguments that a test, a probe and the doctor share."""

from __future__ import annotations

from textwrap import indent

_TIMEOUT = """
timeout:
  description:
    - Seconds for one whole conversation with the mail server. Servers delay their answer to a failed login on purpose,
      so less than 15 leads to wrong diagnoses.
  type: int
  default: 60
"""

_RETRIES = """
retries:
  description: How often to try again after a failure that a repetition can mend, such as greylisting.
  type: int
  default: 0
retry_delay:
  description: Seconds before the first repetition; twice as many before each further one, at most 300.
  type: int
  default: 10
"""

_TLS_AND_LOGIN = """
tls:
  description: How the mail server's TLS is judged. Whether there is TLS follows from Use SSL and the port.
  type: dict
  suboptions:
    verify:
      description: Whether the certificate has to be trusted and to carry the name in SMTP Address.
      type: bool
      default: true
    ca_file:
      description: A file with the certificates of the authorities to trust, in PEM, instead of those of the system.
      type: path
    minimum_version:
      description: The oldest version of TLS to accept.
      type: str
      default: TLSv1.2
      choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
    implicit_ports:
      description: The ports on which TLS begins with the connection. On all others it is negotiated by STARTTLS.
      type: list
      elements: int
      default: [465]
mechanism:
  description: How to log in. V(auto) takes the first of V(plain), V(login) and V(cram-md5) that the server offers.
  type: str
  default: auto
  choices: [auto, xoauth2, plain, login, cram-md5]
oauth_token:
  description:
    - An access token to log in with instead of the password, by XOAUTH2.
    - WeEstimate itself knows the password only; use this to find out whether another way would work.
  type: str
allow_plaintext_password_to:
  description:
    - Relays, by the name or address in SMTP Address, to which a password may be sent without encryption.
    - To all others it is not sent, and the login fails with the cause C(tls_required).
  type: list
  elements: str
  default: []
"""


_ONCE = _TIMEOUT + _TLS_AND_LOGIN
_ALL = _TIMEOUT + _RETRIES + _TLS_AND_LOGIN


class ModuleDocFragment:
    """``weestimate.mail.conversation``: ``.once`` without repetitions, ``.probe`` for the probe before a change."""

    # With annotations, because ansible-test of ansible-core 2.16 takes any other assignment here for a plain text.

    DOCUMENTATION: str = f"options:\n{indent(_ALL, '  ')}"
    ONCE: str = f"options:\n{indent(_ONCE, '  ')}"
    PROBE: str = f"""
options:
  probe:
    description:
      - Before anything is written, log in at the mail server with the settings that would result. If that fails,
        nothing is changed, and the failure carries the diagnosis. Nothing is sent.
      - Only a change is probed, not in check mode, and not while SMTP Mail Enabled is off.
      - Without this dictionary nothing is probed.
    type: dict
    version_added: 0.2.0
    suboptions:
      enabled:
        description: Whether to probe.
        type: bool
        default: true
{indent(_ONCE, "      ")}
"""
