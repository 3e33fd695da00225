# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgements: each rule and advice is fulfilled once and violated once, named by its path and its title."""

from __future__ import annotations

import re

import pytest
from ansible.utils.unsafe_proxy import wrap_var
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema

CANARY = "Zebra-canary-5150"

OFFICE365 = {
    "smtp_mail_enabled": True,
    "smtp_address": "smtp.office365.com",
    "smtp_port": 587,
    "use_ssl": True,
    "smtp_user": "notifications@yourcompany.com",
    "smtp_password": CANARY,
    "enable_smtp_send_as": True,
    "smtp_connect_as": "notifications@yourcompany.com",
    "send_smtp_to_self": False,
    "use_smtp_email": True,
    "include_mpoc_recipient": True,
}
#: The vendor's own example of an internal relay.
RELAY = {
    **OFFICE365,
    "smtp_address": "smtp-relay.yourcompany.com",
    "smtp_port": 25,
    "use_ssl": False,
    "smtp_user": "",
    "smtp_password": "",
    "enable_smtp_send_as": False,
    "smtp_connect_as": "",
}
CONNECTOR = {**RELAY, "smtp_address": "yourcompany-com.mail.protection.outlook.com", "use_ssl": True}
GMAIL = {**OFFICE365, "smtp_address": "smtp.gmail.com"}
AZURE = {**OFFICE365, "smtp_address": "smtp.azurecomm.net", "smtp_user": "weestimate-sender"}
HIGH_VOLUME = {**OFFICE365, "smtp_address": "smtp-hve.office365.com"}
LOGIN_RELAY = {**OFFICE365, "smtp_address": "mail.yourcompany.com"}
SQLITE = {"driver": "sqlite", "path": "/srv/weestimate.db"}
MSSQL = {"driver": "mssql", "host": "db01", "database": "WeSuite", "user": "mail", "password": CANARY}

ADDRESS = "SMTP Address is a host name or an IP address, without scheme or port"
PORT = "SMTP Port is a whole number from 1 to 65535"
CONNECT_AS = "SMTP Connect As is a mail address"
NO_CONTROL = "Text holds no control characters"
NO_MASK = "A mask is not a password"
IMPLICIT = "Port 465 means implicit TLS"
EXTERNAL = "An external mail server needs SSL"
LOGIN = "Office 365, Azure and Gmail need SMTP User and SMTP Password"
SUBMISSION = "Office 365 takes mail on port 587"
MAILBOX = "SMTP User at Office 365 is a mail address"
CONNECTOR_PORT = "An Exchange Online connector takes mail on port 25"
TOGETHER = "SMTP User and SMTP Password come together"
SEND_AS = "Send As needs SMTP Connect As"
COMPLETE = "Mail that is enabled needs an SMTP Address and an SMTP Port"
NAME = "A name in the database is text and not blank"


def judged(document, schema_name):
    """The violations as pairs of path and rule."""
    return [(violation.path, violation.rule) for violation in schema.violations(document, schema_name)]


def without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


# -- one value ---------------------------------------------------------------------------------------------------------

