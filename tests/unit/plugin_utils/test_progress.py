# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress and summary, apart from the run that they are about."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.progress import telling
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.crew import Crew
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.screen import Log
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.summary import named, summary
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.tally import Tally

SETTINGS, DRIFT, REPORT = (f"weestimate.mail.smtp_{name}" for name in ("settings", "drift", "report"))


class TestCrew:
    """Who takes part, which ansible-core tells only as it happens."""

    @pytest.fixture
    def crew(self) -> Crew:
        return Crew(["a", "b", "c", "d"])

    @staticmethod
    def run(crew: Crew, hosts: str, **end: Any) -> None:
        for host in hosts:
            crew.join(host)
            crew.leave(host, **end)

    @staticmethod
    def counts(crew: Crew) -> tuple[int, int, int]:
        return crew.expected, crew.done, crew.left

    def test_at_first_everybody_is_expected(self, crew: Crew) -> None:
        crew.begin()
        crew.join("a")
        crew.join("b")
        crew.leave("a")

        assert self.counts(crew) == (4, 1, 3)
        assert (crew.at_work, list(crew.first_at_work(3))) == (1, ["b"])

    def test_who_is_lost_is_not_expected_any_more(self, crew: Crew) -> None:
        crew.begin()
        self.run(crew, "a", lost=True)
        self.run(crew, "bcd")
        crew.begin()

        assert self.counts(crew) == (3, 0, 3)

    def test_a_rescue_is_for_those_who_were_lost(self, crew: Crew) -> None:
        crew.begin()
        self.run(crew, "ab", lost=True)
        self.run(crew, "cd")
        crew.begin()
        crew.join("b")
        assert self.counts(crew) == (2, 0, 2)

        crew.leave("b")
        self.run(crew, "a")
        crew.begin()
        crew.join("c")
        assert self.counts(crew) == (4, 0, 4)

    def test_an_included_file_is_for_those_who_include_it(self, crew: Crew) -> None:
        crew.begin()
        self.run(crew, "ab")
        self.run(crew, "cd", included=True)
        crew.begin()
        assert self.counts(crew) == (2, 0, 2)

        self.run(crew, "cd")
        crew.begin()
        crew.join("a")
        assert self.counts(crew) == (4, 0, 4)

    def test_a_handler_is_for_those_who_have_notified_it(self, crew: Crew) -> None:
        crew.begin({"b", "c"})
        self.run(crew, "bc")

        assert self.counts(crew) == (2, 2, 0)

    def test_what_is_done_once_is_for_nobody_else_and_says_nothing_of_the_next_task(self, crew: Crew) -> None:
        crew.begin(once=True)
        self.run(crew, "a")
        assert self.counts(crew) == (1, 1, 0)

        crew.begin()
        assert self.counts(crew) == (4, 0, 4)


class TestSummary:
    """The end of a run."""

    @staticmethod
    def recap(**counts: int) -> dict[str, int]:
        return {"failures": 0, "unreachable": 0, "changed": 0, **counts}

    @staticmethod
    def note(tally: Tally, host: str, action: str, *, planned: bool = False, unreachable: bool = False, **result: Any):
        tally.note(host, action, result, planned=planned, unreachable=unreachable)

    def lines(self, tally: Tally, recap: dict[str, dict[str, int]], environment: str = "production") -> list[str]:
        states = tally.states(recap)
        return [line.text for line in summary(tally, states, dict.fromkeys(states, environment))]

    def test_each_environment_is_counted_and_who_wants_a_look_is_named(self) -> None:
        tally = Tally()
        tally.expect(["a", "b", "c", "d", "e", "f"])
        for host in "abcd":
            self.note(tally, host, SETTINGS, advice=[])
        recap = {
            "a": self.recap(),
            "b": self.recap(changed=2),
            "c": self.recap(failures=1, changed=1),
            "d": self.recap(),
            "e": self.recap(unreachable=1),
        }
        states = tally.states(recap)
        environments = {**dict.fromkeys("abcef", "production"), "d": "lab"}

        assert [line.text for line in summary(tally, states, environments)] == [
            "lab         1 instance: 1 in sync",
            "production  5 instances: 1 in sync, 1 changed, 1 failed, 1 unreachable, 1 not done",
            "failed: c",
            "unreachable: e",
            "not done: f",
        ]

    def test_drift_is_told_as_it_was_found_whatever_became_of_the_host(self) -> None:
        tally = Tally()
        for host, state in zip("abcd", ("in_sync", "drifted", "window_open", "failed"), strict=True):
            self.note(tally, host, DRIFT, state="in_sync")
            self.note(tally, host, DRIFT, state=state)
        self.note(tally, "e", DRIFT, unreachable=True)
        # The first instance may lend its name to the report, which fails where there is drift.
        self.note(tally, "a", REPORT)
        recap = {host: self.recap() for host in "bcde"} | {"a": self.recap(unreachable=1)}

        assert self.lines(tally, recap) == [
            "production  5 instances: 1 in sync, 1 window open, 1 drifted, 1 failed, 1 unreachable",
            "window open: c",
            "drifted: b",
            "failed: d",
            "unreachable: e",
        ]

    def test_who_only_writes_the_report_is_no_instance(self) -> None:
        tally = Tally()
        tally.expect(["localhost"])
        self.note(tally, "localhost", REPORT)

        assert self.lines(tally, {"localhost": self.recap(failures=1)}) == []

    def test_a_plan_is_no_change_and_a_test_compares_nothing(self) -> None:
        tally = Tally()
        self.note(tally, "a", SETTINGS, planned=True)
        self.note(tally, "b", "weestimate.mail.smtp_test")
        self.note(tally, "c", SETTINGS)

        # A settings task that restores knows nothing of what is declared.
        assert self.lines(tally, {"a": self.recap(changed=1), "b": self.recap(), "c": self.recap()}) == [
            "production  3 instances: 2 done, 1 to be changed"
        ]

    def test_many_names_are_cut_short(self) -> None:
        assert named([f"h{number}" for number in range(12)]) == "h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 2 more"


