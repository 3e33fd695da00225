# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The age of a password in whole days, and what counts as too old."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.weestimate.mail.plugins.plugin_utils.age import is_overdue, password_age

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("changed_at", "days"),
    [
        ("2026-11-22T12:00:00+00:00", 0),
        ("2026-11-21T12:00:01+00:00", 0),
        ("2026-11-21T12:00:00+00:00", 1),
        ("2026-11-21T14:00:00+02:00", 1),
        ("2026-11-21T12:00:00Z", 1),
        ("2026-11-21T12:00:00", 1),
        ("2025-11-22T12:00:00+00:00", 365),
        (None, None),
        ("", None),
    ],
)
def test_the_age_is_counted_in_whole_days(changed_at: str | None, days: int | None) -> None:
    assert password_age(changed_at, NOW) == days


def test_another_time_zone_of_now_changes_nothing() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-7)))
    assert password_age("2026-11-21T12:00:00+00:00", there) == 1


def test_what_is_no_time_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        password_age("yesterday", NOW)


@pytest.mark.parametrize(
    ("age", "at_most", "overdue"),
    [(90, 90, False), (91, 90, True), (0, 0, False), (1, 0, True), (None, 90, False), (400, None, False)],
)
def test_a_password_is_overdue_the_day_after_its_last(age: int | None, at_most: int | None, overdue: bool) -> None:
    assert is_overdue(age, at_most) is overdue