GOOD_VALUES = {
    "smtp_mail_enabled": [True, False],
    "smtp_address": [
        "",
        "smtp.office365.com",
        "SMTP.Office365.COM.",
        "mailhost",
        "3com.example.org",
        "10.0.0.25",
        "2001:db8::25",
        "::1",
        "::ffff:10.0.0.1",
        "a" * 63 + ".org",
        ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61]),
    ],
    "smtp_port": [1, 25, 587, 65535],
    "smtp_user": ["", "CORP\\weestimate", "n@yourcompany.com", "Jürgen"],
    "smtp_password": [
        "",
        "*",
        "**",
        "a****",
        "****a",
        "  ",
        "{{ x }}",
        "'\";--[]$",
        "пароль🔑",
        "p" * 20000,
        "(un)changed",
    ],
    "smtp_connect_as": ["", "notifications@yourcompany.com", "o'neil+wee@sub.yourcompany.co.uk", "a" * 64 + "@b.org"],
}
BAD_VALUES = [
    *(
        ("smtp_address", value, ADDRESS)
        for value in (
            "http://smtp.office365.com",
            "smtp://mail",
            "smtp.office365.com:587",
            "10.0.0.25:25",
            "[2001:db8::25]",
            "[2001:db8::25]:25",
            "fe80::1%eth0",
            "2001:db8::25::1",
            "10.0.0.256",
            "10.0.0",
            "12345",
            "mail host",
            "-mail.yourcompany.com",
            "mail-.yourcompany.com",
            "mail..yourcompany.com",
            ".yourcompany.com",
            "mail_host",
            "user@mailhost",
            "mailhost/",
            "a" * 64 + ".org",
            ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 62]),
            5,
        )
    ),
    *(("smtp_port", value, PORT) for value in (0, -1, 65536, "smtp", 587.5, True, "", [587])),
    *(
        ("smtp_connect_as", value, CONNECT_AS)
        for value in (
            "notifications",
            "@yourcompany.com",
            "a@b",
            "a b@yourcompany.com",
            "WeEstimate <a@yourcompany.com>",
            "a@yourcompany.com, b@yourcompany.com",
            "a@@yourcompany.com",
            ".a@yourcompany.com",
            "a@yourcompany.com.",
            "a" * 65 + "@b.org",
            "a@" + ".".join(["b" * 63] * 4),
            False,
        )
    ),
    *(
        (name, f"text{character}", NO_CONTROL)
        for name in ("smtp_user", "smtp_password")
        for character in ("\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85")
    ),
    ("smtp_address", "mailhost\n", NO_CONTROL),
    ("smtp_connect_as", "a@yourcompany.com\n", NO_CONTROL),
    *(
        ("smtp_password", value, NO_MASK)
        for value in (
            "****",
            "********",
            " **** ",
            "••••••••",
            "●●●●",
            "(unchanged)",
            "(changed)",
            "(set)",
            "(blank)",
            "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
            "$ANSIBLE_VAULT;1.1;AES256",
        )
    ),
    ("smtp_password", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", NO_MASK),
    ("smtp_password", 5150, "SMTP Password is text"),
    ("smtp_user", 5150, "SMTP User is text"),
    *(
        (name, "maybe", f"{label} is true or false")
        for name, label in (
            ("smtp_mail_enabled", "SMTP Mail Enabled"),
            ("use_ssl", "Use SSL"),
            ("enable_smtp_send_as", "Enable SMTP Send As"),
            ("send_smtp_to_self", "Send SMTP to Self"),
            ("use_smtp_email", "Use SMTP Email"),
            ("include_mpoc_recipient", "Include MPOC as a Recipient When Sending a QP"),
        )
    ),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD_VALUES.items() for value in values])
def test_a_value_in_order_is_accepted(name, value):
    assert judged({name: value}, "settings") == []


@pytest.mark.parametrize(("name", "value", "rule"), BAD_VALUES)
def test_a_value_out_of_order_is_named_with_its_rule(name, value, rule):
    assert (name, rule) in judged({name: value}, "settings")


def test_one_fault_is_one_violation():
    assert judged({"smtp_address": "http://mail:25", "smtp_port": "smtp", "smtp_user": 1}, "settings") == [
        ("smtp_address", ADDRESS),
        ("smtp_port", PORT),
        ("smtp_user", "SMTP User is text"),
    ]


# -- what would result -------------------------------------------------------------------------------------------------

