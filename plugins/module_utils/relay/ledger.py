# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the relay's host knows of its configuration between two runs: a folder that belongs to root, mode 0700.

- ``lock``: held while a run works; the kernel lets go of it when the run ends, however it ends.
- ``switch.json``: which files are managed, and the switch that is under way.
- ``proven.json``: the configuration that was last proven, contents included; mode 0600.
- ``candidate``: a configuration that is being checked, each file below its own path.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import MailSettingsError
from .files import File, sync_folder

_PAUSE = 0.1


@dataclass(frozen=True)
class Journal:
    """A switch that was begun.

    ``existed`` names its files, and whether there was one before; a settled one only has remains to be removed.
    """

    existed: Mapping[str, bool]
    settled: bool = False


@dataclass
class Ledger:
    """The folder, as one run sees it; ``managed`` tells of each managed path whether its content is a secret."""

    folder: Path
    managed: dict[str, bool] = field(default_factory=dict)
    journal: Journal | None = None

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, timeout: float, *, check_mode: bool) -> Iterator[Ledger]:
        """The folder, locked; check mode makes none where there is none. Raises ``lock_timeout``."""
        if check_mode and not folder.is_dir():
            yield cls(folder)
            return
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as lock:
            _lock(lock.fileno(), timeout)
            yield cls(folder, **_loaded(_read_json(folder / "switch.json")))

    def begin(self, existed: Mapping[str, bool]) -> None:
        """Note that a switch is under way, before it touches anything."""
        self.journal = Journal(dict(existed))
        self._save()

    def settle(self, managed: Mapping[str, bool]) -> None:
        """Note that the switch succeeded, and what is managed since."""
        self.managed = dict(managed)
        if self.journal:
            self.journal = Journal(self.journal.existed, settled=True)
        self._save()

    def close(self) -> None:
        """Note that nothing is under way any more."""
        self.journal = None
        self._save()

    @property
    def proven(self) -> dict[str, File] | None:
        """The files that were last proven, by path; None if none ever were."""
        held = _read_json(self.folder / "proven.json")
        if held is None:
            return None
        return {path: File(**{**file, "content": base64.b64decode(file["content"])}) for path, file in held.items()}

    def prove(self, files: Mapping[str, File]) -> None:
        """Remember files as proven, in place of those before."""
        held = {path: {**asdict(file), "content": _text(file.content)} for path, file in files.items()}
        _write_json(self.folder / "proven.json", held)

    def _save(self) -> None:
        journal = asdict(self.journal) if self.journal else None
        _write_json(self.folder / "switch.json", {"managed": self.managed, "journal": journal})

    @contextmanager
    def candidate(self) -> Iterator[Path]:
        """A new folder for a configuration to be checked; it is removed again with all that is in it."""
        folder = self.folder / "candidate"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(0o700, parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _lock(lock: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        with suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.monotonic() >= deadline:
            raise MailSettingsError(
                "lock_timeout",
                f"Another run has been changing this relay for {timeout} seconds. Nothing was changed.",
                "Wait until it has ended, and run again.",
            )
        time.sleep(_PAUSE)


def _loaded(held: Mapping[str, Any] | None) -> dict[str, Any]:
    if held is None:
        return {}
    return {"managed": held["managed"], "journal": Journal(**held["journal"]) if held["journal"] else None}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _read_json(path: Path) -> Any:
    try:
        with path.open(encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def _write_json(path: Path, held: Any) -> None:
    """Replace a file as a whole; on disk when this returns."""
    new = path.with_suffix(".new")
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
