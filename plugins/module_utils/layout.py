# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the options lie in WeEstimate's ``programOption`` table, and how their values are written there.

The vendor documents the table and the group ``SMTP`` ("WeEstimate Email Settings"), not the columns, the keys or the
words for booleans. Those are therefore data that the user can state, and the default below is an assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .encoder import Encoding
from .errors import MailSettingsError
from .options import BY_NAME, OPTIONS, Option
from .redaction import looks_secret

#: Words that read as a boolean whatever word is written, compared without case.
_TRUE_WORDS = frozenset({"true", "1", "yes"})
_FALSE_WORDS = frozenset({"false", "0", "no"})

_DISCOVER = "Run weestimate.mail.smtp_settings_info with discover=true and state the layout that it suggests."


class Row(NamedTuple):
    """One row of the options' group: its key as spelled in the table, and its value as the driver returned it."""

    key: str
    value: Any

    def __repr__(self) -> str:
        """Without the value, which may be the password."""
        return f"Row(key={self.key!r})"


@dataclass(frozen=True)
class Layout:
    """Where the options are: ``schema`` is None on engines without schemas and means the engine's default."""

    schema: str | None = None
    table: str = "programOption"
    group_column: str = "optionGroup"
    key_column: str = "optionName"
    value_column: str = "optionValue"
    group: str = "SMTP"
    keys: Mapping[str, str] = field(default_factory=lambda: {option.name: option.label for option in OPTIONS})
    true_word: str = "TRUE"
    false_word: str = "FALSE"
    password: Encoding = field(default_factory=Encoding)

    def __post_init__(self) -> None:
        """Refuse a layout in which one text would have two meanings, or a secret would be shown: ``schema_invalid``."""
        _require_distinct("keys", map(_folded, self.keys.values()))
        # A blank has its meaning already: it reads as no value at all.
        _require_distinct("booleans", (_word(self.true_word), _word(self.false_word), ""))
        _require_no_secret_shown(self.keys)

    @classmethod
    def from_arguments(cls, given: Mapping[str, Any] | None, default_schema: str | None = None) -> Layout:
        """The default layout with the user's statements laid over it; the engine has its say on the schema."""
        given = given or {}
        table, columns = given.get("table") or {}, given.get("columns") or {}
        booleans = given.get("booleans") or {}
        stated = {
            "schema": table.get("schema") or default_schema,
            "table": table.get("name"),
            "group_column": columns.get("group"),
            "key_column": columns.get("key"),
            "value_column": columns.get("value"),
            "group": given.get("group"),
            "true_word": booleans.get("true"),
            "false_word": booleans.get("false"),
            "password": Encoding.from_arguments(given.get("password")),
        }
        default = cls()
        keys = {**default.keys, **{name: key for name, key in (given.get("keys") or {}).items() if key is not None}}
        return cls(keys=keys, **{name: value for name, value in stated.items() if value is not None})

    def as_arguments(self) -> dict[str, Any]:
        """The layout as a user states it; how a password is written only where that is not as it is."""
        table = {"name": self.table} if self.schema is None else {"schema": self.schema, "name": self.table}
        return {
            "table": table,
            "columns": {"group": self.group_column, "key": self.key_column, "value": self.value_column},
            "group": self.group,
            "keys": dict(self.keys),
            "booleans": {"true": self.true_word, "false": self.false_word},
            **({} if self.password.is_plain else {"password": self.password.as_arguments()}),
        }

    def locate(self, rows: Iterable[Row]) -> dict[str, Row]:
        """Assign the group's rows to the options; rows of other options are left alone.

        Keys compare without case and trailing blanks, as SQL Server's usual collations do.
        Raises ``option_duplicate`` when an option has more than one row.
        """
        by_key: dict[str, list[Row]] = {}
        for row in rows:
            by_key.setdefault(_folded(row.key), []).append(row)
        located = {}
        for name, key in self.keys.items():
            candidates = by_key.get(_folded(key), [])
            if len(candidates) > 1:
                raise MailSettingsError(
                    "option_duplicate",
                    f"The group '{self.group}' of {self.table} has {len(candidates)} rows for {name} ('{key}').",
                    "Remove the surplus rows in WeEstimate's database; which one counts cannot be told from here.",
                    option=name,
                )
            if candidates:
                located[name] = candidates[0]
        return located

    def missing(self, names: Iterable[str], found: Iterable[Row]) -> MailSettingsError:
        """The error for options without a row; it names what is there instead."""
        names, found = sorted(names), list(found)
        wanted = ", ".join(f"{name} ('{self.keys[name]}')" for name in names)
        present = ", ".join(sorted(f"'{row.key}'" for row in found)) or "no row at all"
        if found and not self.locate(found):
            # Perhaps layout.columns are stated the wrong way round, and what look like keys are the values.
            present = f"{len(found)} rows, none of them with the key of an option"
        return MailSettingsError(
            "option_missing",
            f"The group '{self.group}' of {self.table} has no row for {wanted}; it has {present}.",
            f"{_DISCOVER} Or pass create_missing=true if this WeEstimate is known to read options by these keys.",
            options=names,
        )

    def encode(self, option: Option, value: Any) -> str:
        """The text that is stored for a canonical value; of a password, what `Encoding.to_store` has made of it."""
        if option.type == "bool":
            return self.true_word if value else self.false_word
        return str(value)

    def decode(self, option: Option, stored: Any) -> Any:
        """The canonical value of what is stored: an SQL NULL or blank reads as `Option.blank`.

        Raises ``option_undecodable``; the message never quotes a secret.
        """
        try:
            text = "" if stored is None else _text(stored)
            if not text.strip():
                return option.blank if option.type != "str" else text
            return {"bool": self._boolean, "int": _port_like, "str": str}[option.type](text)
        except ValueError:
            # A key that sounds like a password's may have been stated for another option by mistake.
            hidden = option.secret or looks_secret(self.keys[option.name])
            shown = "a value" if hidden else f"{stored!r:.40}"
            raise MailSettingsError(
                "option_undecodable",
                f"{option.name} ('{self.keys[option.name]}') holds {shown}, which is no {_EXPECTED[option.type]}.",
                f"Correct the value in WeEstimate, or state layout.booleans and layout.keys as they are. {_DISCOVER}",
                option=option.name,
            ) from None

    def _boolean(self, text: str) -> bool:
        word = _word(text)
        # The stated words win: a layout may give '0' the meaning of true.
        if word == _word(self.true_word):
            return True
        if word == _word(self.false_word):
            return False
        if word in _TRUE_WORDS or word in _FALSE_WORDS:
            return word in _TRUE_WORDS
        raise ValueError(word)


