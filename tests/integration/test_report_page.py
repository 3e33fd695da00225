# Copyright: (c) 2026, the weestimate.mail authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report in a real browser, as it is used: by mouse and keyboard, on phone and paper, without scripts."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import chromium
import made_reports
import pytest
from harness import CHECKOUT

from ansible_collections.weestimate.mail.plugins.plugin_utils.report import html, words

DESKTOP, PHONE = (1440, 1000), (390, 844)
OPENERS = "#fleet > tbody > tr > th > .opener"

#: Instances in every state, by their numbers, one of which has a failed test.
ONE_OF_EACH = (1, 2, 5, 9, 16)

#: The pictures that a person looks at after the design was changed.
PICTURES = CHECKOUT / ".build" / "report"

Show = Callable[..., chromium.Page]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    """One page of one browser for all tests: to start one takes a second."""
    if not chromium.PROGRAM:
        assert os.environ.get("CI") != "true", "Chromium is not installed"
        pytest.skip("Chromium is not installed")
    with chromium.opened(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def show(browser: chromium.Page, tmp_path: Path) -> Iterator[Show]:
    """Shows a report; whatever the test does with it, the browser complains of nothing and asks for nothing else."""
    file = tmp_path / "drift.html"

    def shown(report: Mapping[str, Any], fragment: str = "") -> chromium.Page:
        with file.open("w", encoding="utf-8") as written:
            written.writelines(html.render(report))
        browser.open("about:blank")
        browser.open(file.as_uri() + fragment)
        return browser

    browser.set_scripts(allowed=True)
    browser.set_screen(*DESKTOP)
    yield shown
    assert browser.complaints == []
    assert {address.partition("#")[0] for address in browser.requests} == {file.as_uri()}


@pytest.fixture(scope="module")
def fleet() -> Mapping[str, Any]:
    return made_reports.report(60)


def instances(page: chromium.Page) -> list[str]:
    return page.texts(OPENERS)


def fill(page: chromium.Page, field: str, value: str) -> None:
    """Give a field of the filters a value, as a person would."""
    page.evaluate(
        f"(field => {{ field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })"
        f"(document.querySelector('#filters [name={field}]'))"
    )


def click(page: chromium.Page, selector: str) -> None:
    page.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


def fragment_of(page: chromium.Page) -> str:
    return page.evaluate("decodeURIComponent(location.hash)")


def named(fleet: Mapping[str, Any], holds: Callable[[Mapping[str, Any]], bool]) -> list[str]:
    """The instances of which something holds, in the order of the page."""
    ordered = sorted(fleet["instances"], key=lambda finding: (finding["environment"], finding["instance"]))
    return [finding["instance"] for finding in ordered if holds(finding)]


def failing(report: Mapping[str, Any]) -> list[str]:
    return named(report, lambda finding: any(not test["ok"] for test in finding["tests"]))


# --- what it says --------------------------------------------------------------------------------------------------


def test_the_page_shows_each_instance_and_its_state(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet)

    assert instances(page) == named(fleet, bool)
    states = dict(zip(instances(page), page.texts("#fleet > tbody > tr > td:nth-child(3) > span"), strict=True))
    told = {finding["instance"]: words.STATES[finding["state"]].text for finding in fleet["instances"]}
    assert states == told
    assert page.text(".verdict").startswith("Failed 60 instances: 6 could not be examined, 6 drifted")


def test_the_numbers_lead_to_the_instances_that_they_count(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet)
    counted = page.evaluate("Array.from(document.querySelectorAll('.numbers a'), link => [link.hash, link.innerText])")
    assert len(counted) > 20

    for address, number in counted:
        page.evaluate(f"location.hash = {json.dumps(address)}")
        page.evaluate("new Promise(requestAnimationFrame)")
        assert len(instances(page)) == int(number), address


def test_what_is_to_be_done_names_who_does_it(show: Show, fleet: Mapping[str, Any]) -> None:
    told = show(fleet).text(".matters")

    assert "Exchange Online: 18" in told
    assert made_reports.WHY in told
    assert "1 mailbox: notifications@contoso.com" in told
    assert f"Test failed: {len(failing(fleet))}" in told
    assert "To be done by: mail administrator." in told


def test_details_tell_drift_stages_and_history(show: Show, fleet: Mapping[str, Any]) -> None:
    finding = fleet["instances"][53]
    assert (finding["state"], len(finding["options"]), len(finding["history"])) == ("drifted", 3, 5)
    page = show(fleet, f"#open={finding['instance']}")

    told = page.text("tr.details")

    for option in finding["options"]:
        assert option["label"] in told
    assert "Edited by hand" in told
    assert "after 2026-11-13 03:15" in told
    assert "Left by an older run" in told
    assert "awx" in told
    assert page.texts("tr.details .stages tbody th") == [*made_reports.STAGES, *made_reports.STAGES]
    assert len(page.texts("tr.details .history tbody tr")) == len(finding["history"])


def test_details_of_a_failure_say_what_to_do(show: Show) -> None:
    report = made_reports.report([made_reports.finding(9), made_reports.finding(16), made_reports.finding(1)])
    page = show(report)
    click(page, "#unfold")

    told = "\n".join(page.texts("tr.details"))
    for part in (
        *("store_unreachable", "cannot be reached", "Check host, port or instance"),
        *("Window expired", "by alice: contracts of the quarter", "Until 2026-11-22 02:15"),
        *("Failed at mail_from", "554 5.2.252", "To be mended by: mail administrator", "send_as_denied", "Not reached"),
    ):
        assert part in told, part


# --- filter, order, address ----------------------------------------------------------------------------------------


def test_filters_narrow_what_is_shown_and_are_kept_in_the_address(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet)

    fill(page, "text", "PRODUCTION -0004")
    assert instances(page) == named(fleet, lambda each: "production-0004" in each["instance"])
    fill(page, "text", "")
    fill(page, "environment", "staging")
    fill(page, "state", "drifted")
    drifted = named(fleet, lambda each: (each["environment"], each["state"]) == ("staging", "drifted"))
    assert instances(page) == drifted
    assert page.text("#shown") == f"{len(drifted)} of 60 instances (Environment: staging; State: Drifted)"
    assert fragment_of(page) == "#environment=staging&state=drifted"

    kept = show(fleet, page.evaluate("location.hash"))
    assert instances(kept) == drifted
    click(kept, "#filters [type=reset]")
    assert len(instances(kept)) == 60
    fill(kept, "concern", "test_failed")
    assert instances(kept) == failing(fleet)
    fill(kept, "text", "there is no such instance")
    assert instances(kept) == []


def test_columns_are_sorted_by_what_they_mean(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet)
    titles = page.texts("#fleet thead button")
    column = titles.index("Password") + 1
    ages = {each["instance"]: each["password"]["age_days"] for each in fleet["instances"]}

    click(page, f"#fleet thead th:nth-child({column}) button")
    rising = [ages[instance] for instance in instances(page)]
    click(page, f"#fleet thead th:nth-child({column}) button")
    falling = [ages[instance] for instance in instances(page)]

    known = sorted(age for age in ages.values() if age is not None)
    assert [age for age in rising if age is not None] == known
    assert [age for age in falling if age is not None] == known[::-1]
    assert set(rising[len(known) :]) == set(falling[len(known) :]) == {None}
    assert page.evaluate(f"document.querySelector('#fleet th:nth-child({column})').ariaSort") == "descending"
    assert fragment_of(page) == f"#sort=-{column}"


def test_the_most_pressing_states_come_first(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet, "#sort=3")

    told = page.texts("#fleet > tbody > tr > td:nth-child(3) > span")

    assert list(dict.fromkeys(told)) == [word.text for word in words.STATES.values()]


@pytest.mark.parametrize(
    "fragment", ["#environment=nowhere&state=well&sort=99", "#sort=x&open=nobody", "#i-9999", "#%", "#concern"]
)
def test_an_address_that_asks_for_what_there_is_not_shows_everything(
    show: Show, fleet: Mapping[str, Any], fragment: str
) -> None:
    assert len(instances(show(fleet, fragment))) == 60


def test_a_link_to_an_instance_opens_its_details(show: Show, fleet: Mapping[str, Any]) -> None:
    page = show(fleet)

    click(page, ".names a")
    page.evaluate("new Promise(requestAnimationFrame)")

    assert len(page.texts("tr.details")) == 1
    assert page.text("tr.details h3").split()[0] == page.text(".names a")
    assert page.evaluate("document.activeElement.innerText") == page.text(".names a")


# --- other ways to read it -----------------------------------------------------------------------------------------


def test_everything_is_reached_and_done_with_the_keyboard(show: Show) -> None:
    page = show(made_reports.report(3))
    first = instances(page)[0]

    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.press("Enter")
    page.press("Tab")
    assert page.evaluate("document.activeElement.name") == "text"
    page.type("development")
    assert instances(page) == [first]
    while page.evaluate("document.activeElement.className") != "opener":
        page.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.press("Enter")
    assert page.evaluate("document.activeElement.ariaExpanded") == "true"
    assert len(page.texts("tr.details")) == 1
    page.press(" ")
    assert page.evaluate("document.activeElement.ariaExpanded") == "false"
    assert page.texts("tr.details") == []


def test_all_is_there_without_scripts(show: Show, fleet: Mapping[str, Any], browser: chromium.Page) -> None:
    browser.set_scripts(allowed=False)

    page = show(fleet)

    assert len(page.texts("article h3")) == len(page.texts("#fleet > tbody > tr")) == 60
    assert "Left by an older run" in page.text("#details")
    assert page.evaluate("document.querySelector('#filters').hidden")
    targets = "Array.from(document.querySelectorAll('#fleet th a'), a => document.querySelector(a.hash).innerText)"
    assert [text.split()[0] for text in page.evaluate(targets)] == page.texts("#fleet > tbody th > a")


def test_a_phone_shows_cards_that_are_rows_to_a_screen_reader(show: Show, browser: chromium.Page) -> None:
    browser.set_screen(*PHONE)
    page = show(made_reports.report(20))
    click(page, "#unfold")

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    assert page.evaluate("getComputedStyle(document.querySelector('#fleet td'), '::before').content") == '"Environment"'
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in nodes if not node["ignored"]]
    assert roles.count("row") > 20
    assert {"table", "cell", "rowheader", "columnheader"} <= set(roles)
    fill(page, "sort", "-3")
    assert page.texts("#fleet > tbody > tr > td:nth-child(3) > span")[0] == "In sync"


