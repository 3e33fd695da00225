# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of relay_plan: judge what is declared of a relay, and say what its programs are to be told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.weestimate.mail.plugins.plugin_utils import schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay import rules
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.advice import advice
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.declared import Declared, folded
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.plan import plan

_SPEC: dict[str, dict[str, Any]] = {
    "hostname": {"type": "str", "required": True},
    "clients": {"type": "list", "elements": "str", "required": True},
    "login": {
        "type": "dict",
        "options": {
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
    "tls": {
        "type": "dict",
        "options": {
            "certificate": {"type": "path", "required": True},
            "key": {"type": "path", "required": True, "no_log": False},
        },
    },
    "upstreams": {"type": "dict"},
    "routes": {
        "type": "list",
        "elements": "dict",
        "options": {
            "recipient_domains": {"type": "list", "elements": "str"},
            "senders": {"type": "list", "elements": "str"},
            "default": {"type": "bool"},
            "upstream": {"type": "str", "required": True},
        },
    },
    "sender_policy": {
        "type": "dict",
        "options": {"domains": {"type": "list", "elements": "str", "required": True}},
    },
    "sink": {
        "type": "dict",
        "options": {"maildir": {"type": "path"}, "host": {"type": "str"}, "port": {"type": "int"}},
    },
    "test": {
        "type": "list",
        "elements": "dict",
        "options": {
            "from": {"type": "str", "required": True},
            "to": {"type": "str", "required": True},
            "confirm": {"type": "dict"},
        },
    },
}


class ActionModule(FrontDesk):
    """Turns the variables of the role weestimate_relay into a plan, or tells all that is wrong with them at once."""

    SPEC = _SPEC
    _requires_connection = False

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        misspelt = list(_misspelt(task_vars))
        if misspelt:
            raise schema.schema_invalid(misspelt, "What is declared of the relay")
        declared = Declared(arguments)
        told = [entry.as_dict() for entry in advice(arguments)]
        return {"changed": False, "plan": plan(declared), "advice": told}

    def _validated(self) -> dict[str, Any]:
        """The declaration, judged as one document: the argument spec alone would not find all faults at once."""
        document = folded(schema.coerce(self._task.args, "relay"))
        broken = rules.violations(document)
        if broken:
            raise schema.schema_invalid(broken, "What is declared of the relay")
        return document


#: What the role's variables begin with. Ansible lets a name pass that is none of them.
_PREFIX = "weestimate_relay_"
_RESEMBLANCE = 0.75


def _misspelt(names: Iterable[str]) -> Iterator[schema.Violation]:
    """Variables that nobody reads: without the sink that somebody meant, mail for a test would reach a customer."""
    for name in names:
        meant = name.removeprefix(_PREFIX)
        near = [] if meant in (name, *_SPEC) else difflib.get_close_matches(meant, _SPEC, 1, _RESEMBLANCE)
        if near:
            remedy = f"Write {_PREFIX}{near[0]}, or give a variable of your own another name."
            yield schema.Violation(name, "A name like a variable of the role is one", remedy)
