# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a ``store`` argument to a connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Store
from .mssql import MssqlStore
from .sqlite import SqliteStore

_ENGINES = {"sqlite": SqliteStore, "mssql": MssqlStore}


def open_store(arguments: Mapping[str, Any]) -> Store:
    """Connect to the database that a validated ``store`` argument names; close it after use."""
    return _ENGINES[arguments["driver"]](arguments)
