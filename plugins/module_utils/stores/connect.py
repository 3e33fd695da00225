# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a ``store`` argument to a connection."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from typing import Any

from .base import Store
from .mssql import MssqlStore
from .sqlite import SqliteStore

_ENGINES = {"sqlite": SqliteStore, "mssql": MssqlStore}

#: What Ansible's documentation calls a path. Ansible fills in variables and homes for modules only, not for actions.
_PATHS = ("path", "server_certificate")


def open_store(arguments: Mapping[str, Any]) -> Store:
    """Connect to the database that a validated ``store`` argument names; close it after use."""
    given = {name: arguments[name] for name in _PATHS if arguments.get(name)}
    # Unlike pathlib's, this expanduser leaves the home of an unknown user as it is, which is then a file not found.
    paths = {name: os.path.expanduser(os.path.expandvars(path)) for name, path in given.items()}  # noqa: PTH111
    return _ENGINES[arguments["driver"]]({**arguments, **paths})
