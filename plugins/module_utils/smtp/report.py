# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a conversation, stage by stage, in words that may be shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from .breakdown import Breakdown
from .wire import Reply

OK, FAILED, SKIPPED = "ok", "failed", "skipped"

#: Characters of one text in a report. A reply may be much longer, and nobody reads on.
_LONGEST_TEXT = 2000


@dataclass(frozen=True)
class Stage:
    """One step of the conversation: ``elapsed_ms`` to a tenth; ``detail`` is for people."""

    name: str
    status: str = SKIPPED
    elapsed_ms: float = 0.0
    reply_code: int | None = None
    enhanced_code: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Failure:
    """Why the conversation ended early.

    ``text`` holds the server's words or the client's; ``cause`` is set only where the client knows it for certain.
    """

    stage: str
    text: str
    code: int | None = None
    enhanced: str | None = None
    cause: str | None = None
    recipient: str | None = None


@dataclass(frozen=True)
class Report:
    """The whole conversation.

    ``tls`` has the keys protocol, cipher, subject, issuer, expires_at and expires_in_days; ``protocol`` and ``cipher``
    are None when the session was not established. ``peer`` is the address and port that were reached.
    """

    stages: list[Stage]
    failure: Failure | None = None
    tls: dict[str, Any] | None = None
    peer: str | None = None

    @property
    def failed_stage(self) -> str | None:
        """The name of the stage that failed, or None."""
        return self.failure.stage if self.failure else None

    def as_dict(self) -> dict[str, Any]:
        """The report in the types of JSON."""
        return {
            "stages": [asdict(stage) for stage in self.stages],
            "failed_stage": self.failed_stage,
            "failure": asdict(self.failure) if self.failure else None,
            "tls": self.tls,
            "peer": self.peer,
        }


class Note(NamedTuple):
    """What a step has to say about itself."""

    detail: str = ""
    reply: Reply | None = None


class Recorder:
    """Runs the steps of a conversation, measures them, and keeps what may be told about them.

    Every text passes ``clean`` before it is kept.
    """

    def __init__(self, names: Iterable[str], clean: Callable[[str], str]) -> None:
        self._stages = {name: Stage(name) for name in names}
        self._clean = clean
        self.failure: Failure | None = None

    @property
    def stages(self) -> list[Stage]:
        """All stages, in their order, whether they were reached or not."""
        return list(self._stages.values())

    def skip(self, name: str, why: str) -> None:
        """Leave a stage out for a reason."""
        self._stages[name] = Stage(name, detail=why)

    def run(self, name: str, step: Callable[[], Note]) -> None:
        """Do one step. A stage that is run again (EHLO, after STARTTLS) keeps the time of both.

        :raises Breakdown: whatever ended the step; it is recorded.
        """
        started = time.monotonic()
        try:
            note = step()
        except Breakdown as breakdown:
            self._keep(name, FAILED, started, Note(breakdown.detail, breakdown.reply))
            self.failure = self._failure(name, breakdown)
            raise
        self._keep(name, OK, started, note)

    def _keep(self, name: str, status: str, started: float, note: Note) -> None:
        elapsed = self._stages[name].elapsed_ms + (time.monotonic() - started) * 1000
        reply = note.reply
        self._stages[name] = Stage(
            name,
            status,
            round(elapsed, 1),
            reply.code if reply else None,
            reply.enhanced if reply else None,
            self._readable(note.detail),
        )

    def _failure(self, name: str, breakdown: Breakdown) -> Failure:
        reply = breakdown.reply
        return Failure(
            name,
            self._readable(breakdown.text),
            reply.code if reply else None,
            reply.enhanced if reply else None,
            breakdown.cause,
            breakdown.recipient,
        )

    def _readable(self, text: str) -> str:
        return self._clean(text)[:_LONGEST_TEXT]
