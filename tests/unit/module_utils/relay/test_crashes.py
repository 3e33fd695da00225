# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever ends a run, each file is a complete one, and the next run leaves all old or all new, and that is running.

A run is a child of this process. It is killed with kill -9 before each of its steps: before each event of Python's
audit hooks (PEP 578) by which it touches a file or starts a program.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from relayhost import RelayHost

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError

OLD = {"a": "a = 1\n", "b": "b = 1\n", "s": {"content": "old c4nary\n", "secret": True}}
NEW = {"a": "a = 2\n", "c": "c = 2\n", "s": {"content": "new c4nary\n", "secret": True}}

#: The events that are steps: what touches a file, and what starts a program.
_STEPS = frozenset(
    {"fcntl.flock", "open", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"}
    | {"subprocess.Popen"}
)


def contents(files: Mapping[str, str | Mapping[str, Any]]) -> dict[str, str]:
    """The contents of declared files."""
    return {name: file if isinstance(file, str) else file["content"] for name, file in files.items()}


def running(files: Mapping[str, str | Mapping[str, Any]]) -> str:
    """What a relay runs that was started with these files."""
    return "".join(content for _name, content in sorted(contents(files).items()))


def in_child(work: Callable[[], Any]) -> tuple[int, dict[str, Any]]:
    """Work in a child; how it ended, as `os.waitstatus_to_exitcode` tells it, and its result or failure."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            try:
                told = work()
            except MailSettingsError as error:
                told = error.result()
            os.write(writer, json.dumps(told).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(said or "{}")


def steps_of(work: Callable[[], Any], kill_before: int = 0) -> tuple[int, int]:
    """Work in a child that is killed before a step; how it ended, and the number of its steps."""

    def counted() -> dict[str, int]:
        steps = 0

        def at_an_event(event: str, _arguments: tuple[Any, ...]) -> None:
            nonlocal steps
            if event in _STEPS:
                steps += 1
                if steps == kill_before:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(at_an_event)
        work()
        return {"steps": steps}

    status, told = in_child(counted)
    return status, told.get("steps", 0)


def relay_with(root: Path, files: Mapping[str, str | Mapping[str, Any]]) -> RelayHost:
    """A relay on which these files are in force."""
    root.mkdir()
    host = RelayHost(root)
    host.bring(files)
    return host


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, if there can be one: what a killed process has written need not reach a disk to be there."""
    shared = Path("/dev/shm")  # noqa: S108 # the folder in it is for its owner only
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


#: What the next run is asked for, and what comes of it after a kill before, and after, the switch was settled.
NEXT = {
    "the new once more": (NEW, None, (NEW, NEW)),
    "the old after all": (OLD, None, (OLD, OLD)),
    "what is refused": ({"a": "refused\n"}, "relay_config_refused", (OLD, NEW)),
    "what does not start": ({"a": "unstartable\n"}, "relay_not_started", (OLD, NEW)),
}


@pytest.mark.slow
@pytest.mark.parametrize("following", NEXT)
def test_a_run_that_is_killed_before_any_of_its_steps_is_ended_by_the_next(memory: Path, following: str) -> None:
    files, code, ends = NEXT[following]
    whole = relay_with(memory / "whole", OLD)
    status, steps = steps_of(lambda: whole.bring(NEW))
    assert (status, steps > 40) == (0, True)
    met = set()
    for number in range(1, steps + 1):
        host = relay_with(memory / str(number), OLD)
        assert steps_of(lambda host=host: host.bring(NEW), kill_before=number)[0] == -signal.SIGKILL
        each_file_is_complete(host)
        settled = host.noted["in_force"]["managed"].keys() == {host.path(name) for name in NEW}

        _status, told = in_child(lambda host=host: host.bring(files))

        assert told.get("error_code") == code, (number, told)
        expected = ends[settled]
        assert (number, host.held, host.running) == (number, contents(expected), running(expected))
        assert sorted(path.name for path in host.state.iterdir()) == ["lock", "switch.json"]
        assert host.noted["journal"] is None
        if not code:
            assert host.bring(files)["changed"] is False
        met.add(settled)
    # Some kills came before it was settled, and some after.
    assert met == {False, True}


def each_file_is_complete(host: RelayHost) -> None:
    """What is at a path is the old file or the new one, whole; what goes or comes may be there or not."""
    old, new = contents(OLD), contents(NEW)
    for name in {*old, *new}:
        assert host.held.get(name) in (old.get(name), new.get(name))
    assert {"a", "s"} <= host.held.keys()


@pytest.mark.slow
def test_going_back_is_ended_too(memory: Path) -> None:
    def proven_and_changed(root: Path) -> RelayHost:
        host = relay_with(root, OLD)
        host.bring(state="proven")
        host.bring(NEW)
        return host

    whole = proven_and_changed(memory / "whole")
    _status, steps = steps_of(lambda: whole.bring(state="former"))
    for number in range(1, steps + 1):
        host = proven_and_changed(memory / str(number))
        assert steps_of(lambda host=host: host.bring(state="former"), kill_before=number)[0] == -signal.SIGKILL
        assert host.bring(state="former")["proven"] is True
        assert (number, host.held, host.running) == (number, contents(OLD), running(OLD))


@pytest.mark.slow
def test_putting_back_what_does_not_start_is_ended_too(memory: Path) -> None:
    bad = {**NEW, "c": "unstartable\n"}

    def attempt(host: RelayHost) -> None:
        with pytest.raises(MailSettingsError):
            host.bring(bad)

    whole = relay_with(memory / "whole", OLD)
    _status, steps = steps_of(lambda: attempt(whole))
    for number in range(1, steps + 1):
        host = relay_with(memory / str(number), OLD)
        assert steps_of(lambda host=host: attempt(host), kill_before=number)[0] == -signal.SIGKILL
        host.bring(OLD)
        assert (number, host.held, host.running) == (number, contents(OLD), running(OLD))


def test_a_run_that_is_killed_by_what_it_starts_is_ended_by_the_next(tmp_path: Path) -> None:
    host = relay_with(tmp_path / "relay", OLD)
    status, _told = in_child(lambda: host.bring({**NEW, "c": "deadly\n"}))
    assert status == -signal.SIGKILL
    assert host.running == running({**NEW, "c": "deadly\n"})
    with pytest.raises(MailSettingsError, match="interrupted"):
        host.bring(state="proven")
    predicted = host.bring(OLD, check_mode=True)
    assert (predicted["changed"], predicted["resumed"]) == (True, True)

    told = host.bring(OLD)

    assert (told["changed"], told["changed_files"], told["resumed"]) == (True, [], True)
    assert (host.held, host.running) == (contents(OLD), running(OLD))


def test_of_two_runs_at_once_the_second_waits_for_the_first(tmp_path: Path) -> None:
    host = relay_with(tmp_path / "relay", OLD)
    first = {**NEW, "c": "slow\n"}
    gate = host.run / "checking"
    slow = [["sh", "-c", f"touch {gate}; sleep 1"]]
    child = os.fork()
    if child == 0:
        try:
            host.bring(first, checks=slow)
            os._exit(0)
        finally:
            os._exit(1)
    while not gate.exists():
        time.sleep(0.01)
    with pytest.raises(MailSettingsError) as caught:
        host.bring(OLD, timeout=0)
    assert caught.value.code == "lock_timeout"

    told = host.bring(OLD)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # What the second found is what the first left, as a whole.
    assert told["changed_files"] == [host.path(name) for name in "abcs"]
    assert (host.held, host.running, host.starts) == (contents(OLD), running(OLD), 3)


def test_writers_that_meet_never_mix(tmp_path: Path) -> None:
    host = relay_with(tmp_path / "relay", OLD)
    sets = [{name: f"{name} = {number}\n" for name in ("a", "b", str(number))} for number in range(6)]
    children = []
    for files in sets:
        child = os.fork()
        if child == 0:
            try:
                host.bring(files)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * len(sets)
    assert host.held in sets
    assert host.running == running(host.held)
    assert host.starts == 1 + len(sets)


LARGE = {**NEW, "a": "a = 2\n" * 2_000}


@pytest.mark.parametrize("room", [0, 100, 4_000, 11_000])
def test_a_disk_without_room_leaves_all_old_and_is_named(tmp_path: Path, room: int) -> None:
    host = relay_with(tmp_path / "relay", OLD)

    def full() -> dict[str, Any]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        return host.bring(LARGE)

    _status, told = in_child(full)

    assert told["error_code"] == "relay_config_refused"
    assert re.match(rf"{tmp_path}/relay/\S+: File too large\. Nothing was changed\.", told["msg"])
    assert (host.held, host.running, host.starts) == (contents(OLD), running(OLD), 1)
    assert host.bring(LARGE)["changed"] is True
    assert host.held == contents(LARGE)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 128 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder], check=False).returncode:
        pytest.skip("this process may not mount anything")
    yield folder
    subprocess.run(["umount", folder], check=True)


