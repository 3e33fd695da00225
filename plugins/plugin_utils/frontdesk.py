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
            # What was not given is not sent: a null, or an empty dictionary, is as good as given to a module.
            module_args={name: value for name, value in schema.plain(arguments).items() if value != {}},
            task_vars={**task_vars, **_WITHOUT_SYSTEM_LOG},
        )

    def _validated(self) -> dict[str, Any]:
        """The arguments, complete with their defaults; raises ``schema_invalid`` with all violations at once."""
        given = schema.plain(self._task.args)
        if given.get("journal") == "none":
            given["journal"] = {"enabled": False}
        documents = {name: schema.coerce(given.pop(name), name) for name in _BY_SCHEMA if name in given}
        spec = {name: rule for name, rule in self.SPEC.items() if name not in _BY_SCHEMA}
        broken = list(faults(spec, given, self.SPEC))
        for name in _BY_SCHEMA:
            if self.SPEC.get(name, {}).get("required"):
                documents.setdefault(name, {})
        for name, document in documents.items():
            broken += [v._replace(path=f"{name}.{v.path}".rstrip(".")) for v in schema.violations(document, name)]
        if broken:
            raise schema.schema_invalid(broken, "The arguments")
        absent = {name: {} for name in _BY_SCHEMA if name in self.SPEC}
        return {**ArgumentSpecValidator(spec).validate(given).validated_parameters, **absent, **documents}


#: A module writes its arguments to the target's system log. Of a secret inside a dictionary Ansible blanks the plain
#: form there, not the escaped one. This is the variable of the configuration setting DEFAULT_NO_TARGET_SYSLOG.
_WITHOUT_SYSTEM_LOG = {"ansible_no_target_syslog": True}

_EXPECTED = {
    "bool": "true or false",
    "dict": "a mapping of names to values",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "text",
}

#: The least value of a number; 0 for those that are not named.
_LEAST = {"timeout": 1, "interval": 1, "port": 1, "minutes": 1}


def faults(
    spec: Mapping[str, Any], given: Mapping[str, Any], known: Mapping[str, Any], path: str = ""
) -> Iterator[schema.Violation]:
    """What does not fit, in words of our own: Ansible's quote what was given, which may be a secret."""
    for name in sorted(given.keys() - known.keys()):
        yield schema.Violation(f"{path}{name}", schema.UNKNOWN_NAME, schema.suggestion(name, known))
    for name, rule in spec.items():
        place, value = f"{path}{name}", given.get(name)
        if value is None:
            if rule.get("required"):
                yield schema.Violation(place, "What is required is given", f"Set {place}.", "It is missing.")
        elif not _fits(rule, value):
            expected = f"one of {', '.join(rule['choices'])}" if "choices" in rule else _EXPECTED[rule["type"]]
            yield schema.Violation(place, "An argument has the documented type", f"Set {place} to {expected}.")
        elif rule["type"] == "int" and int(value) < _LEAST.get(name, 0):
            least = _LEAST.get(name, 0)
            yield schema.Violation(place, "A number lies within its range", f"Set {place} to {least} or more.")
        elif "options" in rule:
            for below, document in _documents(value, place):
                yield from _document_faults(rule, document, below)


def _documents(value: Any, place: str) -> list[tuple[str, Any]]:
    """What has suboptions: the value itself, or each item of a list; with its place."""
    if isinstance(value, list):
        return [(f"{place}[{number}]", item) for number, item in enumerate(value)]
    return [(place, value)]


def _document_faults(rule: Mapping[str, Any], document: Any, place: str) -> Iterator[schema.Violation]:
    if not isinstance(document, Mapping):
        remedy = f"Set {place} to {_EXPECTED['dict']}."
        yield schema.Violation(place, "An argument has the documented type", remedy)
        return
    yield from faults(rule["options"], document, rule["options"], f"{place}.")
    yield from _group_faults(rule, document, place)


def _fits(rule: Mapping[str, Any], value: Any) -> bool:
    if rule["type"] == "dict":
        return isinstance(value, Mapping)
    alone = {key: rule[key] for key in ("type", "elements", "choices") if key in rule}
    return not ArgumentSpecValidator({"it": alone}).validate({"it": value}).error_messages


def _group_faults(rule: Mapping[str, Any], value: Mapping[str, Any], place: str) -> Iterator[schema.Violation]:
    """The suboptions that need, or exclude, each other."""
    given = {name for name in value if value[name] is not None}
    for names in rule.get("required_one_of", ()):
        if not given.intersection(names):
            yield schema.Violation(place, "One of several ways is chosen", f"Set {' or '.join(names)} in {place}.")
    for names in rule.get("mutually_exclusive", ()):
        if len(given.intersection(names)) > 1:
            yield schema.Violation(place, "One of several ways is chosen", f"Set only one of {', '.join(names)}.")
    for names in rule.get("required_together", ()):
        if given.intersection(names) not in (set(), set(names)):
            yield schema.Violation(place, "What belongs together is given", f"Set {' and '.join(names)}, or neither.")


def author() -> str:
    """Who runs the controller: what the journal notes where the user does not say it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container may run under a number that no account has; OSError since Python 3.13.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
