# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges documents by the JSON Schemas of ``schemas/`` and says what is wrong in an administrator's words.

The rules are data: each carries its ``title``, an ``x-remedy``, and in the advice an ``x-reason`` and an ``x-advice``.
This file only runs the validators and looks up which rule an error belongs to. Validators are
built when it is imported, once in Ansible's parent process; forked workers inherit them.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS
from ansible_collections.weestimate.mail.plugins.plugin_utils.coercion import coerced, plain, shape_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.facts import with_facts, with_folded_settings

try:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError
    from referencing import Registry
except ImportError as error:
    _MISSING: ImportError | None = error
else:
    _MISSING = None

__all__ = [
    "UNKNOWN_NAME",
    "Violation",
    "advice",
    "coerce",
    "plain",
    "require",
    "schema_invalid",
    "suggestion",
    "violations",
]

SCHEMA_DIRECTORY = Path(__file__).resolve().parents[2] / "schemas"

UNKNOWN_NAME = "Only documented names are used"

#: Keys whose values are never quoted: the secret options, and those of a store, a relay and a mailbox.
_SECRETS = frozenset(option.name for option in OPTIONS if option.secret) | {
    "password",
    "client_secret",
    "oauth_token",
}

_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "a mapping of names to values",
    "string": "text in quotes",
}

_QUOTE_LENGTH = 60

#: A login before a host, as in smtp://user:password@host: written where a host belongs, it is no less a secret.
_LOGIN = re.compile(r":[^/]*@")


class Violation(NamedTuple):
    """One broken rule, or one piece of advice.

    ``path`` names the option, dotted where it is nested and empty for the document itself; ``rule`` is the title in
    the schema; ``reason`` says what was found, or why an advice is given; ``advice`` is its stable identifier.
    """

    path: str
    rule: str
    remedy: str
    reason: str = ""
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.path or 'as a whole'}: {self.rule}. {self.reason} {self.remedy}".replace("  ", " ")

    def as_dict(self) -> dict[str, str]:
        """The violation as results carry it, without the parts that are empty."""
        return {name: text for name, text in self._asdict().items() if text}


def coerce(document: Any, schema_name: str) -> Any:
    """Return a copy in plain Python whose numbers and booleans have the types that the schema wants.

    Templates leave "587" and "yes" where 587 and true are meant. Text options are never converted, and neither is what
    does not read as the wanted type: validation reports it. Tagged and unsafe strings become ``str``, inline vault
    values are decrypted, and keys without a value (None) are left out, which means untouched.
    """
    return coerced(document, _judge(schema_name).shape)


def violations(document: Any, schema_name: str) -> list[Violation]:
    """Return every broken rule at once, in the order of the schema, one per path and rule; never a secret's value."""
    return _judge(schema_name).violations(document)


def advice(settings: Mapping[str, Any], changed_options: Iterable[str] = ()) -> list[Violation]:
    """Return what is allowed but unwise in the settings that would result, given which options a change writes."""
    return violations({**settings, "changed_options": list(changed_options)}, "advice")


def require(document: Any, schema_name: str, what: str) -> None:
    """Raise ``schema_invalid`` with all violations unless the document fulfils the schema; ``what`` names it."""
    broken = violations(document, schema_name)
    if broken:
        raise schema_invalid(broken, what)


def schema_invalid(broken: Iterable[Violation], what: str) -> MailSettingsError:
    """The error that lists violations, each on a line of its own and once, also where several checks found it."""
    unique = list(dict.fromkeys(broken))
    lines = "\n".join(f"- {violation}" for violation in unique)
    return MailSettingsError(
        "schema_invalid",
        f"{what} cannot be used:\n{lines}\n",
        "Correct each line above and run again.",
        violations=[violation.as_dict() for violation in unique],
    )


class _Judge:
    """One schema with all that can be worked out before a document is there."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = _inlined(schema, _REGISTRY.resolver(schema["$id"]))
        self._validator = Draft202012Validator(self._schema, format_checker=FormatChecker(["date", "ipv6"]))
        self._prepare = _PREPARATIONS.get(_name(schema), lambda document: document)
        self.shape = shape_of(self._schema)

    def violations(self, document: Any) -> list[Violation]:
        """See `violations` of the module."""
        prepared = self._prepare(document) if isinstance(document, Mapping) else document
        found = {}
        for error in self._validator.iter_errors(prepared):
            for violation in self._explain(error, prepared):
                found.setdefault((violation.path, violation.rule), violation)
        return list(found.values())

    def _explain(self, error: ValidationError, document: Any) -> Iterator[Violation]:
        """An error in an administrator's words; one that is about several names becomes one violation for each."""
        path, steps = list(error.absolute_path), list(error.absolute_schema_path)
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for name in error.instance:
                if name not in known:
                    yield Violation(_dotted([*path, name]), UNKNOWN_NAME, suggestion(name, known))
        elif error.validator == "required":
            for name in error.validator_value:
                if name not in error.instance:
                    rule = self._rule([*steps[:-1], "properties", name])
                    yield _violation([*path, name], rule, "It is missing.")
        else:
            rule = self._rule(steps)
            yield _violation(path, rule, _finding(error, path, document))

    def _rule(self, steps: Iterable[Any]) -> Mapping[str, Any]:
        """The deepest part of the schema, on the way to the failed keyword, that carries a remedy."""
        node = rule = self._schema
        for step in steps:
            if isinstance(node, Mapping) and step not in node:
                break
            node = node[step]
            rule = node if isinstance(node, Mapping) and "x-remedy" in node else rule
        return rule


