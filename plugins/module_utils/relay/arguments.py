# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of the modules that work on a relay, as Ansible argument specs."""

from __future__ import annotations

from typing import Any

PRESENT, PROVEN, FORMER = "present", "proven", "former"

_PROGRAM = {"type": "list", "elements": "list", "default": []}

#: Contents are no_log, public ones too: what may be shown of a file is shown in the diff. ``no_log: False`` marks names
#: that only sound like secrets.
_FILE = {
    "path": {"type": "str", "required": True},
    "content": {"type": "str", "required": True, "no_log": True},
    "secret": {"type": "bool", "default": False, "no_log": False},
    "mode": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}

RELAY_CONFIG: dict[str, dict[str, Any]] = {
    "files": {"type": "list", "elements": "dict", "options": _FILE, "default": []},
    "checks": _PROGRAM,
    "activate": {
        "type": "list",
        "elements": "dict",
        "options": {
            "command": {"type": "list", "elements": "str", "required": True},
            "paths": {"type": "list", "elements": "str", "default": ["/"]},
        },
        "default": [],
    },
    "settled": _PROGRAM,
    "on_trial": {"type": "dict", "default": {}},
    "generation": {"type": "int"},
    "timeout": {"type": "int", "default": 60},
    "state": {"type": "str", "choices": [PRESENT, PROVEN, FORMER], "default": PRESENT},
    "directory": {"type": "str", "default": "/var/lib/weestimate-relay"},
}

RELAY_DELIVERY: dict[str, dict[str, Any]] = {
    "queue_id": {"type": "str", "required": True},
    "timeout": {"type": "int", "default": 60},
    "log_minutes": {"type": "int", "default": 10},
    "upstream": {"type": "str"},
}

RELAY_DOCTOR: dict[str, dict[str, Any]] = {
    "upstreams": {"type": "list", "elements": "dict", "required": True},
    "certificate": {"type": "str"},
    "login_socket": {"type": "str"},
    "timeout": {"type": "int", "default": 60},
    "certificate_days": {"type": "int", "default": 30},
    "credential_days": {"type": "int", "default": 30, "no_log": False},
    "queue_minutes": {"type": "int", "default": 60},
    "fail_when_unwell": {"type": "bool", "default": True},
    "environment": {"type": "str"},
    "failure": {"type": "dict"},
    "into": {"type": "path"},
}