IN_ORDER = {
    "office365": OFFICE365,
    "office365 in capitals with the root's dot": {**OFFICE365, "smtp_address": "SMTP.Office365.com."},
    "high volume": HIGH_VOLUME,
    "the vendor's internal relay": RELAY,
    "relay with login, unencrypted": {**LOGIN_RELAY, "smtp_port": 25, "use_ssl": False},
    "relay by private address": {**RELAY, "smtp_address": "10.0.0.25"},
    "relay by unique local address": {**RELAY, "smtp_address": "fd00::25"},
    "relay by carrier-grade address": {**RELAY, "smtp_address": "100.64.0.25"},
    "public address with SSL": {**RELAY, "smtp_address": "8.8.8.8", "use_ssl": True},
    "connector without login": CONNECTOR,
    "gmail": GMAIL,
    "gmail relay without login": {**RELAY, "smtp_address": "smtp-relay.gmail.com", "use_ssl": True},
    "azure, whose user is no mail address": AZURE,
    "implicit TLS": {**LOGIN_RELAY, "smtp_port": 465},
    "a name that merely looks like a provider": {**RELAY, "smtp_address": "notoutlook.com"},
    "a password that looks like a mask is a stand-in": {**OFFICE365, "smtp_password": "****"},
    "send as without the option at hand": without(OFFICE365, "smtp_connect_as"),
    "a stored text that is not used": {**RELAY, "smtp_connect_as": "WeEstimate <old@yourcompany.com>"},
    "nothing known": {},
    "all wrong, but mail is off": {
        **OFFICE365,
        "smtp_mail_enabled": False,
        "smtp_address": "smtp.gmail.com:465",
        "smtp_port": 465,
        "use_ssl": False,
        "smtp_user": "",
        "smtp_connect_as": "",
    },
}
OUT_OF_ORDER = [
    (without(OFFICE365, "smtp_address"), [("smtp_address", COMPLETE)]),
    ({**OFFICE365, "smtp_address": ""}, [("smtp_address", COMPLETE)]),
    (without(OFFICE365, "smtp_port"), [("smtp_port", COMPLETE)]),
    ({**RELAY, "smtp_address": "http://mail"}, [("smtp_address", ADDRESS)]),
    ({**RELAY, "smtp_port": 0}, [("smtp_port", PORT)]),
    ({**LOGIN_RELAY, "smtp_port": 465, "use_ssl": False}, [("use_ssl", IMPLICIT)]),
    ({**OFFICE365, "use_ssl": False}, [("use_ssl", EXTERNAL)]),
    ({**CONNECTOR, "use_ssl": False}, [("use_ssl", EXTERNAL)]),
    ({**GMAIL, "use_ssl": False}, [("use_ssl", EXTERNAL)]),
    ({**AZURE, "use_ssl": False}, [("use_ssl", EXTERNAL)]),
    ({**RELAY, "smtp_address": "email-smtp.eu-west-1.amazonaws.com"}, [("use_ssl", EXTERNAL)]),
    ({**RELAY, "smtp_address": "8.8.8.8"}, [("use_ssl", EXTERNAL)]),
    ({**RELAY, "smtp_address": "::ffff:8.8.8.8"}, [("use_ssl", EXTERNAL)]),
    ({**RELAY, "smtp_address": "2001:4860:4860::8888"}, [("use_ssl", EXTERNAL)]),
    ({**OFFICE365, "smtp_port": 25}, [("smtp_port", SUBMISSION)]),
    ({**OFFICE365, "smtp_address": "Smtp.Office365.Us.", "smtp_port": 465}, [("smtp_port", SUBMISSION)]),
    ({**OFFICE365, "smtp_address": "smtp.partner.outlook.cn", "smtp_port": 25}, [("smtp_port", SUBMISSION)]),
    ({**HIGH_VOLUME, "smtp_port": 25}, [("smtp_port", SUBMISSION)]),
    ({**OFFICE365, "smtp_user": "notifications"}, [("smtp_user", MAILBOX)]),
    ({**OFFICE365, "smtp_user": "", "smtp_password": ""}, [("smtp_user", LOGIN), ("smtp_password", LOGIN)]),
    ({**GMAIL, "smtp_user": "", "smtp_password": ""}, [("smtp_user", LOGIN), ("smtp_password", LOGIN)]),
    ({**AZURE, "smtp_user": "", "smtp_password": ""}, [("smtp_user", LOGIN), ("smtp_password", LOGIN)]),
    ({**CONNECTOR, "smtp_port": 587}, [("smtp_port", CONNECTOR_PORT)]),
    ({**RELAY, "smtp_user": "weestimate"}, [("smtp_password", TOGETHER)]),
    ({**RELAY, "smtp_password": "stand-in"}, [("smtp_user", TOGETHER)]),
    ({**OFFICE365, "smtp_connect_as": ""}, [("smtp_connect_as", SEND_AS)]),
    ({**OFFICE365, "smtp_connect_as": "notifications"}, [("smtp_connect_as", CONNECT_AS)]),
]


