# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The front desk that the actions share: validate the arguments, answer in one shape, hand over to the target.

An action works in the controller process by default, because the database of an instance is reached over the network
and the inventory host is usually a Windows server. With ``run_on: target`` the module of its name does the work.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import schema

#: Arguments with a schema of their own, which reports all violations at once and knows the words for them.
_BY_SCHEMA = ("settings", "store", "layout", "journal")


class FrontDesk(ActionBase):
    """An action whose work is a function of validated arguments."""

    #: The argument spec of the module that documents the action.
    SPEC: Mapping[str, Mapping[str, Any]]

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer with the documented result, or with a failure that carries an ``error_code``."""
        result = super().run(tmp, task_vars)
        try:
            result.update(self.work(self._validated(), task_vars or {}))
        except MailSettingsError as error:
            result.update(error.result())
        return result

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """What the action does; raises `MailSettingsError`."""
        raise NotImplementedError

    def hand_over(self, module: str, arguments: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run a module of the collection on the target; its result, failed or not."""
        return self._execute_module(
            module_name=f"weestimate.mail.{module}",
            module_args={name: value for name, value in arguments.items() if value is not None},
            task_vars={**task_vars, **_WITHOUT_SYSTEM_LOG},
        )

    def _validated(self) -> dict[str, Any]:
        """The arguments, complete with their defaults; raises ``schema_invalid`` with all violations at once."""
        given = schema.plain(self._task.args)
        if given.get("journal") == "none":
            given["journal"] = {"enabled": False}
        documents = {name: schema.coerce(given.pop(name, {}), name) for name in _BY_SCHEMA if name in self.SPEC}
        broken = [
            schema.Violation(name, schema.UNKNOWN_NAME, schema.suggestion(name, self.SPEC))
            for name in sorted(given.keys() - self.SPEC.keys())
        ]
        given = {name: value for name, value in given.items() if name in self.SPEC}
        spec = {name: rule for name, rule in self.SPEC.items() if name not in documents}
        checked = ArgumentSpecValidator(spec).validate(given)
        if checked.error_messages:
            broken += _refused(spec, given)
        for name, document in documents.items():
            broken += [v._replace(path=f"{name}.{v.path}".rstrip(".")) for v in schema.violations(document, name)]
        if broken:
            raise schema.schema_invalid(broken, "The arguments")
        return {**checked.validated_parameters, **documents}


#: A module writes its arguments to the target's system log. Of a secret inside a dictionary Ansible blanks the plain
#: form there, not the escaped one. This is the variable of the configuration setting DEFAULT_NO_TARGET_SYSLOG.
_WITHOUT_SYSTEM_LOG = {"ansible_no_target_syslog": True}

_EXPECTED = {"bool": "true or false", "list": "a list", "str": "text"}


def _refused(spec: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[schema.Violation]:
    """The arguments that do not fit, in words of our own: Ansible's quote what was given, which may be a secret."""
    for name, rule in spec.items():
        own = {name: given[name]} if name in given else {}
        if ArgumentSpecValidator({name: rule}).validate(own).error_messages:
            choices = rule.get("choices")
            expected = f"one of {', '.join(choices)}" if choices else _EXPECTED.get(rule["type"], rule["type"])
            yield schema.Violation(name, "An argument has the documented type", f"Set {name} to {expected}.")


def author() -> str:
    """Who runs the controller: what the journal notes where the user does not say it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container may run under a number that no account has; OSError since Python 3.13.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
