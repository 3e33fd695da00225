# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the relay's host knows of its configuration between two runs: a folder that belongs to root, mode 0700.

- ``lock``: held while a run works; the kernel lets go of it when the run ends, however it ends.
- ``switch.json``: what is in force, and the switch that is under way.
- ``proven.json``: the configuration that was last proven, contents included; mode 0600.
- ``candidate``: a configuration that is being checked, each file below its own path.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import MailSettingsError
from .files import File, naming, sync_folder

_PAUSE = 0.1

#: Check mode on a host that has no folder yet leaves no secret on a disk, even if it is killed.
_MEMORY = "/dev/shm"  # noqa: S108 # a folder of its own for each run, for its owner only

_CANDIDATE, _UNFINISHED = "candidate", ".new"


@dataclass(frozen=True)
class Journal:
    """A switch that was begun.

    ``existed`` names its files, and whether there was one before; a settled one only has remains to be removed.
    """

    existed: Mapping[str, bool]
    settled: bool = False


@dataclass(frozen=True)
class InForce:
    """What is known of the configuration that is in force.

    ``managed`` tells of each managed path whether its content is a secret; ``settled`` are the commands that succeed
    once it is up; ``on_trial`` is what files end with until it is proven, by path; ``generation`` counts the switches.
    """

    managed: Mapping[str, bool] = field(default_factory=dict)
    settled: Sequence[Sequence[str]] = ()
    on_trial: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0


@dataclass(frozen=True)
class Proven:
    """A configuration that was proven: its files by path, the commands that succeed once it is up, its generation."""

    files: Mapping[str, File]
    settled: Sequence[Sequence[str]]
    generation: int


@dataclass
class Ledger:
    """The folder, as one run sees it."""

    folder: Path
    in_force: InForce = InForce()
    journal: Journal | None = None

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, timeout: float, *, check_mode: bool) -> Iterator[Ledger]:
        """The folder, locked. Raises ``lock_timeout`` if another run holds it for ``timeout`` seconds."""
        if check_mode and not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None) as made_up:
                yield cls(Path(made_up))
            return
        folder.mkdir(0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as lock:
            _lock(lock.fileno(), timeout)
            if not check_mode:
                _sweep(folder)
            yield cls(folder, **(_read(folder / "switch.json", _loaded) or {}))

    @property
    def interrupted(self) -> list[str]:
        """The files of a switch that was begun and came to no end."""
        return list(self.journal.existed) if self.journal and not self.journal.settled else []

    def begin(self, existed: Mapping[str, bool]) -> None:
        """Note that a switch is under way, before it touches anything."""
        self._note(self.in_force, Journal(existed))

    def settle(self, in_force: InForce) -> None:
        """Note that the relay is up, and with what."""
        self._note(in_force, Journal(self.journal.existed, settled=True) if self.journal else None)

    def close(self, due: Iterable[str] = ()) -> None:
        """Note that no switch is under way any more, and whose programs are still to be started again."""
        existed = dict.fromkeys(due, True)
        self._note(self.in_force, Journal(existed) if existed else None)

    @property
    def proven(self) -> Proven | None:
        """What was last proven; None if nothing ever was."""
        return _read(self.folder / "proven.json", _proven)

    def prove(self, proven: Proven) -> None:
        """Remember a configuration as proven, in place of the one before."""
        files = {path: {**asdict(file), "content": _text(file.content)} for path, file in proven.files.items()}
        _write(self.folder / "proven.json", {**vars(proven), "files": files})

    @contextmanager
    def candidate(self) -> Iterator[Path]:
        """A new folder for a configuration to be checked; it is removed again with all that is in it."""
        folder = self.folder / _CANDIDATE
        _remove(folder)
        folder.mkdir(0o700)
        try:
            yield folder
        finally:
            _remove(folder)

    def _note(self, in_force: InForce, journal: Journal | None) -> None:
        noted = {"in_force": asdict(in_force), "journal": asdict(journal) if journal else None}
        _write(self.folder / "switch.json", noted)
        self.in_force, self.journal = in_force, journal


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


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed had not finished: it holds secrets that may be in force nowhere any more."""
    _remove(folder / _CANDIDATE)
    for unfinished in folder.glob(f"*{_UNFINISHED}"):
        unfinished.unlink()


def _remove(folder: Path) -> None:
    """Remove a folder, if it is there, with all that is in it. It may hold secrets, so a failure is not passed over."""
    if folder.exists():
        shutil.rmtree(folder)


def _loaded(noted: Mapping[str, Any]) -> dict[str, Any]:
    journal = Journal(**noted["journal"]) if noted["journal"] else None
    return {"in_force": InForce(**noted["in_force"]), "journal": journal}


def _proven(held: Mapping[str, Any]) -> Proven:
    files = held["files"].items()
    decoded = {path: File(**{**file, "content": base64.b64decode(file["content"])}) for path, file in files}
    return Proven(**{**held, "files": decoded})


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _read(path: Path, load: Callable[[Any], Any]) -> Any:
    """What a file of the folder holds; None if it is not there."""
    try:
        return load(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise MailSettingsError(
            "relay_config_refused",
            f"{path} is not what was written there. Nothing was changed.",
            "Restore it from a backup, or remove it; the relay then counts as one that was never configured.",
        ) from None


def _write(path: Path, held: Any) -> None:
    """Replace a file of the folder as a whole; on disk when this returns."""
    new = path.with_suffix(_UNFINISHED)
    opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with naming(new), os.fdopen(opened, "w", encoding="utf-8") as file:
        json.dump(held, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
