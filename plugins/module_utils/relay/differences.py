# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The difference between two configurations, as Ansible shows it with ``--diff``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..redaction import CHANGED, SET
from .files import Entry, File


def differences(
    before: Mapping[str, Entry], changes: Mapping[str, File | None], hidden: Collection[str]
) -> list[dict[str, Any]]:
    """What becomes of each path in ``changes``; of a hidden one, only that its content changes."""
    return [
        {"before_header": path, "after_header": path, "before": old, "after": new}
        for path in sorted(changes)
        for old, new in _sides(before[path], changes[path], path in hidden)
        if old != new
    ]


def _sides(there: Entry, file: File | None, is_hidden: bool) -> Iterator[tuple[Any, Any]]:
    old, new = (entry.content if isinstance(entry, File) else None for entry in (there, file))
    yield _masked(old, new) if is_hidden else (_text(old), _text(new))
    if there is not None and file is not None:
        yield _attributes(there), _attributes(file)


def _masked(old: bytes | None, new: bytes | None) -> tuple[str, str]:
    changed = SET if old in (None, new) else CHANGED
    return ("" if old is None else f"{SET}\n", "" if new is None else f"{changed}\n")


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")


def _attributes(entry: Entry) -> dict[str, Any]:
    if not isinstance(entry, File):
        return {"kind": "no regular file"}
    return {"mode": f"{entry.mode:04o}", "uid": entry.uid, "gid": entry.gid}
