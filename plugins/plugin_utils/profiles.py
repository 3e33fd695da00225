# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles as files: where they lie, what their text means, and how overrides are laid over them.

Rendering is the caller's part, because only Ansible can do it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.options import PASSWORD

#: How a profile's file name ends; the first that exists is taken.
SUFFIXES = (".yml.j2", ".yaml.j2", ".yml", ".yaml")

#: A name is one file name without a path, so that it cannot leave the directories.
NAME = re.compile(r"\w[\w.-]*", re.ASCII)


class _Loader(yaml.SafeLoader):
    """The safe loader of PyYAML itself: libyaml refuses the surrogates with which JSON writes some characters."""


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A string in which two surrogates are one character again: YAML takes each escape by itself."""
    return loader.construct_scalar(node).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def available(directories: Sequence[str]) -> list[str]:
    """The names of all profiles in ``directories``, sorted, each once."""
    return sorted(
        {
            file.name.removesuffix(suffix)
            for directory in map(Path, directories)
            if directory.is_dir()
            for file in directory.iterdir()
            for suffix in SUFFIXES
            if file.name.endswith(suffix)
        }
    )


def find(name: str, directories: Sequence[str]) -> str:
    """The path of the profile ``name``: the first directory that has it wins.

    Raises `MailSettingsError` ``profile_missing``, with the directories searched and the profiles that are there.
    """
    if NAME.fullmatch(name):
        for directory in map(Path, directories):
            for suffix in SUFFIXES:
                file = directory / f"{name}{suffix}"
                if file.is_file():
                    return str(file)
    known = available(directories)
    raise MailSettingsError(
        "profile_missing",
        f"There is no profile {name!r} in {', '.join(directories) or 'any directory, as none was given'}.",
        f"Choose one that is there ({', '.join(known) or 'none'}), or write {name}.yml.j2 in one of these directories.",
        searched=list(directories),
        available=known,
    )


def parse(rendered: Any, file: str) -> dict[str, Any]:
    """The document that a rendered profile holds.

    ``rendered`` is text, or already data where Ansible made the template's only expression a value of its own.
    Raises `MailSettingsError` ``profile_invalid``; the message quotes no line of the profile, only its place.
    """
    return shaped(load(rendered, file) if isinstance(rendered, str) else rendered, file)


def load(rendered: str, file: str) -> Any:
    """What the text of a profile holds, of whatever shape; raises as `parse` does."""
    try:
        return yaml.load(rendered, _Loader)  # noqa: S506 # it is safe
    except yaml.YAMLError as error:
        raise _invalid(file, f"is not YAML once it is rendered: {_yaml_fault(error)}", _FIX_YAML) from None


def shaped(document: Any, file: str) -> dict[str, Any]:
    """The same document, which is a mapping with a mapping of settings; raises as `parse` does."""
    if not isinstance(document, dict):
        raise _invalid(file, f"holds {_kind(document)} where a mapping is expected", _FIX_SHAPE)
    if not isinstance(document.get("settings"), dict):
        raise _invalid(
            file, f"has {_kind(document.get('settings'))} under 'settings' where a mapping is expected", _FIX_SHAPE
        )
    return document


def complete(settings: Mapping[str, Any]) -> dict[str, Any]:
    """``settings`` with a blank password beside a blank login.

    A profile for an open relay cannot say so itself, because no profile may name the password; without it, a password
    left from an earlier server would stay behind and not fit.
    """
    return {**settings, PASSWORD.name: ""} if settings.get("smtp_user") == "" else dict(settings)


_FIX_YAML = "Correct the profile; each value that comes from a variable goes through '| to_json'."
_FIX_SHAPE = "A profile is a mapping with a 'description' and with 'settings', a mapping of option names to values."


def _invalid(file: str, fault: str, remedy: str) -> MailSettingsError:
    return MailSettingsError("profile_invalid", f"The profile {file} {fault}.", remedy, file=file)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def _yaml_fault(error: yaml.YAMLError) -> str:
    """What is wrong and at which line, without the source line that PyYAML would quote."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "it holds a character that YAML does not allow"
    mark = error.problem_mark or error.context_mark
    return f"{error.problem or error.context}, line {mark.line + 1}, column {mark.column + 1}"
