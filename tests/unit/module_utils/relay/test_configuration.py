# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay's configuration from one state to another, with real files and real programs."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from relayhost import RelayHost

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError

OLD = {"a": "a = 1\n", "b": "b = 1\n"}
NEW = {"a": "a = 2\n", "c": "c = 2\n"}


@pytest.fixture
def host(tmp_path: Path) -> RelayHost:
    return RelayHost(tmp_path)


def failure(host: RelayHost, contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    """How a call fails."""
    with pytest.raises(MailSettingsError) as caught:
        host.bring(contents, **more)
    return caught.value.result()


def test_files_are_written_and_the_relay_started(host: RelayHost) -> None:
    told = host.bring(OLD)
    assert told["changed"] is True
    assert told["changed_files"] == [host.path("a"), host.path("b")]
    assert [command[0] for command in told["activated"]] == ["sh"]
    assert (told["proven"], told["resumed"]) == (False, False)
    assert (host.held, host.running) == (OLD, "a = 1\nb = 1\n")
    assert host.noted["journal"] is None


def test_a_second_run_starts_no_program_and_writes_nothing(host: RelayHost) -> None:
    host.bring(OLD)
    before = {path: path.stat() for path in (*host.etc.iterdir(), *host.state.iterdir())}
    told = host.bring(OLD, checks=[["false"]])
    assert told == {
        "changed": False,
        "changed_files": [],
        "activated": [],
        "generation": 1,
        "proven": False,
        "resumed": False,
        "diff": [],
    }
    assert {path: path.stat() for path in before} == before
    assert host.starts == 1


def test_what_is_no_longer_listed_is_removed_and_what_was_never_listed_stays(host: RelayHost) -> None:
    Path(host.path("mine")).write_text("mine\n")
    host.bring(OLD)
    told = host.bring(NEW)
    assert told["changed_files"] == [host.path(name) for name in "abc"]
    assert host.held == {**NEW, "mine": "mine\n"}


def test_a_file_that_was_as_declared_is_managed_from_then_on(host: RelayHost) -> None:
    Path(host.path("a")).write_text("a = 1\n")
    assert host.bring({"a": OLD["a"]})["changed"] is False
    host.bring({"b": OLD["b"]})
    assert host.held == {"b": OLD["b"]}


def test_folders_and_files_are_for_everybody_whatever_the_umask(host: RelayHost) -> None:
    umask = os.umask(0o077)
    try:
        host.bring({"deep/in/a": "a = 1\n"})
    finally:
        os.umask(umask)
    assert host.held == {"deep/in/a": "a = 1\n"}
    modes = [stat.S_IMODE((host.etc / name).stat().st_mode) for name in ("deep", "deep/in", "deep/in/a")]
    assert modes == [0o755, 0o755, 0o644]


def test_a_file_in_the_place_of_a_folder_is_named(host: RelayHost) -> None:
    host.bring(OLD)
    assert f"{host.path('a')}: " in failure(host, {**OLD, "a/b": "b = 1\n"})["msg"]
    assert host.held == OLD


@pytest.mark.parametrize(
    ("declared", "mode"),
    [({}, 0o644), ({"secret": True}, 0o600), ({"mode": "0640"}, 0o640), ({"secret": True, "mode": "0400"}, 0o400)],
)
def test_a_mode_is_what_is_declared_or_fits_a_secret(host: RelayHost, declared: dict[str, Any], mode: int) -> None:
    host.bring({"a": {"content": "a", **declared}})
    assert stat.S_IMODE((host.etc / "a").stat().st_mode) == mode


def test_another_mode_alone_is_a_change(host: RelayHost) -> None:
    host.bring(OLD)
    (host.etc / "a").chmod(0o666)
    told = host.bring(OLD)
    assert told["changed_files"] == [host.path("a")]
    accounts = {"uid": os.getuid(), "gid": os.getgid()}
    (difference,) = told["diff"]
    assert (difference["before"], difference["after"]) == (
        {"mode": "0666", **accounts},
        {"mode": "0644", **accounts},
    )


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_another_owner_alone_is_a_change(host: RelayHost) -> None:
    host.bring(OLD)
    told = host.bring({**OLD, "a": {"content": OLD["a"], "owner": "nobody", "group": "nogroup"}})
    assert told["changed_files"] == [host.path("a")]
    assert (host.etc / "a").owner() == "nobody"


def test_a_symbolic_link_is_replaced_and_its_target_left_alone(host: RelayHost, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("a = 1\n")
    (host.etc / "a").symlink_to(target)
    assert host.bring({"a": "a = 1\n"})["changed"] is True
    assert not (host.etc / "a").is_symlink()
    assert target.read_text() == "a = 1\n"


def test_a_pipe_is_replaced_and_not_read(host: RelayHost) -> None:
    os.mkfifo(host.path("a"))
    assert host.bring({"a": "a = 1\n"})["diff"][1]["before"] == {"kind": "no regular file"}
    assert host.held == {"a": "a = 1\n"}


def test_a_symbolic_link_is_put_back_too(host: RelayHost, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("a = 1\n")
    (host.etc / "a").symlink_to(target)
    failure(host, {"a": "unstartable\n"})
    assert (host.etc / "a").readlink() == target


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_folder_in_the_place_of_a_file_is_refused(host: RelayHost, check_mode: bool) -> None:
    (host.etc / "a").mkdir()
    told = failure(host, NEW, check_mode=check_mode)
    assert (told["error_code"], told["msg"].partition(".")[0]) == (
        "relay_config_refused",
        f"{host.path('a')} is a folder",
    )
    assert host.held == {}


def test_what_a_check_refuses_touches_nothing_and_is_quoted(host: RelayHost) -> None:
    host.bring(OLD)
    told = failure(host, {"a": "refused: line 1\n"})
    assert told["error_code"] == "relay_config_refused"
    assert told["command"][:2] == ["sh", "-c"]
    assert "{stage}" in told["command"][2]
    assert told["output"] == ["refused: line 1"]
    assert told["msg"].endswith("Nothing was changed. Mend what it names, and run again.")
    assert (host.held, host.starts) == (OLD, 1)
    assert sorted(path.name for path in host.state.iterdir()) == ["lock", "switch.json"]


def test_a_check_sees_all_files_as_they_are_to_be(host: RelayHost) -> None:
    seen = host.run / "seen"
    script = f'cd "$0{host.etc}" && stat -c "%n %a" * >{seen} && stat -c %a "$0" >>{seen}'
    host.bring({**OLD, "s": {"content": "s", "secret": True}}, checks=[["sh", "-c", script, "{stage}"]])
    assert seen.read_text().splitlines() == ["a 644", "b 644", "s 600", "700"]


def test_a_quoted_path_is_where_the_file_is_to_lie(host: RelayHost) -> None:
    told = failure(host, OLD, checks=[["sh", "-c", "echo bad: $0; exit 1", f"{{stage}}{host.path('a')}"]])
    assert told["output"] == [f"bad: {host.path('a')}"]


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (["sh", "-c", "exit 3"], "ended with status 3."),
        (["sh", "-c", "kill -11 $$"], "was ended by signal 11."),
        (["no-such-program"], "cannot be started (No such file or directory)."),
        (["sleep", 30], "sleep 30 has not ended after 1 seconds."),
    ],
)
def test_each_way_of_a_check_to_fail_is_told(host: RelayHost, check: list[Any], words: str) -> None:
    began = time.monotonic()
    told = failure(host, OLD, checks=[check], timeout=1)
    assert words in told["msg"]
    assert host.held == {}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("word", ["unstartable", "hang", "restless"])
def test_what_does_not_come_up_is_put_back_and_the_former_started(host: RelayHost, word: str) -> None:
    host.bring(OLD)
    inodes = {path.name: path.stat().st_ino for path in host.etc.iterdir()}
    told = failure(host, {**NEW, "c": f"{word}\n"}, timeout=2)
    assert told["error_code"] == "relay_not_started"
    assert "What was in force before is in force again." in told["msg"]
    assert (host.held, host.running, host.starts) == (OLD, "a = 1\nb = 1\n", 3)
    # The very files, not copies of them.
    assert {path.name: path.stat().st_ino for path in host.etc.iterdir()} == inodes
    assert host.noted["journal"] is None
    assert sorted(host.noted["in_force"]["managed"]) == [host.path(name) for name in "ab"]
    assert host.bring(OLD)["changed"] is False


def test_a_first_configuration_that_does_not_come_up_leaves_what_the_distribution_had(host: RelayHost) -> None:
    (host.etc / "a").write_text("distribution\n")
    failure(host, {"a": "unstartable\n", "b": "b = 1\n"})
    assert (host.held, host.running) == ({"a": "distribution\n"}, "distribution\n")


def test_what_is_put_back_is_up_by_its_own_standards(host: RelayHost) -> None:
    host.bring(OLD)
    told = failure(host, NEW, settled=[["grep", "-q", "c = 3", str(host.run / "running")]], timeout=2)
    assert "What was in force before is in force again." in told["msg"]


@pytest.fixture
def ailing(host: RelayHost) -> Path:
    """Have the old configuration in force; it comes up as long as there is this file."""
    healthy = host.run / "healthy"
    healthy.touch()
    host.bring(OLD, settled=[["test", "-e", str(healthy)]])
    return healthy


def test_it_is_told_if_the_former_does_not_come_up_either_and_tried_again(host: RelayHost, ailing: Path) -> None:
    ailing.unlink()
    told = failure(host, NEW, settled=[["false"]], timeout=1)
    assert "does not come up with them either" in told["msg"]
    assert host.held == OLD
    # Nothing is known to run now, so the next run starts it, though nothing differs.
    told = host.bring(OLD)
    assert (told["changed"], told["changed_files"], told["resumed"]) == (True, [], True)
    assert host.running == "a = 1\nb = 1\n"
    assert host.bring(OLD)["changed"] is False


def test_what_was_only_to_be_started_again_and_is_not_up_stays_due(host: RelayHost, ailing: Path) -> None:
    ailing.unlink()
    failure(host, NEW, settled=[["false"]], timeout=1)
    told = failure(host, OLD, settled=[["false"]], timeout=1)
    assert "Only programs were to be started again" in told["msg"]
    assert host.bring(OLD)["resumed"] is True


def test_a_program_is_run_for_the_paths_that_it_concerns(host: RelayHost) -> None:
    host.bring(OLD)
    log = host.run / "log"
    activate = [
        {"command": ["sh", "-c", f"echo {name} >>{log}"], "paths": [host.path(name)]} for name in ("b", "c", "a")
    ]
    told = host.bring({**OLD, "a": "a = 3\n"}, activate=activate)
    assert log.read_text().split() == ["a"]
    assert [command[2].split()[1] for command in told["activated"]] == ["a"]
    host.bring({"a": "a = 4\n"}, activate=activate)
    assert log.read_text().split() == ["a", "b", "a"]


def test_check_mode_predicts_and_touches_nothing(host: RelayHost) -> None:
    host.bring(OLD)
    predicted = host.bring(NEW, check_mode=True)
    assert (host.held, host.starts) == (OLD, 1)
    assert {**host.bring(NEW), "generation": 1} == predicted


def test_check_mode_on_a_fresh_host_leaves_no_trace_and_forgives_what_is_still_to_come(host: RelayHost) -> None:
    given = {"a": {"content": "a", "owner": "still-to-be-made", "group": "still-to-be-made"}}
    told = host.bring(given, check_mode=True, checks=[["still-to-be-installed", "{stage}"]])
    assert told["changed_files"] == [host.path("a")]
    assert (host.held, host.state.exists()) == ({}, False)


def test_check_mode_runs_the_checks(host: RelayHost) -> None:
    assert failure(host, {"a": "refused\n"}, check_mode=True)["error_code"] == "relay_config_refused"
    assert (host.held, host.state.exists()) == ({}, False)


@pytest.mark.parametrize("kind", ["owner", "group"])
def test_an_account_that_does_not_exist_is_refused(host: RelayHost, kind: str) -> None:
    told = failure(host, {"a": {"content": "a", kind: "nobody-at-all"}})
    assert told["error_code"] == "relay_config_refused"
    assert f"There is no {kind} nobody-at-all on the relay." in told["msg"]
    assert host.held == {}


def test_what_was_proven_is_gone_back_to(host: RelayHost) -> None:
    secret = {"content": "user:the-c4nary\n", "secret": True}
    host.bring({**OLD, "s": secret})
    assert host.bring(state="proven")["changed"] is True
    assert host.bring({**OLD, "s": secret})["proven"] is True
    assert host.bring(NEW)["proven"] is False
    told = host.bring(state="former")
    assert told["changed_files"] == [host.path(name) for name in "abcs"]
    assert (told["changed"], told["proven"]) == (True, True)
    assert host.held == {**OLD, "s": "user:the-c4nary\n"}
    assert stat.S_IMODE((host.etc / "s").stat().st_mode) == 0o600
    assert host.running.startswith("a = 1\n")
    assert "the-c4nary" not in json.dumps(told)
    again = host.bring(state="former")
    assert (again["changed"], again["proven"]) == (False, True)


def test_what_is_gone_back_to_is_up_by_its_own_standards(host: RelayHost) -> None:
    host.bring(OLD, settled=[["grep", "-q", "a = 1", str(host.run / "running")]])
    host.bring(state="proven")
    host.bring(NEW)
    assert host.bring(state="former", settled=[["false"]])["changed"] is True


TRIAL = {"a": "a = 1\non trial\n", "b": "b = 1\n"}


def test_a_file_ends_as_for_a_trial_until_it_is_proven(host: RelayHost) -> None:
    on_trial = {host.path("a"): "on trial\n"}
    assert host.bring(OLD, on_trial=on_trial)["changed_files"] == [host.path("a"), host.path("b")]
    assert (host.held, host.running) == (TRIAL, "a = 1\non trial\nb = 1\n")
    assert host.bring(OLD, on_trial=on_trial)["changed"] is False
    told = host.bring(state="proven")
    assert (told["changed_files"], told["changed"], told["proven"]) == ([host.path("a")], True, True)
    assert (host.held, host.running) == (OLD, "a = 1\nb = 1\n")
    again = host.bring(OLD, on_trial=on_trial)
    assert (again["changed"], again["proven"]) == (False, True)
    assert host.bring(state="proven")["changed"] is False


def test_what_is_gone_back_to_is_on_trial_no_more(host: RelayHost) -> None:
    on_trial = {host.path("a"): "on trial\n"}
    host.bring(OLD, on_trial=on_trial)
    host.bring(state="proven")
    host.bring(NEW, on_trial=on_trial)
    assert host.held["a"] == "a = 2\non trial\n"
    host.bring(state="former")
    assert host.held == OLD
    assert host.bring(OLD, on_trial=on_trial)["changed"] is False


def test_what_was_replaced_by_hand_before_it_is_proven_is_left_alone(host: RelayHost) -> None:
    host.bring(OLD, on_trial={host.path("a"): "on trial\n"})
    (host.etc / "b").unlink()
    (host.etc / "b").symlink_to("a")
    host.bring(state="proven")
    assert (host.held["a"], (host.etc / "b").is_symlink()) == ("a = 1\n", True)


def test_a_trial_that_cannot_be_ended_is_ended_by_the_next_run(host: RelayHost) -> None:
    on_trial = {host.path("a"): "on trial\n"}
    host.bring(OLD, on_trial=on_trial)
    with pytest.raises(MailSettingsError) as caught:
        host.bring(state="proven", activate=[{"command": ["grep", "-q", "trial", host.path("a")], "paths": ["/"]}])
    assert caught.value.result()["error_code"] == "relay_not_started"
    assert host.held == TRIAL
    told = host.bring(OLD, on_trial=on_trial)
    assert (told["changed"], told["proven"], host.held) == (True, True, OLD)


def test_a_trial_of_which_nothing_is_known_any_more_is_one_all_the_same(host: RelayHost) -> None:
    on_trial = {host.path("a"): "on trial\n"}
    host.bring(OLD, on_trial=on_trial)
    (host.state / "switch.json").unlink()
    assert host.bring(OLD, on_trial=on_trial)["changed"] is False
    host.bring(state="proven")
    assert host.held == OLD


def test_check_mode_judges_what_is_in_force(host: RelayHost) -> None:
    host.bring(OLD)
    generation = host.bring(NEW, check_mode=True)["generation"]
    assert host.bring(state="proven", generation=generation, check_mode=True)["changed"] is True


def test_two_runs_of_the_same_declaration_prove_it_together(host: RelayHost) -> None:
    on_trial = {host.path("a"): "on trial\n"}
    first, second = (host.bring(OLD, on_trial=on_trial)["generation"] for _run in range(2))
    assert host.bring(state="proven", generation=first)["changed"] is True
    assert host.bring(state="proven", generation=second)["changed"] is False


@pytest.mark.parametrize("state", ["proven", "former"])
def test_what_another_run_has_made_is_judged_by_nobody_else(host: RelayHost, state: str) -> None:
    host.bring(OLD)
    host.bring(state="proven")
    mine = host.bring({**OLD, "a": "a = mine\n"})["generation"]
    theirs = host.bring(NEW)["generation"]
    told = failure(host, {}, state=state, generation=mine)
    assert told["error_code"] == "concurrent_change"
    assert host.held == NEW
    assert host.bring(state=state, generation=theirs)["changed"] is True


def test_what_another_run_has_proven_is_not_taken_for_ones_own(host: RelayHost) -> None:
    mine = host.bring(OLD)["generation"]
    host.bring(NEW, on_trial={host.path("a"): "on trial\n"})
    host.bring(state="proven")
    assert failure(host, {}, state="proven", generation=mine)["error_code"] == "concurrent_change"


def test_what_another_run_has_taken_back_is_not_proven_any_more(host: RelayHost) -> None:
    host.bring(OLD)
    host.bring(state="proven")
    first, second = (host.bring(NEW)["generation"] for _run in range(2))
    host.bring(state="former", generation=first)
    assert failure(host, {}, state="proven", generation=second)["error_code"] == "concurrent_change"
    assert host.held == OLD


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_was_changed_by_hand_while_on_trial_is_not_proven(host: RelayHost, check_mode: bool) -> None:
    host.bring(OLD, on_trial={host.path("a"): "on trial\n"})
    with (host.etc / "a").open("a") as file:
        file.write("by hand\n")
    told = failure(host, {}, state="proven", check_mode=check_mode)
    assert (told["error_code"], host.path("a") in told["msg"]) == ("concurrent_change", True)
    assert not (host.state / "proven.json").exists()
    assert host.bring(OLD, on_trial={host.path("a"): "on trial\n"})["changed_files"] == [host.path("a")]


def test_proving_twice_changes_nothing(host: RelayHost) -> None:
    host.bring(OLD)
    assert host.bring(state="proven", check_mode=True)["changed"] is True
    assert not (host.state / "proven.json").exists()
    assert host.bring(state="proven")["changed"] is True
    assert host.bring(state="proven")["changed"] is False


def test_what_is_remembered_is_for_root_only(host: RelayHost) -> None:
    host.bring(OLD)
    host.bring(state="proven")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (host.state, *host.state.iterdir())}
    assert modes == {"state": 0o700, "lock": 0o600, "switch.json": 0o600, "proven.json": 0o600}


