# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Says who is being done, how many are left, and in the end how each environment has come out."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: stdout
short_description: Progress over many WeEstimate instances, instead of a list of tasks
version_added: 0.3.0
description:
  - Tells which instances are at work, how many are through with the current task and how many are left. On a terminal
    that is one line, which is written anew; in a log it is a line every few seconds.
  - Failures are told in full, with what to do. A warning is told once, however many instances it is about.
  - At the end it counts for each environment how many instances are in sync, changed, failed or unreachable, or how
    they have drifted. It names those that want a look.
  - What C(debug) is to show is shown, and so are differences with C(--diff). C(-v) adds a line for each result.
  - What C(no_log) hides remains hidden.
  - The environment of an instance is its variable C(weestimate_smtp_environment), or the first of its groups other than
    C(weestimate).
author:
  - The weestimate.mail authors (@weestimate)
requirements:
  - to be chosen with C(stdout_callback = weestimate.mail.progress) in C(ansible.cfg), or with the environment variable
    C(ANSIBLE_STDOUT_CALLBACK)
options:
  screen:
    description:
      - Where progress is shown. V(auto) takes the output for what it is, V(terminal) and V(log) for what they say.
    type: str
    default: auto
    choices: [auto, terminal, log]
    env:
      - name: WEESTIMATE_PROGRESS_SCREEN
    ini:
      - section: callback_weestimate_progress
        key: screen
  interval:
    description:
      - The least number of seconds between two lines of progress in a log. V(0) is a line for each instance and task.
    type: float
    default: 10
    env:
      - name: WEESTIMATE_PROGRESS_INTERVAL
    ini:
      - section: callback_weestimate_progress
        key: interval
notes:
  - It is made for the strategy C(linear), Ansible's default, which takes all instances through one task after another.
    With another strategy it cannot tell how many are left.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.utils.display import Display

from ansible_collections.weestimate.mail.plugins.plugin_utils.environment import environment_of
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress import summary, telling
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.crew import Crew
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.screen import Log, Terminal, screen
from ansible_collections.weestimate.mail.plugins.plugin_utils.progress.tally import Tally

_DISPLAY = Display()

#: How many of the hosts at work are named.
_NAMED = 3

#: Characters of a warning that is told again.
_BEGINNING = 80

_DEBUG = ("debug", "ansible.builtin.debug", "ansible.legacy.debug")
_ASKING = ("pause", "ansible.builtin.pause", "ansible.legacy.pause")
_INCLUDES = ("include_tasks", "ansible.builtin.include_tasks", "include_role", "ansible.builtin.include_role")


class _Event:
    """What a callback is told of one task on one host, in the names of any release of ansible-core."""

    def __init__(self, result: Any) -> None:
        # ansible-core before 2.19 knows only the names with an underscore.
        task, host, told = (getattr(result, name, None) or getattr(result, f"_{name}") for name in _PARTS)
        self.host: str = host.get_name()
        self.result: Mapping[str, Any] = told
        self.task_name = _plain_name(task)
        self.action: str = task.action
        self.check_mode = bool(task.check_mode)
        self.ignores_unreachable = bool(task.ignore_unreachable)


_PARTS = ("task", "host", "result")

_DIFF_COLORS = {
    "+": constants.COLOR_DIFF_ADD,
    "-": constants.COLOR_DIFF_REMOVE,
    "@": constants.COLOR_DIFF_LINES,
}


