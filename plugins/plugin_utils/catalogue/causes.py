# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The causes: who can mend each, what it means in an administrator's words, and what to do.

Sentences name WeEstimate's options by the labels that the program shows; ``{server}`` stands for the provider, or for
"the mail server" where it is not known, and ``{console}`` for the place where its administrator works. The remedies of
the vendor's article on SMTP settings ("Common Error Messages") are all here: those of "Unable to connect to server" in
`_REACH`, of "Authentication failed" under ``auth_bad_credentials``, and of "Mandatory From Header is missing or
invalid" under ``from_header_invalid``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

WEESTIMATE = "WeEstimate administrator"
MAIL = "mail administrator"
NETWORK = "network administrator"
PROVIDER = "provider"
RECIPIENT = "recipient"
#: Who can mend a cause: all words that a diagnosis uses for it.
OWNERS = (WEESTIMATE, MAIL, NETWORK, PROVIDER, RECIPIENT)


class Cause(NamedTuple):
    """One cause.

    ``permanent`` says that an unchanged retry cannot help. With ``by_code`` it only stands in for a missing reply code:
    these are refused for good by one server and for the moment by another, and the first digit tells which (RFC 5321,
    4.2.1). ``at`` tells how the remedy is carried out at one provider, ``otherwise`` what else there is. ``at_stage``
    holds what the same word means at a stage where it means something else to whoever has to mend it.
    """

    owner: str
    summary: str
    remedy: tuple[str, ...]
    permanent: bool = True
    by_code: bool = False
    at: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    otherwise: tuple[str, ...] = ()
    at_stage: Mapping[str, Cause] = MappingProxyType({})


_REACH = (
    "Verify SMTP Address and SMTP Port: 587 for servers with a login, 25 for an internal relay, 465 for legacy SSL.",
    "Check the firewall rules for this port, from the machine that sends to the mail server.",
    "Confirm Use SSL: on for ports 587 and 465, usually off for an internal relay on port 25.",
)
_OTHER_ROUTE = "Or set SMTP Address to a relay that needs no login: SMTP Port 25, SMTP User and SMTP Password blank."
_RECIPIENTS = "Confirm the recipient's address in the user, customer or BIN record, letter by letter."
_AUTHENTICATE_SENDER = "Set SMTP User and SMTP Password to a mailbox that may send, and Use SSL on with SMTP Port 587."
_SMTP_AUTH_AT_EXCHANGE = (
    "In the Microsoft 365 admin center, open the user of SMTP User, Mail, Manage email apps: tick Authenticated SMTP.",
    "In the Exchange admin center, Settings, Mail flow, switch on SMTP AUTH for the tenant if no mailbox may use it.",
    "In the Entra admin center, see whether security defaults are on: they block SMTP AUTH, whatever a mailbox allows.",
)
_SEND_AS_AT_EXCHANGE = (
    "In the Exchange admin center, open the mailbox of SMTP Connect As, Delegation: add SMTP User under Send As.",
)

#: A time-out after the connection stood: no firewall that drops packets lets one stand.
_SLOW_SERVER = Cause(
    MAIL,
    "{server} took the connection, but did not answer in time.",
    (
        "See the mail server's logs for this time: it is slow or stuck, for instance in a scanner or in a directory.",
        "Raise the time-out if the server is known to answer slowly, as many do to a failed login.",
        "See that no firewall or antivirus in between holds the connection back.",
    ),
    permanent=False,
)
_UNUSABLE_SETTINGS = Cause(
    WEESTIMATE,
    "The settings cannot be used as they are, so no mail server was asked.",
    (
        "Correct the setting or the argument that is named under evidence.",
        "Confirm SMTP Address, SMTP Port, Use SSL, SMTP User and SMTP Password, point by point.",
    ),
)
_NOT_ARRIVED = Cause(
    MAIL,
    "{server} took the mail, but it did not arrive in time.",
    (
        "Follow the token of the test in the message trace or the mail log of {server}; it stands in the subject.",
        "Look into the junk folder and the quarantine of the recipient.",
        "Raise confirm.timeout if mail is known to take longer.",
        "Check that the mailbox under confirm is the one to which the recipient's mail goes.",
    ),
    permanent=False,
    at={"office365": ("In the Exchange admin center, Mail flow, Message trace, search for the subject.",)},
)
_AMONG_JUNK = Cause(
    MAIL,
    "The mail arrived, but among junk.",
    (
        "Have SPF, DKIM and DMARC pass for the domain of the From address, which is that of SMTP Connect As.",
        "With Enable SMTP Send As off, the From address is the acting user's: have its domain pass as well.",
        "Have the sender put on the allow list of the receiving server, or marked as no junk by the recipient.",
    ),
)

