# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An approval server that does not come back fails the run clearly, and the next run brings it back."""

from __future__ import annotations

import json

import pytest

# What the server says last: it might hold a secret, so a message tells where it stands and does not quote it. Its two
# halves are apart in the unit, so whoever shows them joined has read the journal.
COMPLAINT = "The licence file is missing"
COMPLAIN = 'echo "The licence file" "is missing" >&2'

# Drop-ins for the unit. The first makes "systemctl restart" itself fail; with the second the server ends afterwards.
FAULTS = {
    "refuses-to-start": f"""[Service]
ExecStartPre=/bin/sh -c '{COMPLAIN}; exit 1'
""",
    "ends-after-its-start": f"""[Service]
ExecStart=
ExecStart=/bin/sh -c '{COMPLAIN}; sleep 0.2; exit 1'
""",
}


@pytest.fixture(params=FAULTS)
def fault(request, approval_server):
    """The name of a fault that the unit has for the time of one test."""
    approval_server.override_unit(FAULTS[request.param])
    yield request.param
    approval_server.override_unit("")


def test_the_failure_is_told_and_the_next_run_heals_it(fault, approval_server, apply):
    rotated = f"rotated while it {fault}"
    secret = ("--extra-vars", json.dumps({"weestimate_smtp_password": rotated}))

    failing = apply(*secret)
    assert failing.status == 2, failing.shown
    assert "journalctl --unit=" in failing.failure("recycle_failed").get("msg", ""), failing.shown
    assert COMPLAINT not in failing.shown
    assert rotated not in failing.shown
    assert approval_server.options()["SMTP Password"] == rotated

    approval_server.override_unit("")
    started = approval_server.times_started()
    healing = apply(*secret, "--extra-vars", "weestimate_smtp_recycle=always")
    assert healing.status == 0, healing.shown
    assert approval_server.times_started() == started + 1
    assert approval_server.unit("ActiveState") == {"ActiveState": "active"}
