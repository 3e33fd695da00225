# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges documents by the JSON Schemas of ``schemas/`` and says what is wrong in an administrator's words.

The rules are data: each carries its ``title``, an ``x-remedy``, and in the advice an ``x-reason`` and an ``x-advice``.
This file only prepares documents, runs the validators and looks up which rule an error belongs to. Validators are
built when it is imported, once in Ansible's parent process; forked workers inherit them.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.options import OPTIONS

try:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError
    from referencing import Registry
except ImportError as error:
    _MISSING: ImportError | None = error
else:
    _MISSING = None

SCHEMA_DIRECTORY = Path(__file__).resolve().parents[2] / "schemas"

UNKNOWN_NAME = "Only documented names are used"

#: Keys whose values are never quoted: the secret options, and the password of a store.
_SECRETS = frozenset(option.name for option in OPTIONS if option.secret) | {"password"}

_TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "object": "a mapping of names to values",
    "string": "text in quotes",
}

_QUOTE_LENGTH = 60
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")


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
    return _coerced(document, _judge(schema_name).shape)


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
    """One schema with all that can be worked out before a document is there.

    ``shape`` maps the schema's properties to "integer", "boolean" or, for the properties below, another shape.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = _inlined(schema, _REGISTRY.resolver(schema["$id"]))
        self._validator = Draft202012Validator(self._schema, format_checker=FormatChecker(["ipv6"]))
        self._prepare = _PREPARATIONS.get(_name(schema), lambda document: document)
        self.shape = _shape(self._schema)

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
                    yield Violation(_dotted([*path, name]), UNKNOWN_NAME, _suggestion(name, known))
        elif error.validator == "required":
            for name in error.validator_value:
                if name not in error.instance:
                    rule = self._rule([*steps[:-1], "properties", name])
                    yield Violation(_dotted([*path, name]), rule["title"], rule["x-remedy"], "It is missing.")
        else:
            rule = self._rule(steps)
            reason = rule.get("x-reason") or _finding(error, path, document)
            yield Violation(_dotted(path), rule["title"], rule["x-remedy"], reason, rule.get("x-advice", ""))

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


def _coerced(value: Any, shape: Any) -> Any:
    """See `coerce`; ``shape`` is what the schema wants here: a type word, a mapping for what is below, or nothing."""
    if isinstance(value, Mapping):
        below = shape if isinstance(shape, Mapping) else {}
        pairs = ((_plain_key(key), item) for key, item in value.items() if item is not None)
        return {key: _coerced(item, below.get(key)) for key, item in pairs}
    if isinstance(value, (list, tuple)):
        return [_coerced(item, None) for item in value]
    return _typed(plain(value), shape)


def plain(value: Any) -> Any:
    """A scalar as Python's own type; whatever else has a text, an inline vault value for one, becomes that text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def _plain_key(key: Any) -> str:
    """YAML reads an unquoted ``true:`` as a boolean, where the word is meant."""
    return str(key).lower() if isinstance(key, bool) else str.__str__(str(key))


def _typed(value: Any, wanted: Any) -> Any:
    """The value as the wanted type if it reads as one, else unchanged."""
    if wanted == "integer" and isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if wanted == "boolean" and isinstance(value, (str, int)):
        try:
            return boolean(value)
        except TypeError:
            return value
    return value


def _finding(error: ValidationError, path: list[Any], document: Any) -> str:
    """What was expected, for a wrong type, and what was found, unless that might show a secret."""
    expected = ""
    if error.validator == "type":
        kinds = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        expected = f"Expected {' or '.join(_TYPE_WORDS[kind] for kind in kinds)}"
    quoted = _quoted(error.instance, path, list(_secrets(document)))
    if quoted:
        return f"{expected}, found {quoted}." if expected else f"Found {quoted}."
    return f"{expected}." if expected else ""