class CallbackModule(CallbackBase):
    """The events of a run, as ansible-core calls them."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "weestimate.mail.progress"

    def __init__(self) -> None:
        super().__init__()
        self._screen: Log | Terminal = Log(0)
        self._crew = Crew(())
        self._tally = Tally()
        self._warned: dict[str, set[str]] = defaultdict(set)
        self._notified: dict[str, set[str]] = defaultdict(set)
        self._failed_items: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._play: Any = None
        self._play_name = self._task_name = ""
        self._began_at = time.monotonic()

    def set_options(self, *arguments: Any, **named: Any) -> None:
        """The options are known from here on."""
        super().set_options(*arguments, **named)
        self._screen = screen(self.get_option("screen"), self.get_option("interval"))

    # --- what begins ---------------------------------------------------------------------------------------------

    def v2_playbook_on_play_start(self, play: Any) -> None:
        variables = play.get_variable_manager().get_vars(play=play)
        everybody = set(variables["ansible_play_hosts_all"])
        # The batch of a play that no host matches is the whole inventory.
        hosts = [host for host in variables["ansible_play_batch"] if host in everybody]
        self._crew = Crew(hosts)
        self._tally.expect(hosts)
        self._play = play
        name = play.get_name().strip()
        if hosts and name != self._play_name:
            self._screen.say(f"{name}: {_extent(len(everybody), len(hosts), play.check_mode)}")
        self._play_name = name

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool = False) -> None:  # noqa: ARG002 # ansible-core names it
        self._begin(task, None)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._begin(task, self._notified.pop(task.get_name(), None))

    def v2_playbook_on_notify(self, handler: Any, host: Any) -> None:
        self._notified[handler.get_name()].add(host.get_name())

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._crew.join(host.get_name())
        # What asks people something writes by itself.
        if task.action not in _ASKING:
            self._screen.began(self._status)

    def _begin(self, task: Any, hosts: set[str] | None) -> None:
        self._task_name = _plain_name(task)
        self._crew.begin(hosts, once=bool(task.run_once))
        self._screen.clear()

    # --- what ends -----------------------------------------------------------------------------------------------

    def v2_runner_on_ok(self, result: Any) -> None:
        event = _Event(result)
        if event.action in _DEBUG:
            # What is said of one host alone needs no heading.
            heading = [f"{event.host}: {event.task_name}"] if self._crew.size > 1 else []
            self._screen.say("\n".join([*heading, *telling.shown(event.result)]))
        changed = event.result.get("changed")
        self._end(event, "changed" if changed else "ok", included=event.action in _INCLUDES)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._end(_Event(result), "skipped")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        event = _Event(result)
        if not ignore_errors:
            self._say_failed("failed", event, constants.COLOR_ERROR)
        self._end(event, "ignored" if ignore_errors else "failed", lost=not ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        event = _Event(result)
        self._say_failed("unreachable", event, constants.COLOR_UNREACHABLE)
        self._end(event, "unreachable", lost=not event.ignores_unreachable)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._warn(_Event(result))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        event = _Event(result)
        self._failed_items[event.host].append(event.result)
        self._warn(event)

    def v2_on_file_diff(self, result: Any) -> None:
        event = _Event(result)
        if event.result.get("changed"):
            for line in telling.diffs(event.result):
                self._screen.say(f"{event.host}: {line}", _DIFF_COLORS.get(line[:1]))

    def _end(self, event: _Event, status: str, *, lost: bool = False, included: bool = False) -> None:
        self._tally.note(
            event.host, event.action, event.result, unreachable=status == "unreachable", planned=event.check_mode
        )
        self._crew.leave(event.host, lost=lost, included=included)
        self._failed_items.pop(event.host, None)
        self._warn(event)
        if _DISPLAY.verbosity:
            self._screen.say(f"{status}: {event.host}: {event.task_name}")
        self._screen.ended(self._status)

    def _say_failed(self, status: str, event: _Event, color: str) -> None:
        """A failure in full; of a loop, each item that failed, which the end of the loop does not tell."""
        failed = self._failed_items.get(event.host) or [event.result]
        # Items whose results are hidden all say the same.
        for told in dict.fromkeys(map(telling.failure, failed)):
            self._screen.say(f"{status}: {event.host}: {event.task_name}: {told}", color)

    def _warn(self, event: _Event) -> None:
        for text in map(str, event.result.get("warnings") or ()):
            if text not in self._warned:
                self._screen.say(f"warning: {event.host}: {text}", constants.COLOR_WARN)
            self._warned[text].add(event.host)

    # --- what is told --------------------------------------------------------------------------------------------

    def _status(self) -> str:
        """Where the run is, on one line. The task comes last, because a narrow terminal cuts off the end."""
        crew = self._crew
        if crew.only:
            return f"{crew.only}: {self._task_name}"
        further = crew.at_work - _NAMED
        at_work = ", ".join(crew.first_at_work(_NAMED)) + (f" and {further} more" if further > 0 else "")
        now = f", now {at_work}" if at_work else ""
        return f"{crew.done} of {crew.expected} done, {crew.left} left{now}: {self._task_name}"

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._screen.say(f"{self._play_name}: no host matches", constants.COLOR_SKIP)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._screen.clear()
        recap = {host: stats.summarize(host) for host in stats.processed}
        states = self._tally.states(recap)
        environments = self._environments(states)
        for text, hosts in self._warned.items():
            if len(hosts) > 1:
                self._screen.say(f"warning on {summary.counted(len(hosts))}: {_beginning(text)}", constants.COLOR_WARN)
        for line in summary.summary(self._tally, states, environments):
            self._screen.say(line.text, line.color)
        self._screen.say(f"Ended after {time.monotonic() - self._began_at:.0f} s.")

    def _environments(self, hosts: Iterable[str]) -> dict[str, str]:
        """The environment of each host, by its variables as a playbook sees them."""
        if self._play is None:
            return {}
        hostvars = self._play.get_variable_manager().get_vars(play=self._play)["hostvars"]
        return {host: _environment(hostvars[host]) for host in hosts}


def _extent(everybody: int, batch: int, check_mode: bool) -> str:
    """How much a play has to do."""
    return ", ".join(
        filter(
            None,
            [
                f"{everybody} host" if everybody == 1 else f"{everybody} hosts",
                f"{batch} at a time" if batch < everybody else "",
                "check mode" if check_mode else "",
            ],
        )
    )


def _beginning(text: str) -> str:
    """A text by which one that was shown before is known again."""
    return text if len(text) <= _BEGINNING else f"{text[:_BEGINNING].rstrip()} …"


def _plain_name(task: Any) -> str:
    """The name of a task without its role."""
    return str(task.get_name()).rpartition(" : ")[2].strip()


def _environment(variables: Mapping[str, Any]) -> str:
    return environment_of(str(variables.get("weestimate_smtp_environment") or ""), map(str, variables["group_names"]))
