# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cause means between a relay and its upstream.

The causes are those of `causes`, but what is to be mended is another thing: not WeEstimate's options, which lead to the
relay, but the upstream in the variables of the role weestimate_relay. Causes that are missing here mean the same there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .causes import CAUSES, MAIL, NETWORK, PROVIDER, Cause

_DECLARED = "Correct it in weestimate_relay_upstreams, and run weestimate.mail.relay."
_FROM_THE_RELAY = "Check the firewall rules for this port, from the relay to the upstream."
_UPSTREAM = "Confirm host, port and tls.mode of the upstream: 587 with starttls, 465 with implicit, 25 inside."
_WAITS = "Nothing is lost: the mail waits in the relay's queue, and goes out when this is mended."
_MODERN = "Give the upstream an auth of the kind oauth_client_credentials; the page on Exchange Online has the steps."
_SENDER_OF_MAILBOX = (
    "Or set identity to mailbox and rewrite_from to true: then all mail is from the upstream's mailbox."
)
_SENDER_OF_APP = (
    "With the role Application SMTP.SendAsApp, see that its management scope holds the mailbox of the sender.",
    "With the permission SMTP.SendAsApp, give the service principal full access to that mailbox.",
    "Changes of such permissions at Exchange Online take up to two hours to work.",
)

