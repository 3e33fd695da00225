# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The providers that replies and hosts belong to: their names, their hosts, where they are administered, their marks.

`facts.schema.json` says which hosts are public, for the rules of settings, but not whose they are; this table does.
A test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple


class Provider(NamedTuple):
    """A mail service.

    ``admin`` is where its administrator mends things; ``domains`` are those in which its hosts lie; ``marks`` are
    phrases by which a reply gives itself away; ``aliases`` are other words for it.
    """

    title: str
    admin: str
    domains: tuple[str, ...] = ()
    marks: str = ""
    aliases: tuple[str, ...] = ()


#: The first fits whose domains or marks do.
PROVIDERS = {
    # Of the same make as Microsoft 365, but of private persons: there is no administrator, and no admin center.
    "outlook": Provider(
        "Outlook.com",
        "the security page of the Microsoft account",
        ("smtp-mail.outlook.com", "hotmail.com", "live.com"),
        "",
        ("outlook.com", "hotmail", "live"),
    ),
    "office365": Provider(
        "Microsoft 365",
        "the Exchange admin center",
        ("office365.com", "office365.us", "outlook.com", "outlook.cn", "mx.microsoft"),
        r"""
        prod\.outlook\.com|protection\.outlook\.com|aka\.ms/|smtpclientauthentication|office ?365
        tenant(?:inbound)?attribution
        [45]\.7\.(?:68|139|193|[5-7]\d\d)\b|[45]\.2\.25\d\b|[45]\.3\.190\b|[45]\.4\.31\d\b
        """,
        ("microsoft365", "microsoft_365", "m365", "o365", "exchange_online", "microsoft"),
    ),
    "exchange": Provider(
        "Exchange Server",
        "the Exchange admin center of your own server",
        (),
        r"resolver\.\w+\.|storedrv\.|smtpsend\.|microsoft esmtp",
        ("exchange_server", "microsoft_exchange"),
    ),
    "azure": Provider(
        "Azure Communication Services", "the Azure portal", ("azurecomm.net",), r"", ("azure_communication", "acs")
    ),
    "gmail": Provider(
        "Google Workspace",
        "the Google Admin console",
        ("gmail.com", "googlemail.com", "google.com"),
        r"gsmtp\b|support\.google\.com|smtp\.gmail\.com",
        ("google", "google_workspace", "gsuite", "workspace", "googlemail"),
    ),
    "yahoo": Provider(
        "Yahoo",
        "the account's security page",
        ("yahoo.com", "yahoodns.net", "aol.com"),
        r"yahoo(?:inc)?\.com|#auth0\d\d|aol\.com",
        ("aol", "att", "ymail"),
    ),
    "icloud": Provider(
        "iCloud Mail",
        "the Apple Account page",
        ("me.com", "icloud.com", "mac.com"),
        r"support\.apple\.com|icloud",
        ("apple",),
    ),
    "ses": Provider(
        "Amazon SES",
        "the Amazon SES console",
        ("amazonaws.com", "amazonaws.com.cn", "amazonses.com"),
        r"arn:aws|amazonaws|amazonses|subscribed to ses|in region [a-z]{2}-",
        ("amazon_ses", "amazon", "aws"),
    ),
    "sendgrid": Provider("SendGrid", "the SendGrid console", ("sendgrid.net",), r"sendgrid", ("twilio",)),
    "mailgun": Provider("Mailgun", "the Mailgun control panel", ("mailgun.org", "mailgun.net"), r"mailgun"),
    "postmark": Provider("Postmark", "the Postmark account", ("postmarkapp.com",), r"postmark"),
    "mailjet": Provider("Mailjet", "the Mailjet account", ("mailjet.com",), r"mailjet"),
    "brevo": Provider(
        "Brevo", "the Brevo account", ("brevo.com", "sendinblue.com"), r"brevo|sendinblue", ("sendinblue",)
    ),
    "sparkpost": Provider("SparkPost", "the SparkPost account", ("sparkpostmail.com",), r"sparkpost"),
    "mandrill": Provider(
        "Mailchimp Transactional", "the Mailchimp account", ("mandrillapp.com",), r"mandrill", ("mailchimp",)
    ),
    "mailtrap": Provider("Mailtrap", "the Mailtrap account", ("mailtrap.io",), r"mailtrap"),
    "smtp2go": Provider("SMTP2GO", "the SMTP2GO account", ("smtp2go.com",), r"smtp2go"),
    "elasticemail": Provider("Elastic Email", "the Elastic Email account", ("elasticemail.com",)),
    "socketlabs": Provider("SocketLabs", "the SocketLabs account", ("socketlabs.com",)),
    "mailersend": Provider("MailerSend", "the MailerSend account", ("mailersend.net",)),
    "resend": Provider("Resend", "the Resend account", ("resend.com",)),
    "zoho": Provider("Zoho Mail", "the Zoho Mail admin console", ("zoho.com", "zoho.eu"), r"zoho"),
    "fastmail": Provider(
        "Fastmail", "the Fastmail settings", ("fastmail.com", "messagingengine.com"), r"fastmail|messagingengine"
    ),
    "gmx": Provider(
        "GMX and WEB.DE",
        "the webmail's settings",
        ("gmx.com", "gmx.net", "web.de"),
        r"gmx\.|web\.de",
        ("web.de", "webde"),
    ),
    "ionos": Provider(
        "IONOS",
        "the IONOS control panel",
        ("ionos.com", "ionos.de", "ionos.co.uk", "kundenserver.de"),
        r"ionos|kundenserver",
        ("1und1",),
    ),
    "godaddy": Provider("GoDaddy", "the GoDaddy email dashboard", ("secureserver.net",), r"secureserver\.net"),
    "yandex": Provider("Yandex", "the Yandex account", ("yandex.ru", "yandex.com", "yandex.net"), r"yandex|ya\.cc"),
    "mailru": Provider("Mail.ru", "the Mail.ru account", ("mail.ru",), r"mail\.ru", ("mail.ru",)),
    "qq": Provider("QQ Mail", "the QQ Mail settings", ("qq.com",), r"qq\.com", ("tencent",)),
    "netease": Provider(
        "NetEase Mail",
        "the NetEase Mail settings",
        ("163.com", "126.com", "yeah.net"),
        r"163\.com|126\.com",
        ("163", "126"),
    ),
    "mimecast": Provider("Mimecast", "the Mimecast administration console", ("mimecast.com",), r"mimecast"),
    "proofpoint": Provider(
        "Proofpoint", "the Proofpoint console", ("pphosted.com", "ppe-hosted.com"), r"proofpoint|pphosted"
    ),
    "barracuda": Provider("Barracuda", "the Barracuda console", ("barracudanetworks.com",), r"barracuda|cuda_nsu"),
}

#: Every word for a provider, with the one that the catalogue uses.
BY_WORD = {name: word for word, provider in PROVIDERS.items() for name in (word, *provider.aliases)}