def filled(folder: Path) -> str:
    """A program that leaves no room in a folder."""
    return f"cat /dev/zero >{folder}/full 2>/dev/null"


def test_a_disk_that_is_full_leaves_all_old(small_disk: Path) -> None:
    host = relay_with(small_disk / "relay", OLD)
    subprocess.run(["sh", "-c", filled(small_disk)], check=False)

    with pytest.raises(MailSettingsError, match=rf"^{small_disk}/relay/\S+: No space left on device\.") as caught:
        host.bring(LARGE)

    assert caught.value.code == "relay_config_refused"
    assert (host.held, host.running, host.starts) == (contents(OLD), running(OLD), 1)
    assert host.bring(OLD)["changed"] is False


def test_a_disk_that_fills_up_while_the_relay_starts_does_not_keep_it_from_going_back(
    small_disk: Path, tmp_path: Path
) -> None:
    host = relay_with(small_disk / "relay", OLD)
    host.run = tmp_path
    given = host.arguments({**NEW, "c": "unstartable\n"})
    words = given["activate"][0]["command"]
    command = ["sh", "-c", f"{filled(small_disk)}; {words[2]}", *words[3:]]

    with pytest.raises(MailSettingsError) as caught:
        host.bring({**NEW, "c": "unstartable\n"}, activate=[{"command": command, "paths": ["/"]}])

    assert "What was in force before is in force again." in caught.value.message
    assert (host.held, host.running) == (contents(OLD), running(OLD))
    (small_disk / "full").unlink()
    # That it was put back could not be noted.
    assert host.bring(OLD)["resumed"] is True
    assert (host.held, host.noted["journal"]) == (contents(OLD), None)


def test_a_disk_that_fills_up_before_success_is_noted_goes_back(small_disk: Path, tmp_path: Path) -> None:
    host = relay_with(small_disk / "relay", OLD)
    host.run = tmp_path

    with pytest.raises(MailSettingsError, match="No space left on device") as caught:
        host.bring(NEW, settled=[["sh", "-c", f"{filled(small_disk)}; true"]])

    assert caught.value.code == "relay_not_started"
    assert (host.held, host.running) == (contents(OLD), running(OLD))
