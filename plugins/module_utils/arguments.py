# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments that several modules share, as Ansible argument specs. Their meaning is in ``doc_fragments``."""

from __future__ import annotations

from typing import Any

from .encoder import ENCODINGS, PLAIN
from .journal import DEFAULT_TABLE
from .options import OPTIONS, argument_spec
from .smtp.dialogue import STOPS
from .smtp.encryption import VERSIONS
from .smtp.message import APPROVAL, KINDS
from .smtp.route import SUBMISSIONS_PORT
from .smtp.sasl import MECHANISMS
from .stores.mssql import AUTHENTICATION, ENCRYPT

#: ``no_log: False`` marks names that only sound like secrets.
_LAYOUT = {
    "table": {"type": "dict", "options": {"schema": {"type": "str"}, "name": {"type": "str"}}},
    "columns": {
        "type": "dict",
        "options": {
            "group": {"type": "str"},
            "key": {"type": "str", "no_log": False},
            "value": {"type": "str"},
        },
    },
    "group": {"type": "str"},
    "keys": {
        "type": "dict",
        "no_log": False,
        "options": {option.name: {"type": "str", "no_log": False} for option in OPTIONS},
    },
    "booleans": {"type": "dict", "options": {"true": {"type": "str"}, "false": {"type": "str"}}},
    "password": {
        "type": "dict",
        "no_log": False,
        "options": {
            "encoding": {"type": "str", "choices": list(ENCODINGS), "default": PLAIN},
            "encode": {"type": "list", "elements": "str"},
            "decode": {"type": "list", "elements": "str"},
        },
    },
}

_JOURNAL = {
    "enabled": {"type": "bool", "default": True},
    "database": {"type": "str"},
    "schema": {"type": "str"},
    "table": {"type": "str", "default": DEFAULT_TABLE},
    "create": {"type": "bool", "default": True},
}

_STORE = {
    "driver": {"type": "str", "required": True, "choices": ["mssql", "sqlite"]},
    "path": {"type": "path"},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "instance": {"type": "str"},
    "database": {"type": "str"},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "authentication": {"type": "str", "choices": list(AUTHENTICATION), "default": "sql"},
    "encrypt": {"type": "str", "choices": list(ENCRYPT), "default": "mandatory"},
    "server_certificate": {"type": "path"},
    "host_name_in_certificate": {"type": "str"},
    "trust_server_certificate": {"type": "bool", "default": False},
    "connect_timeout": {"type": "int", "default": 15},
    "command_timeout": {"type": "int", "default": 30},
}

_SHARED = {
    "store": {
        "type": "dict",
        "required": True,
        "options": _STORE,
        "required_if": [["driver", "sqlite", ["path"]], ["driver", "mssql", ["host", "database"]]],
        "mutually_exclusive": [["port", "instance"]],
    },
    "layout": {"type": "dict", "options": _LAYOUT},
    "journal": {"type": "dict", "options": _JOURNAL},
    "run_on": {"type": "str", "choices": ["controller", "target"], "default": "controller"},
}

_TLS = {
    "verify": {"type": "bool", "default": True},
    "ca_file": {"type": "path"},
    "minimum_version": {"type": "str", "choices": list(VERSIONS), "default": "TLSv1.2"},
}

#: How a mail server is spoken to: the same for a test, for the probe before a change, and for the doctor.
_CONVERSATION = {
    "timeout": {"type": "int", "default": 60},
    "tls": {
        "type": "dict",
        "apply_defaults": True,
        "options": {**_TLS, "implicit_ports": {"type": "list", "elements": "int", "default": [SUBMISSIONS_PORT]}},
    },
    "mechanism": {"type": "str", "choices": ["auto", *(name.lower() for name in MECHANISMS)], "default": "auto"},
    "oauth_token": {"type": "str", "no_log": True},
    "allow_plaintext_password_to": {"type": "list", "elements": "str", "default": [], "no_log": False},
}