def test_paper_has_the_table_without_its_controls(show: Show, browser: chromium.Page, tmp_path: Path) -> None:
    browser.set_screen(*DESKTOP, dark=True, medium="print")
    page = show(made_reports.report(20), "#state=drifted")

    assert page.evaluate("getComputedStyle(document.querySelector('#filters')).display") == "none"
    assert page.text("#shown") == "2 of 20 instances (State: Drifted)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.pdf(tmp_path / "drift.pdf")
    assert (tmp_path / "drift.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_rule_of_accessibility_is_broken(show: Show, browser: chromium.Page, screen: tuple[int, int]) -> None:
    browser.set_screen(*screen)

    found = judged(show, ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"])

    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []
    assert len(found["passes"]) > 20


@pytest.mark.slow
@pytest.mark.parametrize("guise", [{}, {"dark": True}, {"medium": "print"}], ids=["light", "dark", "print"])
def test_every_text_stands_out_from_what_is_behind_it(
    show: Show, browser: chromium.Page, guise: Mapping[str, Any]
) -> None:
    browser.set_screen(*DESKTOP, **guise)

    found = judged(show, ["color-contrast"])

    # A contrast that could not be measured is not proven.
    assert [node["html"] for rule in found["violations"] + found["incomplete"] for node in rule["nodes"]] == []
    assert len(found["passes"]) == 1


def judged(show: Show, rules: list[str]) -> Mapping[str, Any]:
    """What axe, the usual judge of web pages, says about a page with all details open."""
    page = show(made_reports.report([made_reports.finding(index) for index in ONE_OF_EACH]), "#sort=3")
    click(page, "#unfold")
    page.evaluate(_axe())
    return page.evaluate(f"axe.run({{runOnly: {rules}}})")


def _axe() -> str:
    """The source of axe; the Python package only brings it."""
    package = Path(importlib.util.find_spec("axe_core_python").origin)
    return package.with_name("axe.min.js").read_text(encoding="utf-8")


# --- what others have written --------------------------------------------------------------------------------------

HOSTILE = [
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "</noscript></article></table><svg onload='window.hit = 1'>",
    '" onmouseover="window.hit = 1" x=\'',
    "<!--<style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}&lt;b&gt;",
    "\u202egnirts\u0000\ud83d\u2028",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_report_is_text_whatever_it_holds(show: Show, text: str) -> None:
    elements = "document.querySelectorAll('*').length"
    harmless = show(made_reports.hostile(" harmless"))
    click(harmless, "#unfold")
    expected = harmless.evaluate(elements)

    page = show(made_reports.hostile(text))
    click(page, "#unfold")

    assert page.evaluate(elements) == expected
    assert page.evaluate("window.hit") is None
    readable = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    assert page.evaluate(f"document.querySelector('{OPENERS}').textContent").endswith(readable)
    details = page.evaluate("document.querySelector('tr.details').textContent")
    assert details.count(readable) > 5


def test_a_page_runs_and_loads_nothing_but_its_own(show: Show, browser: chromium.Page) -> None:
    page = show(made_reports.report(1))

    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.hit = 1'}))")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://127.0.0.1:9/\">')")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")

    assert page.evaluate("window.hit") is None
    refused = {name for name in ("script-src", "connect-src", "img-src") if name in " ".join(page.complaints)}
    assert refused == {"script-src", "connect-src", "img-src"}
    browser.open("about:blank")  # for what every test ends with
    show(made_reports.report(1))


# --- a large fleet -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_instances_stay_usable(show: Show, record_property: Callable[[str, object], None]) -> None:
    report = made_reports.report(1000)
    started = time.process_time()
    characters = sum(map(len, html.render(report)))
    took = {"rendered": time.process_time() - started}
    page = show(report)

    def timed(name: str, act: Callable[[], object]) -> None:
        before = page.work
        act()
        page.evaluate("document.body.offsetHeight")
        took[name] = page.work - before

    timed("filtered", lambda: fill(page, "text", "staging"))
    assert len(instances(page)) == 333
    timed("sorted", lambda: click(page, "#fleet thead th:nth-child(8) button"))
    fill(page, "text", "")
    timed("opened", lambda: click(page, OPENERS))

    assert page.text("#shown") == "All instances: 1,000, the first 500 shown"
    click(page, "#more button")
    assert len(instances(page)) == 1000
    times = ", ".join(f"{name} in {seconds:.2f} s" for name, seconds in took.items())
    record_property("figure", f"page of 1,000 instances, {characters / 1e6:.1f} MB: {times} of processor time")
    assert max(took.values()) < 2


# --- for people ----------------------------------------------------------------------------------------------------


def test_pictures_for_somebody_to_look_at(show: Show, browser: chromium.Page) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    report = made_reports.report([made_reports.finding(index) for index in (0, 1, 2, 4, 5, 7, 9, 16, 22, 34)])
    screens = {
        "desktop": {"width": 1280, "height": 800},
        "dark": {"width": 1280, "height": 800, "dark": True},
        "phone": {"width": PHONE[0], "height": PHONE[1]},
        "print": {"width": 1030, "height": 800, "medium": "print"},
    }
    for name, screen in screens.items():
        browser.set_screen(**screen)
        show(report, f"#open={report['instances'][2]['instance']}").screenshot(PICTURES / f"{name}.png")

    # A page on which nothing is seen is a tenth of that.
    assert min((PICTURES / f"{name}.png").stat().st_size for name in screens) > 100_000
