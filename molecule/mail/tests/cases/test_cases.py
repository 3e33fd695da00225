# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each case of vars/cases.yml ends as it says there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

CASES = yaml.safe_load((Path(__file__).parents[2] / "vars" / "cases.yml").read_text(encoding="utf-8"))["mail_cases"]
FAILURES = {name: case["fails"] for name, case in CASES.items() if "fails" in case}
SUCCESSES = {name: case["reaches"] for name, case in CASES.items() if "reaches" in case}


def test_every_case_says_how_it_ends():
    assert FAILURES.keys() | SUCCESSES.keys() == CASES.keys()
    assert FAILURES.keys() & SUCCESSES.keys() == set()


@pytest.fixture(params=FAILURES)
def failure(request, results):
    """What came of a case that has to fail, and what it should be."""
    return results["cases"][request.param], FAILURES[request.param]


def test_a_failure_is_diagnosed(failure):
    result, expected = failure
    assert result.get("error_code") == expected.get("error_code", "test_failed"), result["msg"]
    seen = {"stage": result["failed_stage"], **{key: result["diagnosis"][key] for key in ("cause", "owner")}}
    assert seen == {key: expected[key] for key in seen}, result["msg"]


def test_a_failure_comes_with_its_remedy(failure):
    result, _expected = failure
    diagnosis = result["diagnosis"]
    assert diagnosis["remedy"]
    assert all(step.strip() for step in diagnosis["remedy"])
    assert all(step in result["remedy"] for step in diagnosis["remedy"])
    assert diagnosis["summary"] in result["msg"]
    assert diagnosis["evidence"]


def test_nothing_is_done_after_the_stage_that_failed(failure):
    result, expected = failure
    names = [stage["name"] for stage in result["stages"]]
    statuses = [stage["status"] for stage in result["stages"]]
    failed = names.index(expected["stage"])
    assert set(statuses[:failed]) <= {"ok", "skipped"}
    assert statuses[failed] == "failed"
    assert set(statuses[failed + 1 :]) <= {"skipped"}


@pytest.mark.parametrize("name", SUCCESSES)
def test_a_success_reaches_its_stage(name, results):
    result = results["cases"][name]
    assert result["ok"] is True, result["msg"]
    assert [stage["name"] for stage in result["stages"] if stage["status"] == "ok"][-1] == SUCCESSES[name]
    assert (result["failed_stage"], result["diagnosis"]) == (None, None)


@pytest.mark.parametrize("name", CASES)
def test_a_trial_never_counts_as_a_change(name, results):
    assert results["cases"][name]["changed"] is False


def test_a_greylisted_mail_is_sent_again(results):
    assert results["cases"]["greylisted_and_patient"]["attempts"] == 2


def test_the_certificate_is_described(results):
    seen = results["cases"]["submission"]["tls"]
    assert seen["protocol"] == "TLSv1.3"
    assert "Authority of this run" in seen["issuer"]
    assert 6 <= seen["expires_in_days"] <= 7


def test_a_certificate_that_was_refused_is_described_as_well(results):
    assert results["cases"]["expired"]["tls"]["expires_in_days"] < 0
    assert results["cases"]["self_signed"]["tls"]["issuer"] == results["cases"]["self_signed"]["tls"]["subject"]