_CONFIRM = {
    "imap": {
        "type": "dict",
        "options": {
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 993},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "oauth_token": {"type": "str", "no_log": True},
            "folders": {"type": "list", "elements": "str"},
            "tls": {"type": "dict", "apply_defaults": True, "options": _TLS},
        },
        "required_one_of": [["password", "oauth_token"]],
        "mutually_exclusive": [["password", "oauth_token"]],
    },
    "mailpit": {
        "type": "dict",
        "options": {
            "url": {"type": "str", "required": True},
            "user": {"type": "str"},
            "password": {"type": "str", "no_log": True},
            "ca_file": {"type": "path"},
        },
        "required_together": [["user", "password"]],
    },
    "timeout": {"type": "int", "default": 120},
    "interval": {"type": "int", "default": 3},
    "delete": {"type": "bool", "default": False},
    "fail_on_junk": {"type": "bool", "default": False},
    "watch": {"type": "bool", "default": False},
    "subject": {"type": "str"},
    "sender": {"type": "str"},
}

SMTP_SETTINGS: dict[str, dict[str, Any]] = {
    **_SHARED,
    "settings": {"type": "dict", "options": argument_spec()},
    "state": {"type": "str", "choices": ["present", "restored", "confirmed"], "default": "present"},
    "update_password": {
        "type": "str",
        "choices": ["always", "on_create", "never"],
        "default": "always",
        "no_log": False,
    },
    "create_missing": {"type": "bool", "default": False},
    "profile": {"type": "str"},
    "changed_by": {"type": "str"},
    "run": {"type": "str"},
    "probe": {"type": "dict", "options": {"enabled": {"type": "bool", "default": True}, **_CONVERSATION}},
    "report_unconfirmed": {"type": "bool", "default": False},
    "journal_id": {"type": "int"},
}

SMTP_WINDOW: dict[str, dict[str, Any]] = {
    **_SHARED,
    "state": {"type": "str", "choices": ["opened", "restored", "closed"], "required": True},
    **{name: SMTP_SETTINGS[name] for name in ("settings", "update_password", "create_missing", "probe")},
    "reason": {"type": "str"},
    "minutes": {"type": "int", "default": 60},
    "window_id": {"type": "str"},
    "overwrite_edits": {"type": "bool", "default": False},
    **{name: SMTP_SETTINGS[name] for name in ("profile", "changed_by", "run")},
}

SMTP_TEST: dict[str, dict[str, Any]] = {
    **_SHARED,
    "store": {**_SHARED["store"], "required": False},
    **_CONVERSATION,
    "retries": {"type": "int", "default": 0},
    "retry_delay": {"type": "int", "default": 10},
    "settings": {"type": "dict", "options": argument_spec()},
    "kind": {"type": "str", "choices": list(KINDS), "default": APPROVAL},
    "to": {"type": "list", "elements": "str", "default": []},
    "acting_user": {"type": "str"},
    "stop_after": {"type": "str", "choices": list(STOPS)},
    "allowed_recipient_domains": {"type": "list", "elements": "str"},
    "confirm": {
        "type": "dict",
        "options": _CONFIRM,
        "required_one_of": [["imap", "mailpit"]],
        "mutually_exclusive": [["imap", "mailpit"]],
    },
    "record": {"type": "bool", "default": False},
    **{name: SMTP_SETTINGS[name] for name in ("changed_by", "run")},
}

SMTP_SETTINGS_INFO: dict[str, dict[str, Any]] = {
    **_SHARED,
    "discover": {"type": "bool", "default": False},
}

SMTP_DOCTOR: dict[str, dict[str, Any]] = {
    **_SHARED,
    **_CONVERSATION,
    **{name: SMTP_TEST[name] for name in ("to", "acting_user", "allowed_recipient_domains")},
    "approval_server": {
        "type": "dict",
        "options": {"host": {"type": "str"}, "reached": {"type": "bool"}, "said": {"type": "str"}},
    },
    "certificate_days": {"type": "int", "default": 30},
    "password_days": {"type": "int", "default": 365, "no_log": False},
}

SMTP_DRIFT: dict[str, dict[str, Any]] = {
    **_SHARED,
    "store": {**_SHARED["store"], "required": False},
    **{name: SMTP_SETTINGS[name] for name in ("settings", "update_password", "create_missing", "profile")},
    "instance": {"type": "str"},
    "environment": {"type": "str"},
    "fail_on_drift": {"type": "bool", "default": True},
    "password_max_age": {"type": "int", "no_log": False},
    "password_overdue": {"type": "str", "choices": ["warn", "fail"], "default": "warn", "no_log": False},
    "failure": {"type": "dict"},
    "into": {"type": "path"},
}