def test_a_former_secret_is_forgotten_when_another_is_proven(host: RelayHost) -> None:
    for content in ("former-c4nary", "later"):
        host.bring({"s": {"content": content, "secret": True}})
        host.bring(state="proven")
    kept = [path.read_bytes() for path in (*host.state.rglob("*"), *host.etc.rglob("*"))]
    assert not [data for data in kept if b"former-c4nary" in data or b"Zm9ybWVyLWM0bmFyeQ" in data]


def test_without_a_proven_configuration_there_is_no_former(host: RelayHost) -> None:
    host.bring(OLD)
    assert failure(host, {}, state="former")["error_code"] == "relay_no_former"
    assert host.held == OLD


def test_going_back_does_not_ask_the_checks(host: RelayHost) -> None:
    host.bring(OLD)
    host.bring(state="proven")
    host.bring(NEW)
    host.bring(state="former", checks=[["false"]])
    assert host.held == OLD


def test_a_spoilt_memory_is_named_and_nothing_is_guessed(host: RelayHost) -> None:
    host.bring(OLD)
    (host.state / "switch.json").write_text("{")
    told = failure(host, NEW)
    assert told["error_code"] == "relay_config_refused"
    assert f"{host.state}/switch.json is not what was written there." in told["msg"]
    assert host.held == OLD


