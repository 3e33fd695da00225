# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of a conversation with a mail server, and how a pasted reply shows which one it is from."""

from __future__ import annotations

#: In their order. On implicit TLS, tls comes before banner.
STAGES = (
    "settings",
    "dns",
    "connect",
    "banner",
    "ehlo",
    "tls",
    "auth",
    "mail_from",
    "rcpt_to",
    "data",
    "accepted",
    "delivered",
)

#: Other words for a stage, as logs and libraries use them.
ALIASES = {"starttls": "tls"}

#: Phrases that give a stage away, the first that fits; Postfix and Exim say it, and so do the names of exceptions.
MARKS = {
    "mail_from": r"""
        in reply to mail from
        after (?:pipelined )?mail from
        mail from failed|mail command failed
        smtpsenderrefused|(?:bad|invalid) sender address
        """,
    "rcpt_to": r"""
        in reply to rcpt to|rcpt from
        after (?:pipelined )?rcpt to
        smtprecipientsrefused|smtpaddressfailedexception|recipient address rejected
        """,
    "accepted": r"""
        in reply to end of data
        after end of data
        """,
    "data": r"""
        in reply to data command
        after (?:pipelined )?data\b
        smtpdataerror|message failed:
        """,
    "auth": r"""
        53[458][ -](?!5\.7\.57)|525 5\.7|432 4\.7\.12|[45]\.7\.139
        smtpauthentication\w+|authenticationfailedexception|invalid login|eauth\b
        auth\w* (?:extension|command|type|mechanism|failed|failure|unsuccessful|error|rejected|credentials)
        username and password not accepted|smtpclientauthentication
        """,
    "ehlo": r"in reply to (?:helo|ehlo)|smtpheloerror|\((?:helo|ehlo)\)",
    "tls": r"ssl\.ssl\w+|ssl: |starttls command|certificate_verify_failed|tls handshake",
    "dns": r"gai_?error|getaddrinfo",
}
