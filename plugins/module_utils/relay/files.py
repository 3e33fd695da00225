# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that change as one: all that is to come lies beside them before the first changes, and what was stays beside.

Of `/etc/a` these are `/etc/.a.weestimate-new` and `/etc/.a.weestimate-old`. The latter is a second name (hard link) of
the very file, so that going back needs no room on a disk that is full. Both names begin with a dot and end in no
suffix that programs look for in directories such as `conf.d`. Renames are atomic, and each step can be repeated, so
that whoever finds the remains of a run that was killed can undo or finish it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union


@dataclass(frozen=True)
class File:
    """A regular file. ``uid`` and ``gid`` are None for an account that does not exist (yet): it equals no real file."""

    content: bytes = field(repr=False)
    mode: int
    uid: int | None
    gid: int | None


@dataclass(frozen=True)
class Other:
    """Something that is no regular file, by its format as `stat` tells it; it equals no file."""

    format: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, which no file can replace."""
        return self.format == stat.S_IFDIR


#: What lies at a path; None where nothing does.
Entry = Union[File, Other, None]


def read(path: str) -> Entry:
    """What lies at a path; a symbolic link is not followed. Raises OSError where that cannot be told."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return Other(stat.S_IFMT(found.st_mode))
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        return File(file.read(), stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def write(path: Path, file: File) -> None:
    """Make a new file at a path where nothing is, on disk when this returns; never open to anybody it is not for."""
    _make_folder(path.parent)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with naming(path), os.fdopen(opened, "wb") as stream:
        stream.write(file.content)
        stream.flush()
        if file.uid is not None and file.gid is not None:
            os.fchown(stream.fileno(), file.uid, file.gid)
        os.fchmod(stream.fileno(), file.mode)
        os.fsync(stream.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder that is missing, and those above it, for everybody to look into, whatever the umask is."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)
        sync_folder(folder.parent)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let a failure within name the path; where a descriptor is written to, the system does not."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def prepare(changes: Mapping[str, File | None]) -> None:
    """Put beside each path what is to come and what is there; nothing that is in use changes."""
    for path, file in changes.items():
        _remove(_new(path), _old(path))
        if file is not None:
            write(_new(path), file)
        if os.path.lexists(path):
            os.link(path, _old(path), follow_symlinks=False)
    _sync(changes)


def exchange(changes: Mapping[str, File | None]) -> None:
    """Let what was prepared take the places, one rename each."""
    for path, file in changes.items():
        if file is None:
            _remove(Path(path))
        else:
            _new(path).replace(path)
    _sync(changes)


def undo(existed: Mapping[str, bool]) -> None:
    """Put back what was there, however far the exchange got; ``existed`` tells where there was nothing before."""
    for path, there in existed.items():
        if os.path.lexists(_old(path)):
            _old(path).replace(path)
        elif not there:
            _remove(Path(path))
        # Two names of one file are left both by a rename of one to the other.
        _remove(_new(path), _old(path))
    _sync(existed)


def forget(paths: Iterable[str]) -> None:
    """Remove what lies beside the paths."""
    for path in paths:
        _remove(_new(path), _old(path))
    _sync(paths)


def _new(path: str) -> Path:
    return _beside(Path(path), "new")


def _old(path: str) -> Path:
    return _beside(Path(path), "old")


def _beside(path: Path, which: str) -> Path:
    return path.with_name(f".{path.name}.weestimate-{which}")


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def _sync(paths: Iterable[str]) -> None:
    """Have the names in the folders of some paths on disk."""
    for folder in sorted({Path(path).parent for path in paths}):
        with suppress(FileNotFoundError, NotADirectoryError):
            sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk when this returns."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