@pytest.mark.parametrize("settings", IN_ORDER.values(), ids=IN_ORDER)
def test_a_result_in_order_is_accepted(settings):
    assert judged(settings, "result") == []


@pytest.mark.parametrize(("settings", "expected"), OUT_OF_ORDER)
def test_a_result_out_of_order_is_named_with_its_rule(settings, expected):
    assert judged(settings, "result") == expected


def test_every_rule_on_results_is_broken_once_here():
    text = (schema.SCHEMA_DIRECTORY / "result.schema.json").read_text(encoding="utf-8")
    titles = set(re.findall('"title": "(.*)"', text)[1:])
    assert titles <= {rule for _settings, expected in OUT_OF_ORDER for _path, rule in expected}


@pytest.mark.parametrize(("settings", "_expected"), OUT_OF_ORDER)
def test_mail_can_always_be_switched_off(settings, _expected):
    assert judged({**settings, "smtp_mail_enabled": False}, "result") == []


# -- advice ------------------------------------------------------------------------------------------------------------

EXCHANGE = ("smtp_address", "exchange_online_password_login")
ADVISED = [
    (OFFICE365, [], [EXCHANGE]),
    ({**OFFICE365, "smtp_address": "SMTP.Office365.com."}, [], [EXCHANGE]),
    ({**OFFICE365, "smtp_mail_enabled": False}, [], []),
    (HIGH_VOLUME, [], [("smtp_address", "high_volume_internal_only")]),
    ({**OFFICE365, "enable_smtp_send_as": False}, [], [EXCHANGE, ("enable_smtp_send_as", "office365_without_send_as")]),
    ({**LOGIN_RELAY, "enable_smtp_send_as": False}, [], []),
    ({**LOGIN_RELAY, "smtp_connect_as": "Notifications@YourCompany.com"}, [], []),
    ({**LOGIN_RELAY, "smtp_connect_as": "b@c.org"}, [], [("smtp_connect_as", "connect_as_differs_from_user")]),
    ({**LOGIN_RELAY, "smtp_connect_as": "b@c.org", "enable_smtp_send_as": False}, [], []),
    ({**RELAY, "smtp_connect_as": "b@c.org", "enable_smtp_send_as": True}, [], []),
    (AZURE, [], []),
    ({**LOGIN_RELAY, "smtp_port": 465}, [], [("smtp_port", "port_465")]),
    (
        {**LOGIN_RELAY, "use_ssl": False},
        [],
        [("use_ssl", "submission_without_ssl"), ("use_ssl", "login_without_encryption")],
    ),
    ({**LOGIN_RELAY, "smtp_port": 25, "use_ssl": False}, [], [("use_ssl", "login_without_encryption")]),
    ({**RELAY, "smtp_port": 587}, [], [("use_ssl", "submission_without_ssl")]),
    (RELAY, ["smtp_port"], []),
    ({**RELAY, "smtp_mail_enabled": False}, [], []),
    ({**RELAY, "smtp_mail_enabled": False}, ["smtp_mail_enabled"], []),
    (
        {**RELAY, "smtp_mail_enabled": False},
        ["smtp_mail_enabled", "smtp_port"],
        [("smtp_mail_enabled", "mail_off_while_changing")],
    ),
    (CONNECTOR, [], []),
    ({}, [], []),
]


@pytest.mark.parametrize(("settings", "changed", "expected"), ADVISED)
def test_advice_is_named_with_its_option_and_says_why_and_what_to_do(settings, changed, expected):
    given_advice = schema.advice(settings, changed)
    assert [(entry.path, entry.advice) for entry in given_advice] == expected
    assert all(entry.reason.endswith(".") and entry.remedy.endswith(".") for entry in given_advice)


def test_every_advice_is_given_once_here():
    text = (schema.SCHEMA_DIRECTORY / "advice.schema.json").read_text(encoding="utf-8")
    assert set(re.findall('"x-advice": "(.*)"', text)) == {
        name for *_given, expected in ADVISED for _path, name in expected
    }


# -- profile, store, layout, journal -----------------------------------------------------------------------------------