def _judge(schema_name: str) -> _Judge:
    if _MISSING is not None:
        raise MailSettingsError(
            "driver_missing",
            f"The controller's Python cannot check settings: {_MISSING}.",
            "Install the Python package jsonschema (4.18 or later) where ansible-core is installed.",
        )
    return _JUDGES[schema_name]


def _violation(path: Iterable[Any], rule: Mapping[str, Any], finding: str) -> Violation:
    """A broken rule; an advice says why it is given in place of what was found."""
    reason = rule.get("x-reason", finding)
    return Violation(_dotted(path), rule["title"], rule["x-remedy"], reason, rule.get("x-advice", ""))


def _finding(error: ValidationError, path: list[Any], document: Any) -> str:
    """What was expected, for a wrong type, and what was found, unless that might show a secret."""
    wanted = error.validator_value if error.validator == "type" else []
    kinds = [wanted] if isinstance(wanted, str) else wanted
    expected = f"Expected {' or '.join(_TYPE_WORDS[kind] for kind in kinds)}" if kinds else ""
    # Text in the place of a mapping may hold any of its values, a password among them.
    found = "" if "object" in kinds else _quoted(error.instance, path, list(_secrets(document)))
    if expected:
        return f"{expected}, found {found}." if found else f"{expected}."
    return f"Found {found}." if found else ""


def _quoted(value: Any, path: list[Any], secrets: list[str]) -> str:
    """A short quotation of a scalar, or nothing where it is a secret, holds one, or stands for a whole mapping."""
    if not path or not _SECRETS.isdisjoint(path) or not isinstance(value, (str, int, float)):
        return ""
    if value == "":
        return "an empty text"
    if _LOGIN.search(str(value)) or any(secret in str(value) for secret in secrets):
        return ""
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _QUOTE_LENGTH else f"{text[: _QUOTE_LENGTH - 1]}…"


def _secrets(document: Any) -> Iterator[str]:
    """The texts of all secrets in a document: they must not be quoted elsewhere either."""
    if isinstance(document, Mapping):
        yield from (str(value) for key, value in document.items() if key in _SECRETS and value)
    for part in _children(document):
        yield from _secrets(part)


def _children(node: Any) -> Iterable[Any]:
    """What a mapping or a list holds; nothing for a scalar."""
    if isinstance(node, Mapping):
        return node.values()
    return node if isinstance(node, list) else ()


def suggestion(name: Any, known: Mapping[str, Any]) -> str:
    """What to write in place of an unknown name."""
    nearest = difflib.get_close_matches(re.sub(r"\W+", "_", str(name).lower()), known, n=1)
    return f"Did you mean {nearest[0]}?" if nearest else f"Use one of {', '.join(known)}."


def _dotted(path: Iterable[Any]) -> str:
    return ".".join(str(part) for part in path)


def _name(schema: Mapping[str, Any]) -> str:
    return schema["$id"].rpartition("/")[2].partition(".")[0]


def _inlined(node: Any, resolver: Any) -> Any:
    """The schema with each ``$ref`` replaced by its target: looking them up takes half of the time of a validation."""
    if isinstance(node, list):
        return [_inlined(part, resolver) for part in node]
    if not isinstance(node, Mapping):
        return node
    own = {key: _inlined(part, resolver) for key, part in node.items() if key not in ("$defs", "$id", "$ref")}
    if "$ref" not in node:
        return own
    found = resolver.lookup(node["$ref"])
    target = _inlined(found.contents, found.resolver)
    return {**own, "allOf": [*own.get("allOf", ()), target]} if own else target


#: How a document is made ready for the rules of a schema.
_PREPARATIONS = {"result": with_facts, "advice": with_facts, "profile": with_folded_settings}

if _MISSING is None:
    _CONTENTS = [json.loads(file.read_bytes()) for file in sorted(SCHEMA_DIRECTORY.glob("*.schema.json"))]
    _REGISTRY = Registry().with_contents((schema["$id"], schema) for schema in _CONTENTS).crawl()
    _JUDGES = {_name(schema): _Judge(schema) for schema in _CONTENTS}
