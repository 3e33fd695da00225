# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is noted of a test of mail, so that it can be told and judged later, by whoever examines the fleet.

It holds no secret: whatever a server or a client says is scrubbed when the test is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .errors import MailSettingsError
from .notes import TEST, Note
from .smtp.message import KINDS
from .smtp.report import FAILED, OK, SKIPPED


def _is_time(value: Any) -> bool:
    """Whether a value is a time in ISO 8601, with its offset from UTC."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_NONE, _NUMBER = type(None), (float, int)
_PERHAPS_TEXT, _PERHAPS_CODE = (str, _NONE), (int, _NONE)

#: What is told of a stage.
STAGE = {
    "name": str,
    "status": (OK, FAILED, SKIPPED),
    "elapsed_ms": _NUMBER,
    "reply_code": _PERHAPS_CODE,
    "enhanced_code": _PERHAPS_TEXT,
}
_FAILURE = {
    "stage": str,
    "text": str,
    "code": _PERHAPS_CODE,
    "enhanced": _PERHAPS_TEXT,
    "cause": _PERHAPS_TEXT,
}
_DELIVERY = {"folder": str, "junk": bool, "seconds": _NUMBER}

#: What a record consists of, and of which types: a tuple holds alternatives, a list stands for any number of the same.
#: ``began_at`` is when the test began, which tells nothing of settings that were changed since.
_CONTENT: Mapping[str, Any] = {
    "began_at": _is_time,
    "ok": bool,
    "failed_stage": _PERHAPS_TEXT,
    "failure": (_FAILURE, _NONE),
    "stages": [STAGE],
    "route": {"address": str, "port": int, "mode": str},
    "certificate_expires_at": (_is_time, _NONE),
    "delivery": (_DELIVERY, _NONE),
}


def content_of(trial: Mapping[str, Any], began_at: datetime) -> dict[str, Any]:
    """What to note of a trial, as `trial.send` returns it."""
    return {
        "began_at": began_at.isoformat(timespec="seconds"),
        "ok": trial["failed_stage"] is None,
        "failed_stage": trial["failed_stage"],
        "failure": _reduced(trial["failure"], _FAILURE),
        "stages": [_reduced(stage, STAGE) for stage in trial["stages"]],
        "route": _reduced(trial["route"], _CONTENT["route"]),
        "certificate_expires_at": (trial["tls"] or {}).get("expires_at"),
        "delivery": _reduced(trial["delivery"], _DELIVERY),
    }


def kind_of(note: Note) -> str:
    """Which kind of mail a note on a test is about. Raises ``journal_unavailable`` for what was not noted here."""
    kind = note.topic.removeprefix(TEST)
    if kind not in KINDS or not _fits(note.content, _CONTENT):
        raise MailSettingsError(
            "journal_unavailable",
            f"The note '{note.topic}' on a test does not read as it was written.",
            "Somebody has edited it: delete that row. The next test writes it anew.",
        )
    return kind


def _reduced(whole: Mapping[str, Any] | None, to: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: whole[name] for name in to} if whole else None


def _fits(value: Any, shape: Any) -> bool:
    """Whether a value of JSON has a shape; a later release may have noted more than this one knows."""
    if isinstance(shape, Mapping):
        return isinstance(value, Mapping) and all(_fits(value.get(name), shape[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(_fits(each, shape[0]) for each in value)
    if isinstance(shape, tuple):
        return any(_fits(value, each) for each in shape)
    if isinstance(shape, type):
        # A boolean is an int in Python, and a number in no record.
        return isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    if isinstance(shape, Callable):
        return shape(value)
    return value == shape
