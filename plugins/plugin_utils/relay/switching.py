# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules on the arguments of relay_config, beyond their types. No value is quoted: it may be a secret, misplaced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.weestimate.mail.plugins.module_utils.relay.arguments import PRESENT
from ansible_collections.weestimate.mail.plugins.plugin_utils.relay.rules import Rule
from ansible_collections.weestimate.mail.plugins.plugin_utils.schema import Violation

_ABSOLUTE = re.compile(r"(?:/(?!\.{1,2}(?:/|\Z))[^/\x00-\x1f\x7f]+)+")
_MODE = re.compile(r"0[0-7]{3}")

_DECLARED = Rule("A relay has files", "List in files what the relay is to be configured by; an empty list is no relay.")
_PATH = Rule(
    "A path is absolute", "Begin it with a slash, and leave out '.', '..', doubled slashes and one at the end."
)
_ONCE = Rule("A file is listed once", "Remove one of those that have this path.")
_NOT_BELOW = Rule("A file does not lie below a file", "Move it, or the one in whose place its folder would have to be.")
_OUTSIDE = Rule("A file lies outside of what the module keeps for itself", "Choose another path, or another directory.")
_TEXT = Rule("A content is text", "Use a template that gives text; end it with `| string` or `| to_json` if need be.")
_OCTAL = Rule("A mode has four octal digits", "Write it in quotes, such as '0640'.")
_PRIVATE = Rule("Nobody but its owner may use a secret file", "Set it to '0600', or leave it out.")
_ON_TRIAL = Rule("What is on trial is one of the files", "List a file with this path in files, or remove it here.")
_COMMAND = Rule("A command names a program", "Write a list of the program and its arguments, in their order.")


def violations(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Violation]:
    """What breaks a rule in validated arguments; ``given`` are those as the user wrote them."""
    if not _ABSOLUTE.fullmatch(arguments["directory"]):
        yield _PATH.broken_at("directory")
    if arguments["state"] == PRESENT:
        yield from _of_files(arguments, given)
        yield from _on_trial(arguments)
    for name in ("checks", "settled"):
        yield from (_COMMAND.broken_at(f"{name}[{n}]") for n, command in enumerate(arguments[name]) if not any(command))
    for number, each in enumerate(arguments["activate"]):
        if not any(each["command"]):
            yield _COMMAND.broken_at(f"activate[{number}].command")


def _of_files(arguments: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Violation]:
    if not arguments["files"]:
        yield _DECLARED.broken_at("files")
    times = Counter(file["path"] for file in arguments["files"])
    for number, file in enumerate(arguments["files"]):
        for name, rule in _of_file(file, times, arguments["directory"]):
            yield rule.broken_at(f"files[{number}].{name}")
        # A template that looks like a list or a mapping may have become one, and would be written as Python writes it.
        if not isinstance(given["files"][number]["content"], str):
            yield _TEXT.broken_at(f"files[{number}].content")


def _on_trial(arguments: Mapping[str, Any]) -> Iterator[Violation]:
    for path, end in arguments["on_trial"].items():
        if path not in {file["path"] for file in arguments["files"]}:
            yield _ON_TRIAL.broken_at(f"on_trial.{path}")
        if not isinstance(end, str):
            yield _TEXT.broken_at(f"on_trial.{path}")


def _of_file(file: Mapping[str, Any], times: Mapping[str, int], directory: str) -> Iterator[tuple[str, Rule]]:
    path, mode = file["path"], file["mode"]
    if not _ABSOLUTE.fullmatch(path):
        yield "path", _PATH
    if times[path] > 1:
        yield "path", _ONCE
    if any(_is_below(path, other) for other in times):
        yield "path", _NOT_BELOW
    if path == directory or _is_below(path, directory):
        yield "path", _OUTSIDE
    if mode is not None and not _MODE.fullmatch(mode):
        yield "mode", _OCTAL
    elif mode is not None and file["secret"] and int(mode, 8) & 0o077:
        yield "mode", _PRIVATE


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")