_OWN = {
    "dns_failure": Cause(
        MAIL,
        "The relay cannot resolve the upstream's host name.",
        (
            "Confirm host of the upstream: the plain name, as its provider states it.",
            "Resolve the name on the relay (getent hosts NAME); if that fails, have its DNS servers mended.",
            _DECLARED,
        ),
    ),
    "connection_refused": Cause(
        MAIL,
        "The upstream answers, but takes no connection on this port.",
        (_UPSTREAM, _FROM_THE_RELAY, "See that the upstream accepts connections from the relay's address.", _WAITS),
        permanent=False,
    ),
    "connection_timeout": Cause(
        NETWORK,
        "The upstream does not answer in time; most often a firewall drops the packets.",
        (_FROM_THE_RELAY, _UPSTREAM, "See the status page of the provider, if it has one.", _WAITS),
        permanent=False,
    ),
    "network_unreachable": Cause(
        NETWORK,
        "There is no network route from the relay to the upstream.",
        ("Check routing and gateway of the relay, for IPv4 and IPv6.", _FROM_THE_RELAY, _WAITS),
        permanent=False,
    ),
    "tls_not_offered": Cause(
        MAIL,
        "The relay has to encrypt, but the upstream offers no encryption on this port.",
        (
            _UPSTREAM,
            "Have STARTTLS enabled on the upstream, and see that no firewall in between strips it.",
            "Set tls.mode to none only for an upstream inside that takes no login.",
        ),
    ),
    "tls_required": Cause(
        MAIL,
        "The upstream wants encryption before a login or a mail, and the relay was told to do without.",
        ("Set tls.mode of the upstream to starttls.", _DECLARED),
    ),
    "tls_version_or_cipher": Cause(
        MAIL,
        "Relay and upstream have no TLS version, cipher or key length in common.",
        (
            "Have TLS 1.2 or later enabled on the upstream, and keys below 2048 bits replaced.",
            "See that no proxy or firewall breaks into the encrypted connection.",
        ),
    ),
    "tls_wrong_mode": Cause(
        MAIL,
        "Relay and upstream begin in different ways, one with TLS and the other in clear text.",
        ("Set tls.mode of the upstream to starttls for port 587, or to implicit for port 465.", _DECLARED),
    ),
    "certificate_untrusted": Cause(
        MAIL,
        "The upstream's certificate is not signed by an authority that the relay trusts.",
        (
            "With a company authority, put its certificate on the relay, and name the file in tls.ca_file.",
            "Have the upstream send its full chain, from an authority that is trusted.",
            "Confirm host of the upstream: a firewall that inspects TLS shows a certificate of its own.",
        ),
    ),
    "certificate_hostname_mismatch": Cause(
        MAIL,
        "The upstream's certificate is for another name than its host is declared with.",
        (
            "Set host of the upstream to a name that the certificate covers.",
            "Or have a certificate issued to the upstream that includes this name.",
        ),
    ),
    "certificate_expired": Cause(
        MAIL,
        "The upstream's certificate is out of its period of validity.",
        (
            "Have the certificate renewed on the upstream, and its mail service restarted.",
            "Check the relay's clock; a wrong date makes good certificates look bad.",
        ),
    ),
    "auth_not_offered": Cause(
        MAIL,
        "The upstream offers no login, or none that the relay can use, on this connection.",
        (
            "Set auth.kind to none, if the upstream takes mail from the relay's address without a login.",
            "Set auth.kind to oauth_client_credentials, if it takes XOAUTH2 only, as Exchange Online will.",
            _UPSTREAM,
        ),
    ),
    "auth_required": Cause(
        MAIL,
        "{server} takes mail only after a login that it has accepted.",
        ("Give the upstream an auth with a login that it takes.", _UPSTREAM, _MODERN),
    ),
    "auth_bad_credentials": Cause(
        MAIL,
        "{server} does not accept the relay's login.",
        (
            "Confirm auth.user and auth.password of the upstream by signing in with them elsewhere.",
            "Set a new password with weestimate.mail.rotate_relay_secret.",
            _WAITS,
        ),
    ),
    "auth_app_password_required": Cause(
        MAIL,
        "{server} wants an app password in place of the account's own password.",
        ("Create an app password for auth.user in {console}, and set it with weestimate.mail.rotate_relay_secret.",),
    ),
    "auth_smtp_auth_disabled": Cause(
        MAIL,
        "Sending with a login (SMTP AUTH) is switched off for the relay's mailbox or for the whole organization.",
        (
            "Have SMTP AUTH switched on in {console} for the mailbox of the upstream; OAuth needs it as well.",
            _WAITS,
        ),
    ),
    "auth_basic_auth_retired": Cause(
        MAIL,
        "{server} no longer accepts a login with a password.",
        (_MODERN, _WAITS),
    ),
    "auth_policy_blocked": Cause(
        MAIL,
        "{server} refuses the relay's account by a policy or a lock.",
        (
            "Have the account unlocked, or its restriction lifted, in {console}.",
            "See the sign-in logs of the account or the application: they name the policy.",
            _WAITS,
        ),
    ),
    "send_as_denied": Cause(
        MAIL,
        "The relay's login may not send as this sender.",
        (*_SENDER_OF_APP, _SENDER_OF_MAILBOX),
    ),
    "from_header_invalid": Cause(
        MAIL,
        "{server} refuses the From address of the mail: it is missing, malformed or not that of the login.",
        (
            "Confirm the mail address of the acting user in WeEstimate: one complete address in a domain of your own.",
            *_SENDER_OF_APP,
            _SENDER_OF_MAILBOX,
        ),
    ),
    "sender_rejected": Cause(
        MAIL,
        "{server} does not accept the sender's address or its domain.",
        (
            "Confirm the mail address of the acting user in WeEstimate: an existing address in a domain of your own.",
            "Have the address or its domain verified for sending in {console}.",
            _SENDER_OF_MAILBOX,
        ),
        by_code=True,
    ),
    "relay_denied": Cause(
        MAIL,
        "{server} does not pass mail on to this recipient for the relay.",
        (
            "Send this recipient's domain by another upstream, in weestimate_relay_routes.",
            "Or have the relay's public IP address, or its login, allowed for relaying in {console}.",
        ),
    ),
    "recipient_rejected": CAUSES["recipient_rejected"]._replace(
        remedy=(
            "Confirm the recipient's address in the user, customer or BIN record, letter by letter.",
            "Ask the recipient's administrator to allow mail from this sender, also to groups and lists.",
        )
    ),
    "rate_limited": Cause(
        MAIL,
        "{server} takes no more for now: too many messages, recipients or connections in a short time.",
        (
            "Lower limits.connections and limits.messages_per_minute of the upstream, below what the provider allows.",
            "See what else sends with the same mailbox or from the same IP address.",
            _WAITS,
        ),
        permanent=False,
        at={"office365": ("Stay within 30 messages a minute and 3 connections per mailbox.",)},
    ),
    "greylisted": Cause(
        PROVIDER,
        "The upstream turns first-time senders away for some minutes, as a test against spam.",
        ("Wait: the relay tries again by itself.", "Have the relay's address allowed on the upstream."),
        permanent=False,
    ),
    "quota_exceeded": CAUSES["quota_exceeded"]._replace(
        remedy=(
            "If it is the recipient's mailbox, tell the recipient to free space, or to have more given.",
            "If it is the allowance of the relay's login, wait, or have it extended in {console}.",
        )
    ),
    "content_rejected_spam": CAUSES["content_rejected_spam"]._replace(
        remedy=(
            "See which part is meant: attachment type, links, wording; send a plain test mail to compare.",
            "Have SPF, DKIM and DMARC set up for the sender's domain, with the upstream among its senders.",
        )
    ),
    "sender_reputation_blocked": CAUSES["sender_reputation_blocked"]._replace(
        remedy=(
            "Have SPF, DKIM and DMARC of the sender's domain pass for this upstream.",
            "Look the relay's public IP address up on the list that the reply names, and ask for delisting there.",
            "Or send by an upstream with a login, in weestimate_relay_routes.",
        )
    ),
    "server_busy_or_unavailable": Cause(
        PROVIDER,
        "{server} cannot serve at the moment.",
        ("Wait: the relay tries again by itself.", "See the provider's status page, or the upstream's logs.", _WAITS),
        permanent=False,
        by_code=True,
    ),
    "server_disconnected": Cause(
        MAIL,
        "The upstream ended the connection in the middle.",
        (
            "See the upstream's logs for this time.",
            "See that no firewall in between ends connections, and that the upstream allows the relay's address.",
            _WAITS,
        ),
        permanent=False,
    ),
    "protocol_error": CAUSES["protocol_error"]._replace(
        remedy=(
            "See the upstream's logs for this time: which command was meant, and what it says about it.",
            _UPSTREAM,
            "See that no firewall in between rewrites SMTP.",
        )
    ),
    "encoding_unsupported": CAUSES["encoding_unsupported"]._replace(
        remedy=("See that the sender's and the recipients' addresses have no letters beyond ASCII.",)
    ),
    "unknown": Cause(
        MAIL,
        "The relay does not deliver the mail, for a reason that is not in the catalogue.",
        (
            "Read what is under evidence, and the relay's log (journalctl SYSLOG_FACILITY=2).",
            "Look the words up in the documentation of the upstream.",
        ),
        permanent=False,
        by_code=True,
    ),
}


