# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at a database of unknown layout: its tables, the columns and keys, and the layout that they suggest.

Nothing is decided here: the suggestion is for a person to read. Values are shown only where they can be no secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .layout import Layout
from .options import OPTIONS
from .redaction import looks_secret, presence
from .stores.base import Store

#: Enough rows for any options table, and a bound should the guess be a large table of something else.
_SAMPLE = 5000
_TABLE_WORDS = ("option", "setting", "config", "preference")
_VALUE_WORDS = ("value", "setting", "data", "text", "content")
_BOOLEAN_PAIRS = (("true", "false"), ("1", "0"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"), ("-1", "0"))
_BOOLEAN_WORDS = frozenset(word for pair in _BOOLEAN_PAIRS for word in pair)
_HIGHEST_PORT = 65535
_SIMILAR = 0.75

_Cells = Sequence[tuple[Any, ...]]


def discover(store: Store, layout: Layout) -> dict[str, Any]:
    """The database's tables, the columns and SMTP rows of the likeliest one, and a layout in the words of a task.

    ``suggested_layout`` is None where no table, or no column that holds the group, was recognised.
    """
    tables = list(store.tables())
    schema, table = _likeliest_table(tables, layout)
    columns = store.columns(schema, table) if table else []
    found: dict[str, Any] = {
        "tables": [".".join(part for part in place if part) for place in tables],
        "table": table,
        "columns": columns,
        "rows": [],
        "suggested_layout": None,
    }
    cells = store.query(f"SELECT * FROM {store.name(schema, table)}", at_most=_SAMPLE) if columns else []
    roles = _column_roles(columns, cells, layout)
    if roles is None:
        return found
    group, key, value = (columns.index(column) for column in roles)
    grouped = [row for row in cells if _same(row[group], layout.group)]
    members = {str(row[key]): row[value] for row in grouped}
    known = _known_keys(members, layout)
    keys = {**known, **_similar_keys(members, known)}
    found["rows"] = [{"key": name, "value": _shown(name, stored, known)} for name, stored in members.items()]
    spelled = min((str(row[group]) for row in grouped), key=lambda name: name != layout.group)
    suggestion = Layout(schema, table, *roles, spelled, {**layout.keys, **keys}, *_boolean_words(members, keys, layout))
    found["suggested_layout"] = suggestion.as_arguments()
    return found


def _likeliest_table(tables: Sequence[tuple[str | None, str]], layout: Layout) -> tuple[str | None, str | None]:
    """The stated table if it is there, else the name most like it among those that sound like options."""

    def likeness(place: tuple[str | None, str]) -> tuple[bool, bool, float]:
        schema, table = place
        ratio = difflib.SequenceMatcher(None, _bare(table), _bare(layout.table)).ratio()
        return _bare(table) == _bare(layout.table), _same(schema, layout.schema), ratio

    candidates = [place for place in tables if any(word in place[1].casefold() for word in _TABLE_WORDS)]
    candidates += [place for place in tables if _same(place[1], layout.table)]
    return max(candidates, key=likeness, default=(None, None))


def _column_roles(columns: Sequence[str], cells: _Cells, layout: Layout) -> tuple[str, str, str] | None:
    """The group column holds the group's name, the key column the most known keys, the value column what is left.

    What holds switches and numbers speaks against keys: values taken for keys would be shown.
    """
    group = _fullest(columns, lambda at: sum(_same(row[at], layout.group) for row in cells))
    if group is None:
        return None
    members = [row for row in cells if _same(row[columns.index(group)], layout.group)]
    rest = [column for column in columns if column != group]

    def likeness_to_keys(at: int) -> int:
        texts = [str(row[columns.index(rest[at])]) for row in members]
        known = _known_keys(texts, layout)
        return len(known) + len(_similar_keys(texts, known)) - sum(map(_is_harmless, texts))

    key = _fullest(rest, likeness_to_keys)
    if key is None:
        return None
    rest.remove(key)
    value = _fullest(rest, lambda at: any(word in rest[at].casefold() for word in _VALUE_WORDS))
    return (group, key, value or rest[-1]) if rest else None


def _fullest(columns: Sequence[str], score: Callable[[int], int]) -> str | None:
    """The column with the highest score, or None when all score nothing."""
    scores = [score(at) for at in range(len(columns))]
    best = max(scores, default=0)
    return columns[scores.index(best)] if best > 0 else None


def _known_keys(found: Iterable[str], layout: Layout) -> dict[str, str]:
    """The keys that are an option's beyond doubt: as stated, by its label, or by its canonical name."""
    unclaimed = {_bare(key): key for key in found}
    known: dict[str, str] = {}
    for spellings in (layout.keys, {o.name: o.label for o in OPTIONS}, {o.name: o.name for o in OPTIONS}):
        for name, spelling in spellings.items():
            if name not in known and _bare(spelling) in unclaimed:
                known[name] = unclaimed.pop(_bare(spelling))
    return known


def _similar_keys(found: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Guesses for the other options: the nearest label, but no key that sounds secret for what is shown."""
    unclaimed = {_bare(key): key for key in found if key not in known.values()}
    similar = {}
    for option in OPTIONS:
        eligible = [bare for bare, key in unclaimed.items() if option.secret or not looks_secret(key)]
        near = difflib.get_close_matches(_bare(option.label), eligible, n=1, cutoff=_SIMILAR)
        if option.name not in known and near:
            similar[option.name] = unclaimed.pop(near[0])
    return similar


def _boolean_words(members: Mapping[str, Any], keys: Mapping[str, str], layout: Layout) -> tuple[str, str]:
    """The pair of words that the boolean options hold, as spelled there; the stated pair where nothing tells."""
    stored = [members[keys[o.name]] for o in OPTIONS if o.type == "bool" and o.name in keys]
    spelled = {str(word).casefold(): str(word) for word in stored if word is not None}
    for true_word, false_word in _BOOLEAN_PAIRS:
        if spelled and set(spelled) <= {true_word, false_word}:
            upper = all(word.isupper() for word in spelled.values() if word.isalpha())
            titled = all(word.istitle() for word in spelled.values() if word.isalpha())
            shape = str.upper if upper else str.title if titled else str
            return shape(true_word), shape(false_word)
    return layout.true_word, layout.false_word


def _shown(key: str, stored: Any, known: Mapping[str, str]) -> Any:
    """The value of a known option that is no secret; of anything else only what can be none: a switch or a port."""
    option = next((option for option in OPTIONS if known.get(option.name) == key), None)
    text = "" if stored is None else str(stored)
    if option is not None and not option.secret:
        return None if stored is None else text
    return text if option is None and _is_harmless(text) and not looks_secret(key) else presence(text)


def _is_harmless(text: str) -> bool:
    return text.casefold() in _BOOLEAN_WORDS or (text.isdecimal() and len(text) < 6 and int(text) <= _HIGHEST_PORT)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]", "", str(name).casefold())


def _same(left: Any, right: Any) -> bool:
    return str(left or "").strip().casefold() == str(right or "").strip().casefold()