def _require_distinct(part: str, texts: Iterable[str]) -> None:
    texts = list(texts)
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise _invalid(f"layout.{part}", f"'{twice[0]}' has one meaning", "State each text once, case aside.")


def _require_no_secret_shown(keys: Mapping[str, str]) -> None:
    """A password under the key of an option that is text like any other would be shown and journalled."""
    for option in OPTIONS:
        if option.type == "str" and not option.secret and looks_secret(keys.get(option.name, "")):
            rule = f"'{keys[option.name]}' is not the key of a password"
            raise _invalid(f"layout.keys.{option.name}", rule, "State the key under which this option is stored.")


def _invalid(path: str, rule: str, remedy: str) -> MailSettingsError:
    violations = [{"path": path, "rule": rule, "remedy": remedy}]
    return MailSettingsError("schema_invalid", f"{path} breaks a rule: {rule}.", remedy, violations=violations)


_EXPECTED = {"bool": "boolean word", "int": "whole number", "str": "text"}


def decode_all(layout: Layout, located: Mapping[str, Row]) -> dict[str, Any]:
    """The canonical values of all options that have a row."""
    return {name: layout.decode(BY_NAME[name], row.value) for name, row in located.items()}


def _folded(key: str) -> str:
    return str(key).rstrip().casefold()


def _word(text: str) -> str:
    return text.strip().casefold()


def _text(stored: Any) -> str:
    """A stored scalar as text. SQLite returns what was inserted, so a boolean option may come as the integer 1."""
    if isinstance(stored, (bytes, bytearray, memoryview)):
        raise ValueError("binary")
    return str(stored)


def _port_like(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit():
        raise ValueError(text)
    return int(text)