class OwnFault(NamedTuple):
    """A fault of the relay itself: Postfix and the proxy tell of it in words that no mail server uses.

    ``phrases`` are as in `rule`; ``relay`` is a pattern of the host that Postfix spoke to, as its log names that.
    """

    cause: str
    meaning: Cause
    phrases: str
    relay: str = ""


#: The proxy, which listens on the relay itself.
_PROXY = r"127\.0\.0\.1\["
_UNIT = "See its log on the relay: journalctl --unit weestimate-relay-oauth@NAME, with the upstream's name."

#: In the order in which they are tried, before the words of a mail server.
OWN_FAULTS = (
    OwnFault(
        "auth_bad_credentials",
        Cause(
            MAIL,
            "The relay's OAuth proxy got no token, so it could not log in at the upstream.",
            (
                "See whether the client secret or the certificate of the application has expired (relay_doctor).",
                "Set a new one with weestimate.mail.rotate_relay_secret, which tries it before it is used.",
                "Confirm tenant, client_id and scope, and that the relay reaches the token endpoint by HTTPS.",
                _UNIT,
                _WAITS,
            ),
            permanent=False,
        ),
        r"""
        login failed for account
        login failed - (?:the|no) password
        """,
    ),
    OwnFault(
        "auth_policy_blocked",
        Cause(
            MAIL,
            "The upstream does not accept the token of the relay's application for this mailbox.",
            (
                *_SENDER_OF_APP,
                "See that SMTP AUTH is on for the mailbox and the tenant; OAuth needs it as well.",
                "See that the sender has a mailbox of its own, with a licence: a login as the sender needs one.",
                _WAITS,
            ),
        ),
        # An upstream may answer a token that it does not accept with a question, which the proxy passes on (RFC 7628,
        # 3.2.3). Postfix and the doctor, who logged in with PLAIN, have nothing to say to it.
        r"""
        authentication (?:unsuccessful|credentials invalid)
        can not authenticate to server \S+ generic failure
        asks for more than plain has to say
        """,
        _PROXY,
    ),
    OwnFault(
        "connection_refused",
        Cause(
            MAIL,
            "The relay's OAuth proxy does not run.",
            (
                "Start it on the relay: systemctl restart weestimate-relay-oauth@NAME, with the upstream's name.",
                _UNIT,
                _WAITS,
            ),
            permanent=False,
        ),
        r"connect to 127\.0\.0\.1\[\S+ connection refused",
    ),
    OwnFault(
        "server_disconnected",
        Cause(
            MAIL,
            "The relay's OAuth proxy cannot reach the upstream.",
            (_UPSTREAM, _FROM_THE_RELAY, _UNIT, _WAITS),
            permanent=False,
        ),
        r"lost connection with 127\.0\.0\.1\[\S+ while receiving the initial server greeting",
    ),
    OwnFault(
        "certificate_untrusted",
        Cause(
            MAIL,
            "The relay's OAuth proxy gives the connection up before the login, most often for the upstream's TLS.",
            (
                "Confirm host, port and tls.mode of the upstream.",
                "With a company authority, put its certificate on the relay, and name the file in tls.ca_file.",
                _UNIT,
                _WAITS,
            ),
            permanent=False,
        ),
        r"lost connection with 127\.0\.0\.1\[\S+ while performing the (?:ehlo|helo|lhlo) handshake",
    ),
    OwnFault(
        "protocol_error",
        Cause(
            MAIL,
            "Postfix on the relay cannot read one of its own tables.",
            (
                "Run weestimate.mail.relay, which writes the tables anew and checks them.",
                "See the relay's log for the table (journalctl SYSLOG_FACILITY=2).",
                _WAITS,
            ),
            permanent=False,
        ),
        r"local data error",
    ),
    OwnFault(
        "protocol_error",
        Cause(
            MAIL,
            "Postfix on the relay has no such way out, or cannot start it.",
            (
                "Run weestimate.mail.relay, which writes master.cf anew and checks it.",
                "See the relay's log for what keeps the program from starting (journalctl SYSLOG_FACILITY=2).",
                _WAITS,
            ),
            permanent=False,
        ),
        r"mail transport unavailable|unknown mail transport error",
    ),
    OwnFault(
        "relay_denied",
        Cause(
            MAIL,
            "The relay has no route for this mail, and no default.",
            ("Add the recipient's domain, the sender, or a default to weestimate_relay_routes.",),
        ),
        r"relay has no route for the mail",
    ),
    OwnFault(
        "tls_wrong_mode",
        _OWN["tls_wrong_mode"],
        r"can not start tls: handshake failure: ssl routines::(?:wrong version number|packet length too long)",
    ),
    OwnFault(
        "tls_version_or_cipher",
        _OWN["tls_version_or_cipher"],
        r"can not start tls: handshake failure",
    ),
    OwnFault("dns_failure", _OWN["dns_failure"], r"unable to look ?up host|name service error for name"),
)