PROFILE = {"description": "Approval mail", "settings": without(OFFICE365, "smtp_password")}
LAYOUT = {
    "table": {"schema": "dbo", "name": "programOption"},
    "columns": {"group": "optionGroup", "key": "optionName", "value": "optionValue"},
    "group": "SMTP",
    "keys": {"smtp_address": "SMTP Address"},
    "booleans": {"true": "Y", "false": "N"},
}
DOCUMENTS = [
    ("profile", PROFILE, []),
    ("profile", {"settings": {"smtp_port": 25}}, []),
    ("profile", {"settings": {"smtp_address": "SMTP.Office365.com."}}, []),
    ("profile", {"settings": OFFICE365}, [("settings.smtp_password", "A profile holds no password")]),
    ("profile", {}, [("settings", "A profile has settings")]),
    ("profile", {**PROFILE, "setings": {}}, [("setings", schema.UNKNOWN_NAME)]),
    ("profile", {"settings": {"smtp_prot": 25}}, [("settings.smtp_prot", schema.UNKNOWN_NAME)]),
    ("profile", {**PROFILE, "description": 1}, [("description", "The description is text")]),
    ("profile", {"settings": {"smtp_port": 465, "use_ssl": False}}, [("settings.use_ssl", IMPLICIT)]),
    (
        "profile",
        {"settings": {"smtp_address": "SMTP.Office365.com.", "smtp_port": 25}},
        [("settings.smtp_port", SUBMISSION)],
    ),
    ("store", SQLITE, []),
    ("store", {**SQLITE, "command_timeout": 5}, []),
    ("store", MSSQL, []),
    ("store", {**MSSQL, "port": 1433, "instance": "", "encrypt": "strict", "authentication": "sql"}, []),
    ("store", {**MSSQL, "instance": "WESUITE", "host_name_in_certificate": "db"}, []),
    ("store", {**MSSQL, "encrypt": "strict", "server_certificate": "/a.pem"}, []),
    ("store", {"driver": "mssql", "host": "db01", "database": "WeSuite", "authentication": "kerberos"}, []),
    ("store", {}, [("driver", "The driver is sqlite or mssql")]),
    ("store", {"driver": "oracle"}, [("driver", "The driver is sqlite or mssql")]),
    ("store", {"driver": "sqlite"}, [("path", "A SQLite store has a path")]),
    ("store", {**SQLITE, "path": ""}, [("path", "A SQLite store has a path")]),
    ("store", {**SQLITE, "host": "db01"}, [("host", schema.UNKNOWN_NAME)]),
    (
        "store",
        without(MSSQL, "host", "database"),
        [("host", "A SQL Server store has a host"), ("database", "A SQL Server store has a database")],
    ),
    ("store", {**MSSQL, "path": "x"}, [("path", schema.UNKNOWN_NAME)]),
    ("store", {**MSSQL, "host": "db01\\WESUITE"}, [("host", "A SQL Server store has a host")]),
    ("store", {**MSSQL, "host": "db01;Encrypt=no"}, [("host", "A SQL Server store has a host")]),
    ("store", {**MSSQL, "port": 70000}, [("port", "The port of SQL Server is a whole number from 1 to 65535")]),
    (
        "store",
        {**MSSQL, "port": 1433, "instance": "WESUITE"},
        [("instance", "SQL Server is named by a port or by an instance, not by both")],
    ),
    (
        "store",
        without(MSSQL, "user", "password"),
        [(name, "This authentication needs a user and a password") for name in ("user", "password")],
    ),
    (
        "store",
        {**MSSQL, "encrypt": "mandatory", "server_certificate": "/etc/sql.pem"},
        [("server_certificate", "A pinned certificate is compared in strict mode only")],
    ),
    ("store", {**MSSQL, "password": "****"}, [("password", NO_MASK)]),
    ("store", {**MSSQL, "password": 5150}, [("password", "The database password is text")]),
    ("store", {**MSSQL, "encrypt": "no"}, [("encrypt", "The encryption is mandatory, strict or optional")]),
    (
        "store",
        {**MSSQL, "authentication": "ntlm"},
        [("authentication", "The authentication is one that the driver knows without asking a person")],
    ),
    (
        "store",
        {**MSSQL, "connect_timeout": 0},
        [("connect_timeout", "A timeout is a whole number of seconds from 1 to 86400")],
    ),
    (
        "store",
        {**MSSQL, "trust_server_certificate": "perhaps"},
        [("trust_server_certificate", "Trust server certificate is true or false")],
    ),
    ("layout", {}, []),
    ("layout", LAYOUT, []),
    ("layout", {"keys": {"smtp_adress": "x"}}, [("keys.smtp_adress", schema.UNKNOWN_NAME)]),
    ("layout", {"keys": "smtp_address"}, [("keys", "The keys are a mapping of canonical names")]),
    ("layout", {"columns": {"key": ""}}, [("columns.key", NAME)]),
    ("layout", {"table": {"name": "a\0"}}, [("table.name", NO_CONTROL)]),
    ("layout", {"table": "programOption"}, [("table", "The table is a mapping of schema and name")]),
    ("layout", {"booleans": {"true": True}}, [("booleans.true", NAME)]),
    ("journal", {}, []),
    ("journal", "none", []),
    ("journal", {"enabled": True, "database": "x", "schema": "dbo", "table": "t", "create": False}, []),
    ("journal", "off", [("", "The journal of changes")]),
    ("journal", False, [("", "The journal of changes")]),
    ("journal", {"table": 5}, [("table", NAME)]),
    ("journal", {"create": "perhaps"}, [("create", "Create is true or false")]),
    ("journal", {"tabel": "t"}, [("tabel", schema.UNKNOWN_NAME)]),
    ("settings", [], [("", "Mail settings of WeEstimate, as declared")]),
    ("settings", None, [("", "Mail settings of WeEstimate, as declared")]),
]


