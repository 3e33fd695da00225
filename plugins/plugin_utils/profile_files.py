# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges the files of profiles before anybody runs Ansible: the pre-commit hook ``weestimate-mail-profiles``.

A file without template code is judged as it is before a change. Of a template only as much is judged as holds whatever
the variables of a host are: the syntax of Jinja, the shape of the YAML, the names of the options, and each value that
is written out. So a finding is always a fault; a file without findings may still be refused for a host, which the
playbook ``weestimate.mail.validate`` tells.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.plugin_utils import profiles, schema

#: Stands for what only the variables of a host tell: a private character of Unicode, which YAML takes as text.
UNKNOWN = "\ue000"

#: Lines of which nothing is known may hold any number of keys, and are taken as empty.
_UNKNOWN_LINE = re.compile(rf"^[ \t{UNKNOWN}]*{UNKNOWN}[ \t{UNKNOWN}]*$", re.MULTILINE)

#: A first line with which a template changes how Ansible reads it, and so what its lines are.
_OWN_RULES = "#jinja2:"

# Ansible renders with trim_blocks as well; the extensions are part of the newest releases of ansible-core only.
_JINJA = Environment(  # noqa: S701 # nothing is rendered
    trim_blocks=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def main(files: Sequence[str] | None = None) -> int:
    """Judge the files named on the command line, print what is wrong, and return the exit status: 1 for any fault."""
    faults = [fault for name in (sys.argv[1:] if files is None else files) for fault in judge(Path(name))]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


def judge(file: Path) -> list[str]:
    """Each fault of a profile's file once, as a line for its author; no line quotes the file or a secret."""
    try:
        return list(dict.fromkeys(_faults(file.read_text(encoding="utf-8"), str(file))))
    except UnicodeDecodeError:
        return [f"{file}: It is not UTF-8. Save it in this encoding."]
    except TemplateSyntaxError as error:
        return [f"{file}: It is not a valid template: {error.message}, line {error.lineno}. Correct the template."]
    except MailSettingsError as error:
        return [f"{error.message} {error.remedy}"]


def _faults(text: str, file: str) -> Iterator[str]:
    if text.startswith(_OWN_RULES):
        return
    template = _JINJA.parse(text)
    # Branches of different conditions may exclude each other, so values of a branching template are judged one by one.
    branching = template.find(_BRANCHING) is not None
    for outcome in _outcomes(template.body):
        document = _known(outcome, file, branching)
        for settings in _one_by_one(document["settings"]) if branching else [document["settings"]]:
            part = schema.coerce({**document, "settings": settings}, "profile")
            yield from (f"{file}: {violation}" for violation in schema.violations(part, "profile"))


def _one_by_one(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: value} for name, value in settings.items()] or [{}]


def _known(outcome: str, file: str, partial: bool) -> dict[str, Any]:
    """The document of one outcome, without what is unknown; raises `MailSettingsError` for what is no profile.

    A ``partial`` outcome, like one with unknown lines, may lack what another one has.
    """
    told, omissions = _UNKNOWN_LINE.subn("", outcome)
    document, partial = profiles.load(told, file), partial or omissions > 0
    if _open(document) or (partial and document is None):
        return {"settings": {}}
    if isinstance(document, dict) and (_open(document.get("settings")) or (partial and not document.get("settings"))):
        document = {**document, "settings": {}}
    return _without_unknown(profiles.shaped(document, file))


def _without_unknown(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: _without_unknown(item) for key, item in value.items() if not _open(key) and not _open(item)}


def _open(value: Any) -> bool:
    return isinstance(value, str) and UNKNOWN in value


def _outcomes(body: Iterable[nodes.Node]) -> list[str]:
    """Texts that nodes in a row can come out as: as few as it takes for each branch to be in one of them."""
    each = [_OUTCOMES.get(type(node), _unknown)(node) for node in body]
    most = max(map(len, each), default=1)
    return ["".join(texts[number % len(texts)] for texts in each) for number in range(most)]


def _of_branches(*bodies: Iterable[nodes.Node]) -> list[str]:
    """The outcomes of nodes of which only one row is taken."""
    return [text for body in bodies for text in _outcomes(body)]


def _unknown(_node: nodes.Node) -> list[str]:
    return [UNKNOWN]


def _nothing(_node: nodes.Node) -> list[str]:
    return [""]


#: What each kind of node can come out as; of those that are not named nothing is known.
_OUTCOMES: Mapping[type[nodes.Node], Callable[[Any], list[str]]] = {
    nodes.TemplateData: lambda node: [node.data],
    nodes.Output: lambda node: _outcomes(node.nodes),
    nodes.If: lambda node: _of_branches(node.body, *(other.body for other in node.elif_), node.else_),
    nodes.For: lambda node: _of_branches(node.body, node.else_),
    nodes.With: lambda node: _outcomes(node.body),
    nodes.Scope: lambda node: _outcomes(node.body),
    nodes.Assign: _nothing,
    nodes.AssignBlock: _nothing,
    nodes.ExprStmt: _nothing,
    nodes.FromImport: _nothing,
    nodes.Import: _nothing,
    nodes.Macro: _nothing,
}

_BRANCHING = (nodes.If, nodes.For)
