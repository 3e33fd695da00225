# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments that several modules share, as Ansible argument specs. Their meaning is in ``doc_fragments``."""

from __future__ import annotations

from typing import Any

from .journal import DEFAULT_TABLE
from .options import OPTIONS, argument_spec
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
}

SMTP_SETTINGS_INFO: dict[str, dict[str, Any]] = {
    **_SHARED,
    "discover": {"type": "bool", "default": False},
}