def _quoted(value: Any, path: list[Any], secrets: list[str]) -> str:
    """A short quotation of a scalar, or nothing where it is a secret, holds one, or stands for a whole mapping."""
    if not path or not _SECRETS.isdisjoint(path) or not isinstance(value, (str, int, float)):
        return ""
    if value == "":
        return "an empty text"
    if any(secret in str(value) for secret in secrets):
        return ""
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _QUOTE_LENGTH else f"{text[: _QUOTE_LENGTH - 1]}…"


def _secrets(document: Any) -> Iterator[str]:
    """The texts of all secrets in a document: they must not be quoted elsewhere either."""
    for key, value in document.items() if isinstance(document, Mapping) else ():
        if key in _SECRETS and value:
            yield str(value)
        yield from _secrets(value)


def _suggestion(name: Any, known: Mapping[str, Any]) -> str:
    nearest = difflib.get_close_matches(re.sub(r"\W+", "_", str(name).lower()), known, n=1)
    return f"Did you mean {nearest[0]}?" if nearest else f"Use one of {', '.join(known)}."


def _dotted(path: Iterable[Any]) -> str:
    return ".".join(str(part) for part in path)


def _name(schema: Mapping[str, Any]) -> str:
    return schema["$id"].rpartition("/")[2].partition(".")[0]


def _shape(schema: Mapping[str, Any]) -> Any:
    """Collect the wanted types of a schema's properties, also from the parts that it combines."""
    shape: Any = schema.get("type") if schema.get("type") in ("boolean", "integer") else {}
    for part in (*schema.get("allOf", ()), *(schema[word] for word in ("then", "else") if word in schema)):
        shape = _merged(shape, _shape(part))
    return _merged(shape, {name: _shape(part) for name, part in schema.get("properties", {}).items() if part is not True})


def _merged(one: Any, other: Any) -> Any:
    """Two shapes of one place: a type word wins, mappings are merged."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other if isinstance(one, Mapping) else one
    return {**one, **{name: _merged(one.get(name, {}), shape) for name, shape in other.items()}}


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


# -- what rules see ----------------------------------------------------------------------------------------------------


def _folded(settings: Any) -> Any:
    """Host names compare without case and without the root's dot, so rules see them in one form."""
    if not isinstance(settings, Mapping) or not isinstance(settings.get("smtp_address"), str):
        return settings
    return {**settings, "smtp_address": settings["smtp_address"].lower().removesuffix(".")}


def _address_is_public_ip(settings: Mapping[str, Any]) -> bool | None:
    try:
        address = ipaddress.ip_address(str(settings.get("smtp_address", "")))
    except ValueError:
        return None
    return (getattr(address, "ipv4_mapped", None) or address).is_global


def _connect_as_is_user(settings: Mapping[str, Any]) -> bool | None:
    connect_as, user = settings.get("smtp_connect_as"), settings.get("smtp_user")
    return str(connect_as).casefold() == str(user).casefold() if connect_as and user else None


#: The derived facts that facts.schema.json documents; None where the settings do not tell.
FACTS = {"address_is_public_ip": _address_is_public_ip, "connect_as_is_user": _connect_as_is_user}


def _with_facts(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    folded = _folded(settings)
    facts = {name: fact(folded) for name, fact in FACTS.items()}
    return {**folded, "facts": {name: value for name, value in facts.items() if value is not None}}


def _with_folded_settings(profile: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**profile, "settings": _folded(profile["settings"])} if "settings" in profile else profile


_PREPARATIONS = {"result": _with_facts, "advice": _with_facts, "profile": _with_folded_settings}

if _MISSING is None:
    SCHEMAS = {_name(schema): schema for schema in map(json.loads, map(Path.read_bytes, SCHEMA_DIRECTORY.glob("*.json")))}
    _REGISTRY = Registry().with_contents((schema["$id"], schema) for schema in SCHEMAS.values()).crawl()
    _JUDGES = {name: _Judge(schema) for name, schema in SCHEMAS.items()}