@pytest.mark.parametrize(("schema_name", "document", "expected"), DOCUMENTS)
def test_a_document_is_judged_by_its_schema(schema_name, document, expected):
    assert judged(document, schema_name) == expected


# -- wording -----------------------------------------------------------------------------------------------------------

WORDINGS = [
    ("settings", {"smtp_port": "smtp"}, "Expected a whole number, found 'smtp'."),
    ("settings", {"use_ssl": 3}, "Expected true or false, found 3."),
    ("settings", {"smtp_user": True}, "Expected text in quotes, found true."),
    ("settings", {"smtp_port": 70000}, "Found 70000."),
    ("settings", {"smtp_password": 5150}, "Expected text in quotes."),
    ("settings", "smtp_password=x", "Expected a mapping of names to values."),
    ("profile", {"settings": f"smtp_password: {CANARY}"}, "Expected a mapping of names to values."),
    ("journal", 1, "Expected a mapping of names to values or text in quotes."),
    ("result", {**OFFICE365, "smtp_connect_as": ""}, "Found an empty text."),
    ("result", without(OFFICE365, "smtp_port"), "It is missing."),
]


@pytest.mark.parametrize(("schema_name", "document", "reason"), WORDINGS)
def test_the_reason_says_what_was_expected_and_found(schema_name, document, reason):
    assert [violation.reason for violation in schema.violations(document, schema_name)] == [reason]


def test_a_quotation_is_short_and_printable():
    broken = schema.violations({"smtp_address": "\x1b]0;" + "m" * 20000}, "settings")
    assert {violation.rule for violation in broken} == {ADDRESS, NO_CONTROL}
    assert all(len(violation.reason) <= len("Found .") + 60 for violation in broken)
    assert all(violation.reason.isprintable() for violation in broken)