#: What each cause means at a relay.
CAUSES_AT_RELAY: Mapping[str, Cause] = {**CAUSES, **_OWN}


class TokenFault(NamedTuple):
    """What a token endpoint says: ``words`` is a pattern for its answer or the proxy's words about it."""

    words: str
    summary: str
    remedy: str


#: Entra's numbers are those of its page "Microsoft Entra authentication and authorization error codes"; the words are
#: RFC 6749, 5.2. The first that fits is the one.
TOKEN_FAULTS = (
    TokenFault(
        r"AADSTS7000222",
        "The client secret has expired.",
        "Create a new one in Entra, and set it with weestimate.mail.rotate_relay_secret.",
    ),
    TokenFault(
        r"AADSTS7000215",
        "The client secret is not one of the application.",
        "Take the secret's value, not its ID, and set it with weestimate.mail.rotate_relay_secret.",
    ),
    TokenFault(
        r"AADSTS(?:700027|700024|700021|700023)",
        "The certificate is not accepted for the application, or has expired.",
        "Upload the certificate to the application in Entra, and check the relay's clock.",
    ),
    TokenFault(
        r"AADSTS(?:700016|7000112)",
        "The tenant has no such application, or it is disabled.",
        "Confirm tenant and client_id, and that the application is enabled for sign-in.",
    ),
    TokenFault(r"AADSTS(?:90002|900023|900021)", "There is no such tenant.", "Confirm tenant."),
    TokenFault(
        r"AADSTS(?:53003|530003|53000)",
        "A policy of Conditional Access blocks the application.",
        "In the Entra admin center, see the sign-in logs of the service principal, and let it in.",
    ),
    TokenFault(
        r"AADSTS(?:1002012|70011|500011)|invalid_scope",
        "The scope is not one for which there are tokens.",
        "Set scope as for Exchange Online: https://outlook.office365.com/.default.",
    ),
    TokenFault(
        r"invalid_client|unauthorized_client|\b401\b",
        "The token endpoint does not accept the application with its secret or certificate.",
        "Confirm client_id, and set a new secret with weestimate.mail.rotate_relay_secret.",
    ),
    TokenFault(
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        "The relay does not trust the certificate of the token endpoint.",
        "With a company authority, put its certificate on the relay, and name the file in tls.ca_file.",
    ),
    TokenFault(
        r"URLError|timed out|Name or service not known|Temporary failure|Connection (?:refused|reset)|unreachable",
        "The relay cannot reach the token endpoint.",
        "Let the relay reach it by HTTPS, for Entra login.microsoftonline.com on port 443, and check its DNS.",
    ),
)