def test_the_difference_shows_public_contents_and_no_secret(host: RelayHost) -> None:
    host.bring({**OLD, "s": {"content": "the-c4nary", "secret": True}, "r": {"content": "kept-c4nary", "mode": "0640"}})
    told = host.bring({"a": "a = 2\n", "s": {"content": "another-c4nary", "secret": True}})
    sides = {entry["before_header"].rpartition("/")[2]: (entry["before"], entry["after"]) for entry in told["diff"]}
    assert sides == {
        "a": ("a = 1\n", "a = 2\n"),
        "b": ("b = 1\n", ""),
        "r": ("(set)\n", ""),
        "s": ("(set)\n", "(changed)\n"),
    }


def test_a_secret_is_not_shown_because_somebody_opened_the_file(host: RelayHost) -> None:
    host.bring({**OLD, "s": {"content": "the-c4nary", "secret": True}})
    (host.etc / "s").chmod(0o644)
    assert "c4nary" not in json.dumps(host.bring(OLD))


def test_what_was_private_is_not_shown_when_it_becomes_public(host: RelayHost) -> None:
    (host.etc / "a").write_text("the-c4nary")
    (host.etc / "a").chmod(0o600)
    assert "c4nary" not in json.dumps(host.bring(OLD))


@pytest.mark.parametrize("when", ["checks", "settled"])
def test_a_secret_that_a_program_repeats_is_masked(host: RelayHost, when: str) -> None:
    secret = {"content": "[smtp.example.com]:587 user@example.com:the-c4nary\n", "secret": True}
    host.bring({"s": {"content": "x:former-c4nary\n", "secret": True}})
    said = host.run / "said"
    said.write_text("it says the-c4nary, for former-c4nary\n")
    command = ["sh", "-c", "cat $0 $1 $2; exit 1", "{stage}" + host.path("s"), host.path("s"), str(said)]
    told = failure(host, {"s": secret}, **{when: [command]}, timeout=1)
    assert "c4nary" not in json.dumps(told)
    assert told["output"][-1] == "it says ********, for ********"