@pytest.mark.parametrize(
    ("unknown", "remedy"),
    [
        ("smtp_adress", "Did you mean smtp_address?"),
        ("SMTP Port", "Did you mean smtp_port?"),
        ("ssl", "Did you mean use_ssl?"),
        ("password", "Did you mean smtp_password?"),
        ("colour", "Use one of smtp_mail_enabled, smtp_address, "),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_known_one(unknown, remedy):
    (violation,) = schema.violations({unknown: CANARY}, "settings")
    assert violation.remedy.startswith(remedy)
    assert CANARY not in str(violation)


def test_a_secret_is_not_quoted_from_another_option_either():
    document = {"smtp_password": CANARY, "smtp_address": f"smtp://bob:{CANARY}@mail", "smtp_port": CANARY}
    broken = schema.violations(document, "settings")
    assert [violation.path for violation in broken] == ["smtp_address", "smtp_port"]
    assert CANARY not in repr(broken)


def test_require_lists_every_violation_on_its_own_line():
    with pytest.raises(MailSettingsError) as caught:
        schema.require({"smtp_port": 0, "smtp_password": "****"}, "settings", "The profile approval")
    assert caught.value.code == "schema_invalid"
    heading, port, password = caught.value.message.splitlines()
    assert heading == "The profile approval cannot be used:"
    assert port.startswith(f"- smtp_port: {PORT}. Found 0. Write the port of the mail server;")
    assert password.startswith(f"- smtp_password: {NO_MASK}. Give the password itself, from a vault;")
    assert [violation["path"] for violation in caught.value.details["violations"]] == ["smtp_port", "smtp_password"]
    assert set(caught.value.details["violations"][1]) == {"path", "rule", "remedy"}


def test_require_accepts_what_breaks_no_rule():
    schema.require(OFFICE365, "result", "The settings")


def test_violations_found_twice_are_listed_once():
    broken = schema.violations({"smtp_port": 0}, "settings")
    assert len(schema.schema_invalid([*broken, *broken], "The settings").details["violations"]) == 1


def test_a_missing_jsonschema_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(schema, "_MISSING", ImportError("No module named 'jsonschema'"))
    with pytest.raises(MailSettingsError, match="No module named 'jsonschema'") as caught:
        schema.violations({}, "settings")
    assert caught.value.code == "driver_missing"


# -- arbitrary input ---------------------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
#: The first run of all builds Hypothesis's table of characters, which a busy machine takes seconds for.
PATIENT = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
OPTION_NAMES = st.sampled_from([*OFFICE365, "surprise"])
SCHEMA_NAMES = st.sampled_from(["settings", "result", "profile", "store", "layout", "journal"])


@PATIENT
@given(st.dictionaries(OPTION_NAMES, ANYTHING), SCHEMA_NAMES)
def test_whatever_is_given_gets_an_answer_with_a_remedy(document, schema_name):
    for wrapped in (document, {"settings": document}):
        for violation in schema.violations(schema.coerce(wrapped, schema_name), schema_name):
            assert violation.rule
            assert violation.remedy
    assert isinstance(schema.advice(schema.coerce(document, "settings"), ["smtp_port"]), list)


@PATIENT
@given(st.dictionaries(OPTION_NAMES, st.text()), st.text(max_size=8), st.text(max_size=8))
def test_a_password_never_shows(document, before, after):
    password = f"{before}{CANARY}{after}"
    declared = {**document, "smtp_password": password, "smtp_address": password, "use_ssl": password}
    shown = [
        schema.violations(declared, "settings"),
        schema.violations(declared, "result"),
        schema.violations({"settings": declared}, "profile"),
        schema.violations({"driver": "mssql", "password": password, "host": password, "port": password}, "store"),
        schema.advice(declared),
    ]
    assert CANARY not in repr(shown)


# -- coercion ----------------------------------------------------------------------------------------------------------


class InlineVault:
    """Stands for an inline vault value: no string, but with the decrypted text as its text."""

    def __str__(self):
        return CANARY


@pytest.mark.parametrize(
    ("schema_name", "document", "expected"),
    [
        ("settings", {"smtp_port": "587", "use_ssl": "yes"}, {"smtp_port": 587, "use_ssl": True}),
        ("settings", {"smtp_port": " 25\n", "use_ssl": " False "}, {"smtp_port": 25, "use_ssl": False}),
        ("settings", {"use_ssl": 1, "smtp_mail_enabled": "off"}, {"use_ssl": True, "smtp_mail_enabled": False}),
        ("settings", {"smtp_port": "smtp", "use_ssl": "maybe"}, {"smtp_port": "smtp", "use_ssl": "maybe"}),
        ("settings", {"smtp_port": "9" * 5000}, {"smtp_port": "9" * 5000}),
        ("settings", {"smtp_port": "٥٨٧"}, {"smtp_port": "٥٨٧"}),
        ("settings", {"smtp_port": True, "use_ssl": ""}, {"smtp_port": True, "use_ssl": ""}),
        ("settings", {"smtp_user": "587", "smtp_password": "yes"}, {"smtp_user": "587", "smtp_password": "yes"}),
        ("settings", {"smtp_user": 587}, {"smtp_user": 587}),
        ("settings", {"smtp_user": None, "smtp_port": None}, {}),
        ("settings", {"smtp_password": InlineVault()}, {"smtp_password": CANARY}),
        ("settings", None, None),
        ("profile", {"settings": {"smtp_port": "25", "use_ssl": None}}, {"settings": {"smtp_port": 25}}),
        (
            "store",
            {"port": "1433", "command_timeout": 30.0, "trust_server_certificate": "no"},
            {"port": 1433, "command_timeout": 30, "trust_server_certificate": False},
        ),
        ("store", {"connect_timeout": "15", "password": "1"}, {"connect_timeout": 15, "password": "1"}),
        ("layout", {"booleans": {True: "Y", False: "N"}}, {"booleans": {"true": "Y", "false": "N"}}),
        ("layout", {"group": "1", "keys": {"smtp_port": "2"}}, {"group": "1", "keys": {"smtp_port": "2"}}),
        ("journal", {"create": "no"}, {"create": False}),
        ("relay", {"upstreams": {"any": {"port": "25"}}}, {"upstreams": {"any": {"port": 25}}}),
        (
            "relay",
            {"routes": [{"default": "yes"}, "no", {"x": "1"}]},
            {"routes": [{"default": True}, "no", {"x": "1"}]},
        ),
        ("journal", "none", "none"),
    ],
)
def test_coercion_turns_what_the_schema_wants_and_nothing_else(schema_name, document, expected):
    coerced = schema.coerce(document, schema_name)
    assert coerced == expected
    assert repr(coerced) == repr(expected)


def test_coercion_leaves_plain_python_only():
    coerced = schema.coerce(wrap_var({"smtp_user": "bob", "smtp_port": "25", "keys": ["a"]}), "settings")
    assert [type(value) for value in (coerced, *coerced, *coerced["keys"])] == [dict, str, str, str, str]
    assert [type(value) for value in coerced.values()] == [str, int, list]


def test_coercion_leaves_its_argument_alone():
    document = {"settings": {"smtp_port": "25", "use_ssl": None}}
    schema.coerce(document, "profile")
    assert document == {"settings": {"smtp_port": "25", "use_ssl": None}}


# -- how a password is written -----------------------------------------------------------------------------------------

ENCODING = "The encoding is plain, command or opaque"
PROGRAM = "A program is a list of its path and its arguments"
PROGRAM_NAMED = "An encoding by a program names the program"
NO_PROGRAM = "A plain password needs no program"


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"encoding": "plain"},
        {"encoding": "command", "encode": ["/usr/local/bin/encode", "--base64"]},
        {"encoding": "opaque", "encode": ["encode"], "decode": ["decode"]},
    ],
    ids=str,
)
def test_a_password_may_be_written_so(stated):
    assert judged({"password": stated}, "layout") == []


@pytest.mark.parametrize(
    ("stated", "path", "rule"),
    [
        ({"encoding": "rot13"}, "password.encoding", ENCODING),
        ({"encoding": "command"}, "password.encode", PROGRAM_NAMED),
        ({"encoding": "opaque", "decode": ["decode"]}, "password.encode", PROGRAM_NAMED),
        ({"encoding": "command", "encode": "encode --base64"}, "password.encode", PROGRAM),
        ({"encoding": "command", "encode": []}, "password.encode", PROGRAM),
        ({"encoding": "command", "encode": [""]}, "password.encode.0", NAME),
        ({"encode": ["encode"]}, "password.encode", NO_PROGRAM),
        ({"encoding": "plain", "decode": ["decode"]}, "password.decode", NO_PROGRAM),
    ],
    ids=str,
)
def test_a_password_may_not_be_written_so(stated, path, rule):
    assert judged({"password": stated}, "layout") == [(path, rule)]
