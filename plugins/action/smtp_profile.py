# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front desk of smtp_profile: find, render, parse, lay the overrides over it, check. It never touches the target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.errors import AnsibleUndefinedVariable
from ansible.plugins.loader import filter_loader, lookup_loader, test_loader
from jinja2 import TemplateSyntaxError

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import profiles, schema
from ansible_collections.weestimate.mail.plugins.plugin_utils.frontdesk import FrontDesk

_SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "dirs": {"type": "list", "elements": "path", "default": []},
    "settings": {"type": "dict"},
}

_TEMPLATE = "ansible.builtin.template"

# This file is imported once, in Ansible's parent process. What is found there, the workers inherit; otherwise each of
# them would load all of Ansible's filters and tests again, for each host and task.
lookup_loader.get(_TEMPLATE, class_only=True)
filter_loader.get("to_json")
test_loader.get("failed")


class ActionModule(FrontDesk):
    """Resolves a profile and what is laid over it to the settings that one instance shall have."""

    SPEC = _SPEC
    _requires_connection = False

    def work(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """As documented with the module."""
        if not arguments["name"] and not arguments["settings"]:
            raise MailSettingsError("profile_missing", "Neither a profile nor any setting is declared.", _DECLARE)
        file, profile = self._profile(arguments, task_vars)
        declared = {**profile["settings"], **arguments["settings"]}
        document = schema.coerce({**profile, "settings": declared}, "profile")
        schema.require(document, "profile", f"The profile {file}" if file else "The settings")
        settings = profiles.complete(document["settings"])
        advice = [entry.as_dict() for entry in schema.advice(settings)]
        return {"changed": False, "settings": settings, "file": file, "advice": advice}

    def _profile(self, arguments: dict[str, Any], variables: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """The profile's file and what it holds; without a name the settings stand alone."""
        if not arguments["name"]:
            return None, {"settings": {}}
        file = profiles.find(arguments["name"], [self._loader.path_dwim(directory) for directory in arguments["dirs"]])
        return file, profiles.parse(self._render(file, variables), file)

    def _render(self, file: str, variables: dict[str, Any]) -> Any:
        """The text of ``file`` with the host's variables filled in; raises `MailSettingsError` ``profile_invalid``.

        The template lookup does it, because it trusts a file as a template on each release of ansible-core.
        """
        lookup = lookup_loader.get(_TEMPLATE, loader=self._loader, templar=self._templar)
        try:
            return lookup.run([file], variables)[0]
        except Exception as error:  # noqa: BLE001 # a template is a program: what its filters meet comes through as it is
            message, remedy = _fault(error)
            raise MailSettingsError("profile_invalid", f"The profile {file} {message}", remedy, file=file) from None


_DECLARE = "Name a profile, or state settings by their canonical names."


def _fault(error: Exception) -> tuple[str, str]:
    """What is wrong with a template, and what to do; the template's text is not quoted."""
    chain = list(_chain(error))
    syntax = next((each for each in chain if isinstance(each, TemplateSyntaxError)), None)
    if syntax:
        return f"is not a valid template: {syntax.message}, line {syntax.lineno}.", "Correct the template."
    missing = re.findall(r"'(\w+)' is undefined", str(error))
    if missing:
        return f"needs {missing[-1]}, which is not defined for this host.", f"Define {missing[-1]} for this host."
    if isinstance(error, AnsibleUndefinedVariable):
        return "uses something that is not defined for this host.", "Define it, or correct the template."
    # The words of a filter may quote what it was given, and that may be a secret.
    return f"cannot be rendered: something in it failed with {type(chain[-1]).__name__}.", "Correct the template."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and what it was raised from, outermost first."""
    while error is not None:
        yield error
        error = error.__cause__ or getattr(error, "orig_exc", None) or error.__context__
