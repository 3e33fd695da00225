# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The difference between two configurations, as Ansible shows it with ``--diff``."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from typing import Any

from ..redaction import CHANGED, SET
from .files import Entry, File


def differences(
    before: Mapping[str, Entry], after: Mapping[str, File | None], secret: Mapping[str, bool]
) -> list[dict[str, Any]]:
    """For each path in ``after`` what becomes of it; where a content is secret, only that it changes."""
    found = []
    for path, file in sorted(after.items()):
        there = before[path]
        hidden = secret.get(path, False) or is_private(there) or is_private(file)
        old, new = _contents(there, file, hidden=hidden)
        if old != new:
            found.append(_difference(path, old, new))
        if there is not None and file is not None and _attributes(there) != _attributes(file):
            found.append(_difference(path, _attributes(there), _attributes(file)))
    return found


def is_private(entry: Entry) -> bool:
    """What others may not read on the host is shown to nobody else either."""
    return isinstance(entry, File) and not entry.mode & stat.S_IROTH


def _contents(there: Entry, file: File | None, *, hidden: bool) -> tuple[str, str]:
    old, new = (entry.content if isinstance(entry, File) else None for entry in (there, file))
    if not hidden:
        return _text(old), _text(new)
    if old is not None and new is not None:
        return f"{SET}\n", f"{SET if old == new else CHANGED}\n"
    return (f"{SET}\n" if old is not None else ""), (f"{SET}\n" if new is not None else "")


def _text(content: bytes | None) -> str:
    return "" if content is None else content.decode("utf-8", "replace")


def _attributes(entry: Entry) -> dict[str, Any]:
    if not isinstance(entry, File):
        return {"kind": "not a regular file"}
    return {"mode": f"{entry.mode:04o}", "uid": entry.uid, "gid": entry.gid}


def _difference(path: str, before: Any, after: Any) -> dict[str, Any]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}
