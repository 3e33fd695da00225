# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in check mode says what would change, and leaves the host as it was."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def prediction(apply):
    """What a user sees of a run with --check --diff on a host that has not converged yet."""
    return apply("--check", "--diff")


def test_it_foretells_the_change_and_masks_the_password(prediction, canary):
    assert prediction.status == 0, prediction.shown
    assert "changed=1 " in prediction.shown
    assert "smtp.office365.com" in prediction.shown
    assert canary not in prediction.shown


@pytest.mark.usefixtures("prediction")
def test_not_a_byte_of_the_database_changed(host):
    host.run_expect([0], "sha256sum --check --status /root/database-before")


@pytest.mark.usefixtures("prediction")
def test_the_approval_server_was_left_alone(approval_server):
    assert approval_server.times_started() == 1
    assert approval_server.health()["settings"]["mail_enabled"] is False
