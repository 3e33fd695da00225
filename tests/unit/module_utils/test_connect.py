# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ``store`` argument leads to its engine."""

from __future__ import annotations

from contextlib import closing

import pytest
from programoption import Database

from ansible_collections.weestimate.mail.plugins.module_utils.errors import MailSettingsError
from ansible_collections.weestimate.mail.plugins.module_utils.stores.base import Store
from ansible_collections.weestimate.mail.plugins.module_utils.stores.connect import open_store
from ansible_collections.weestimate.mail.plugins.module_utils.stores.mssql import MssqlStore
from ansible_collections.weestimate.mail.plugins.module_utils.stores.sqlite import SqliteStore


def test_sqlite_is_opened_by_its_path(database: Database) -> None:
    with closing(open_store(database.store)) as store:
        assert isinstance(store, SqliteStore)
        assert store.place == str(database.path)


def test_sql_server_is_reached_by_its_own_file() -> None:
    closed_port = {"driver": "mssql", "host": "127.0.0.1", "port": 1, "database": "x", "connect_timeout": 1}

    with pytest.raises(MailSettingsError) as caught:
        open_store({**closed_port, "user": "u", "password": "hunter2"})

    assert caught.value.code in ("store_unreachable", "driver_missing")
    assert "hunter2" not in str(caught.value.result())


@pytest.mark.parametrize("engine", [SqliteStore, MssqlStore])
def test_every_engine_offers_what_the_protocol_names(engine: type) -> None:
    promised = {name for name in Store.__dict__ if not name.startswith("_")} | {"DEFAULT_SCHEMA", "LOCK_HINT"}

    assert {name for name in promised if not hasattr(engine, name)} == set()


def test_a_store_may_be_closed_twice(database: Database) -> None:
    store = open_store(database.store)
    store.close()
    store.close()