class TestTelling:
    """Results in words."""

    def test_a_remedy_is_told_once(self) -> None:
        assert telling.failure({"msg": "It is broken. Mend it.", "remedy": "Mend it."}) == "It is broken. Mend it."
        assert telling.failure({"msg": "It is broken.", "remedy": "Mend it."}) == "It is broken.\nMend it."

    def test_a_command_is_told_with_its_output(self) -> None:
        told = telling.failure({"msg": "non-zero return code", "rc": 1, "stdout": "", "stderr": "no such thing\n"})

        assert told == "non-zero return code\nno such thing"

    def test_an_item_is_named_unless_it_is_hidden(self) -> None:
        item = {"ansible_loop_var": "kind", "kind": "approval", "msg": "No."}

        assert telling.failure(item) == "approval: No."
        assert telling.failure({**item, "kind": {"password": "secret"}}) == "No."
        assert telling.failure({"censored": "hidden", "ansible_loop_var": "kind", "kind": "secret"}) == "hidden"

    @pytest.mark.parametrize(
        ("result", "lines"),
        [
            ({"msg": "one\ntwo", "changed": False}, ["one", "two"]),
            ({"msg": ["one", "two"]}, ["one", "two"]),
            ({"table": [], "changed": False, "_ansible_verbose_always": True}, []),
            ({"answer": {"a": 1}}, ["{", '  "a": 1', "}"]),
            ({"results": [{"msg": "x", "item": 1}, {"fact": "y", "ansible_loop_var": "item", "item": 2}]}, ["x", "y"]),
        ],
    )
    def test_what_a_debug_task_is_to_show(self, result: dict[str, Any], lines: list[str]) -> None:
        assert list(telling.shown(result)) == lines

    def test_a_difference_of_settings_and_one_that_a_module_has_prepared(self) -> None:
        diff = {"before": {"port": 25, "user": "a"}, "after": {"port": 587, "user": "a"}, "before_header": "settings"}

        told = list(telling.diffs({"diff": [diff, {"prepared": "as it is\n"}]}))

        assert told[:2] == ["--- settings", "+++ after"]
        assert {'-  "port": 25,', '+  "port": 587,', "as it is"} < set(told)
        assert list(telling.diffs({"diff": {"before": None, "after": "new\n"}}))[-1] == "+new"
        assert list(telling.diffs({})) == []


class TestLog:
    """Progress in a log."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [100.0]
        monkeypatch.setattr("time.monotonic", lambda: now[0])
        return now

    def test_progress_is_told_at_most_once_in_an_interval(
        self, clock: list[float], capsys: pytest.CaptureFixture[str]
    ) -> None:
        log = Log(interval=10)
        for second in (101.0, 109.0, 110.0, 111.0, 125.0):
            clock[0] = second
            log.began(lambda: "never told")
            log.ended(lambda now=second: f"at {now:.0f}")

        assert capsys.readouterr().out.splitlines() == ["at 110", "at 125"]