CAUSES = {
    "dns_failure": Cause(
        WEESTIMATE,
        "The host name in SMTP Address cannot be resolved.",
        (
            "Correct SMTP Address: the plain host name, without http://, without a port and without blanks.",
            "Resolve the name on the machine that sends (nslookup); if that fails, have its DNS servers mended.",
        ),
    ),
    "connection_refused": Cause(
        WEESTIMATE,
        "The host in SMTP Address answers, but takes no connection on this SMTP Port.",
        (*_REACH, "See that the mail service runs and that it accepts connections from this machine."),
        permanent=False,
    ),
    "connection_timeout": Cause(
        NETWORK,
        "The mail server does not answer in time; most often a firewall drops the packets.",
        (*_REACH, "Raise the time-out above 10 seconds if the server is known to answer slowly."),
        permanent=False,
        at_stage=dict.fromkeys(("auth", "mail_from", "rcpt_to", "data", "accepted"), _SLOW_SERVER),
    ),
    "network_unreachable": Cause(
        NETWORK,
        "There is no network route from the machine that sends to the mail server.",
        ("Check routing, VPN and gateway of the machine that sends, for IPv4 and IPv6.", *_REACH),
        permanent=False,
    ),
    "tls_not_offered": Cause(
        WEESTIMATE,
        "Use SSL is on, but the mail server offers no encryption on this SMTP Port.",
        (
            "Set SMTP Port to one with encryption: 587 for STARTTLS, 465 for legacy SSL.",
            "Have STARTTLS enabled on the mail server, and see that no firewall or antivirus strips it.",
            "Switch Use SSL off only for an internal relay on port 25 that takes no password.",
        ),
    ),
    "tls_required": Cause(
        WEESTIMATE,
        "The connection is not encrypted, and it has to be before a login or a mail.",
        (
            "Switch Use SSL on.",
            "Set SMTP Port to 587, or to the port with encryption that the server's owner names.",
            "Or blank SMTP User and SMTP Password, if the server is a relay that needs no login.",
        ),
    ),
    "tls_version_or_cipher": Cause(
        MAIL,
        "Client and mail server have no TLS version, cipher or key length in common.",
        (
            "Enable TLS 1.2 or later on the older side: the mail server, or Windows where WeEstimate runs.",
            "Have keys and certificates below 2048 bits, and signatures with SHA-1, replaced on the mail server.",
            "See that no proxy, firewall or antivirus breaks into the encrypted connection.",
        ),
    ),
    "tls_wrong_mode": Cause(
        WEESTIMATE,
        "One side begins with TLS and the other in clear text: SMTP Port and Use SSL do not fit the server.",
        (
            "Set SMTP Port to 587 with Use SSL on (STARTTLS); 465 is only for servers that encrypt from the start.",
            "Confirm Use SSL and SMTP Port together with the server's owner.",
        ),
    ),
    "certificate_untrusted": Cause(
        MAIL,
        "The mail server's certificate is not signed by an authority that this machine trusts.",
        (
            "Have the mail server send its full chain, from an authority that is trusted here.",
            "With a company authority, install its root certificate where WeEstimate runs; name it in tls.ca_file.",
            "Confirm SMTP Address: a proxy or a firewall that inspects TLS shows a certificate of its own.",
        ),
    ),
    "certificate_hostname_mismatch": Cause(
        WEESTIMATE,
        "The mail server's certificate is for another name than the one in SMTP Address.",
        (
            "Set SMTP Address to a name that the certificate covers; an IP address or an alias seldom is one.",
            "Or have a certificate issued to the mail server that includes this name.",
        ),
    ),
    "certificate_expired": Cause(
        MAIL,
        "The mail server's certificate is out of its period of validity.",
        (
            "Have the certificate renewed on the mail server, and the service restarted.",
            "Check the clock of the machine that sends; a wrong date makes good certificates look bad.",
        ),
    ),
    "auth_not_offered": Cause(
        WEESTIMATE,
        "The mail server offers no login, or none of a kind that WeEstimate can use, on this connection.",
        (
            "Blank SMTP User and SMTP Password if the server is a relay that needs no login.",
            "Otherwise set SMTP Port to 587 and switch Use SSL on: many servers offer the login only then.",
            "Have LOGIN or PLAIN enabled on the mail server for encrypted connections.",
        ),
    ),
    "auth_required": Cause(
        WEESTIMATE,
        "{server} takes mail only after a login that it has accepted.",
        (
            _AUTHENTICATE_SENDER,
            "If they are set already, confirm that the server takes logins on this port: many do on port 587 only.",
            "Or have the address of this machine allowed on the server, if it is to relay without a login.",
        ),
        at={"office365": (_SMTP_AUTH_AT_EXCHANGE[0],)},
    ),
    "auth_bad_credentials": Cause(
        WEESTIMATE,
        "{server} does not accept SMTP User with SMTP Password.",
        (
            "Verify the format of SMTP User: usually the full mail address.",
            "Confirm SMTP Password by signing in with it elsewhere; set it again after each change.",
            "Use an app password in SMTP Password if MFA is enabled for the account.",
            "Verify the mailbox permissions: a licensed mailbox of its own, enabled, with SMTP access.",
        ),
        at={
            "office365": ("See the sign-in logs of SMTP User in the Entra admin center; they name the exact reason.",),
            "gmail": ("Create an app password in the Google Account of SMTP User; the account's own is not accepted.",),
            "ses": ("Use SMTP credentials made in the SES console for this region; access keys are something else.",),
            "sendgrid": ("Set SMTP User to the word apikey and SMTP Password to an API key with Mail Send access.",),
        },
    ),
    "auth_app_password_required": Cause(
        WEESTIMATE,
        "{server} wants an app password in place of the account's own password.",
        (
            "Create an app password for the account of SMTP User in {console}.",
            "Set it as SMTP Password, without blanks, and test again.",
        ),
        at={
            "gmail": ("Turn on 2-Step Verification for the account; app passwords exist only with it.",),
            "office365": ("See that the tenant still allows app passwords: per-user MFA in the Entra admin center.",),
        },
    ),
    "auth_smtp_auth_disabled": Cause(
        MAIL,
        "Sending with a login (SMTP AUTH) is switched off for this mailbox or for the whole organization.",
        ("Have SMTP access switched on for the mailbox of SMTP User in {console}.",),
        at={"office365": _SMTP_AUTH_AT_EXCHANGE},
        otherwise=(_OTHER_ROUTE,),
    ),
    "auth_basic_auth_retired": Cause(
        MAIL,
        "{server} no longer accepts a login with a password, which is the only kind that WeEstimate has.",
        ("Set SMTP Address to a service that still takes SMTP User and SMTP Password.",),
        at={
            "office365": (
                "In the Exchange admin center, see whether SMTP AUTH can still be switched on for this tenant.",
                "See which authentication policy of Exchange Online blocks basic authentication for SMTP User.",
                "Or use High Volume Email: SMTP Address smtp-hve.office365.com (recipients of your own tenant only).",
                "Or use Azure Communication Services: SMTP Address smtp.azurecomm.net, for recipients anywhere.",
            ),
            "outlook": ("Personal Outlook.com accounts take no password for SMTP any more: use another service.",),
            "gmail": ("Create an app password, or set SMTP Address to Google's relay (smtp-relay.gmail.com).",),
        },
        otherwise=(_OTHER_ROUTE,),
    ),
    "auth_policy_blocked": Cause(
        MAIL,
        "{server} refuses this account by a policy or a lock, whatever SMTP Password is.",
        ("Have the account of SMTP User unlocked, or its restriction lifted, in {console}.",),
        at={
            "office365": (
                "In the Entra admin center, see the sign-in logs of SMTP User: they name the policy that blocked it.",
                "Replace security defaults by Conditional Access that lets this account use SMTP AUTH.",
            ),
            "ses": ("Use credentials of an account and a region in which Amazon SES is set up.",),
        },
        otherwise=(
            "Sign in once in a browser as SMTP User, and complete what is asked there.",
            "See that the account is licensed for sending, and allowed from this machine's public IP address.",
        ),
    ),
    "send_as_denied": Cause(
        MAIL,
        "The login of SMTP User may not send with this From address.",
        (
            "Enable SMTP Send As, so that the From address is SMTP Connect As and not each user's own.",
            "Set SMTP Connect As to the address of SMTP User, or to an alias that it owns.",
            "Otherwise have SMTP User given Send As permissions on SMTP Connect As in {console}.",
        ),
        at={"office365": _SEND_AS_AT_EXCHANGE, "exchange": _SEND_AS_AT_EXCHANGE},
    ),
    "from_header_invalid": Cause(
        WEESTIMATE,
        "{server} refuses the From address of the mail: it is missing, malformed or not that of the login.",
        (
            "Enable SMTP Send As.",
            "Verify that SMTP User has Send As permissions on SMTP Connect As.",
            "Confirm SMTP Connect As: one complete mail address, without a name and without blanks.",
            "With Enable SMTP Send As off, confirm the mail address of the acting user.",
        ),
        at={"office365": _SEND_AS_AT_EXCHANGE, "exchange": _SEND_AS_AT_EXCHANGE},
    ),
    "sender_rejected": Cause(
        MAIL,
        "{server} does not accept the sender's address or its domain.",
        (
            "Confirm SMTP Connect As: an existing address in a domain of your own.",
            "With Enable SMTP Send As off, confirm the mail address of the acting user.",
            "Have this address or its domain verified for sending in {console}.",
            "See that the domain exists in DNS, with an MX or address record.",
        ),
        by_code=True,
        at={
            "ses": ("In the SES console, verify the address or the domain under Identities, in this region.",),
            "office365": ("See that the mailbox is licensed, and not listed under Restricted entities in Defender.",),
        },
    ),
    "relay_denied": Cause(
        MAIL,
        "{server} does not pass mail on to this recipient for this machine or login.",
        (
            "Set SMTP User and SMTP Password, Use SSL on and SMTP Port 587, if the server relays after a login.",
            "Otherwise have the public IP address of the machine that sends allowed for relaying in {console}.",
            "Confirm SMTP Address: a server that only receives for its own domains is the wrong one.",
        ),
        at={
            "office365": (
                "In the Exchange admin center, Mail flow, Connectors, allow this machine's public IP address.",
            ),
            "gmail": ("In the Google Admin console, Gmail, Routing, SMTP relay service, allow this IP address.",),
        },
    ),
    "recipient_unknown": Cause(
        WEESTIMATE,
        "The recipient's address does not exist.",
        (_RECIPIENTS, "Ask the recipient for the current address; a mailbox may have been removed or renamed."),
        by_code=True,
    ),
    "recipient_rejected": Cause(
        RECIPIENT,
        "The recipient's server does not accept mail from this sender for this address.",
        (
            _RECIPIENTS,
            "Ask the recipient's administrator to allow mail from SMTP Connect As, also to groups and lists.",
            "Use real addresses for tests: reserved domains (.test, .example, .invalid) are refused.",
        ),
        by_code=True,
    ),
    "rate_limited": Cause(
        MAIL,
        "{server} takes no more for now: too many messages, recipients, connections or logins in a short time.",
        (
            "Wait, then send again; retry with growing pauses.",
            "Send fewer messages at once, and see what else sends with SMTP User or from this IP address.",
            "Have the limit raised in {console}, or use a service for bulk mail.",
        ),
        permanent=False,
        at={"office365": ("Stay within 30 messages a minute, 3 connections and 10,000 recipients a day per mailbox.",)},
    ),
    "greylisted": Cause(
        RECIPIENT,
        "The recipient's server turns first-time senders away for some minutes, as a test against spam.",
        (
            "Wait five minutes or more, then send again.",
            "Send through a mail server that queues and repeats by itself, or have the sender allowed there.",
        ),
        permanent=False,
    ),
    "quota_exceeded": Cause(
        MAIL,
        "A quota is used up: a mailbox is full, or the allowance for sending is spent; the reply says which.",
        (
            "If it is the recipient's mailbox, tell the recipient to free space, or to have more given.",
            "If it is the allowance of SMTP User, wait for the next day or month, or have it extended in {console}.",
        ),
        permanent=False,
    ),
    "message_too_large": Cause(
        WEESTIMATE,
        "The mail is larger than a server on its way accepts.",
        (
            "Send smaller or fewer attachments, or a link to the document.",
            "Have the size limit raised in {console}; encoding makes attachments a third larger.",
        ),
    ),
    "content_rejected_spam": Cause(
        MAIL,
        "{server} refuses the content: it takes the mail for spam or harmful, or a policy forbids it.",
        (
            "See which part is meant: attachment type, links, wording; send a plain test mail to compare.",
            "Have SPF, DKIM and DMARC set up for the domain of SMTP Connect As.",
            "Ask the recipient's administrator to allow the sender.",
        ),
        by_code=True,
        at_stage={"delivered": _AMONG_JUNK},
    ),
    "sender_reputation_blocked": Cause(
        MAIL,
        "The sending IP address, domain or account is blocked, or its SPF, DKIM, DMARC or reverse DNS fails.",
        (
            "Have SPF, DKIM and DMARC of the domain of SMTP Connect As pass for this mail server.",
            "Have a PTR record set for the sending IP address that names the server and leads back to it.",
            "Look the IP address and the domain up on the list that the reply names, and ask for delisting there.",
            "Set SMTP Address to your provider's server for SMTP Port 587, with a login, instead of sending directly.",
        ),
        by_code=True,
        at={
            "office365": (
                "Ask for delisting at https://sender.office.com; see Restricted entities in the Defender portal.",
            ),
        },
    ),
    "server_busy_or_unavailable": Cause(
        PROVIDER,
        "{server} cannot serve at the moment.",
        (
            "Wait, then send again; retry with growing pauses.",
            "See the provider's status page, or the mail server's logs, disk space and queue.",
        ),
        permanent=False,
        by_code=True,
    ),
    "server_disconnected": Cause(
        MAIL,
        "{server} closed the connection in the middle of the conversation.",
        (
            "Send again; one broken connection says little.",
            "Confirm SMTP Port and Use SSL: some servers hang up on the wrong kind of connection.",
            "See the mail server's logs, and any firewall or antivirus in between, for this time.",
        ),
        permanent=False,
    ),
    "protocol_error": Cause(
        MAIL,
        "{server} did not understand or accept how it was spoken to.",
        (
            "See that the machine that sends has a full host name, as it is what EHLO tells the server.",
            "Confirm SMTP Address and SMTP Port: another kind of service may listen there.",
            "See that no firewall rewrites SMTP (Cisco: inspect esmtp), and the mail server's logs.",
        ),
        by_code=True,
    ),
    "encoding_unsupported": Cause(
        WEESTIMATE,
        "An address or a text has characters that the mail server cannot take.",
        (
            "Use plain ASCII in SMTP Connect As and in the addresses of users and recipients.",
            "Or have SMTPUTF8 and 8BITMIME enabled on the mail server.",
        ),
    ),
    "unknown": Cause(
        MAIL,
        "The reply does not tell the cause in a way that is known here.",
        (
            "Read the reply itself, under evidence, and look it up at the owner of the mail server.",
            "Review the mail server's logs for this time.",
            "Confirm SMTP Address, SMTP Port, Use SSL, SMTP User and Enable SMTP Send As, point by point.",
        ),
        permanent=False,
        by_code=True,
        at_stage={"settings": _UNUSABLE_SETTINGS, "delivered": _NOT_ARRIVED},
    ),
}


def cause_at(name: str, stage: str | None, causes: Mapping[str, Cause] = MappingProxyType(CAUSES)) -> Cause:
    """What a cause means at a stage. Raises KeyError for a cause that is not in ``causes``."""
    cause = causes[name]
    return cause.at_stage.get(stage or "", cause)
