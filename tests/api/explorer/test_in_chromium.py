from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from mpp_api.settings import ApiSettings
from mpp_stores.api_keys import Role
from tests.api.addresses import without
from tests.api.dataset import Dataset
from tests.api.explorer.page import Page
from tests.api.keys import KEYS
from tests.api.live import live

PHONE_WIDTH = 320


def views(dataset: Dataset) -> list[dict[str, str]]:
    return [
        {"user": ""},
        {"user": dataset.id("ada")},
        {"campaigns": ""},
        {"campaign": dataset.id("boots")},
        {"text": ""},
    ]


def open_first_reasons(page: Page) -> None:
    for summary in page.all("summary")[:1]:
        summary.click()
        page.shown(".ranking svg")


def test_the_page_asks_for_a_key_until_one_is_valid(page: Page, dataset: Dataset) -> None:
    page.forget_key()
    page.open()
    page.shown("#key-input").send_keys("mpp_nobody_nothing", Keys.ENTER)
    page.until_text("#key-reason", "not accepted")
    page.until(lambda: page.focused().get_attribute("id") == "key-input", "no field is focused")
    page.focused().send_keys(KEYS[Role.READ], Keys.ENTER)
    page.until_text(".results", dataset.id("ada"))
    assert KEYS[Role.READ] not in page.browser.current_url


def test_without_a_key_the_page_says_what_it_lacks(page: Page) -> None:
    page.forget_key()
    page.open(campaigns="")
    page.shown("#key-cancel").click()
    page.until_text("[role=alert]", "An API key is needed")


def test_a_key_in_the_address_is_taken_out_of_it(page: Page, dataset: Dataset) -> None:
    page.forget_key()
    page.open(key=KEYS[Role.READ], user=dataset.id("ada"))
    page.until_text("h1", dataset.id("ada"))
    assert page.script("return location.hash") == f"#user={dataset.id('ada')}"
    assert page.script("return sessionStorage.length + localStorage.length") == 1


def test_a_user_is_found_by_typing_and_shown_with_the_keyboard_alone(
    page: Page, dataset: Dataset
) -> None:
    page.open()
    page.until_text(".results", dataset.id("eve"))
    page.shown("#prefix").send_keys(dataset.id("be"))
    page.until(lambda: len(page.all(".results li")) == 1, "the list is not narrowed down")
    page.focused().send_keys(Keys.TAB)
    page.focused().send_keys(Keys.ENTER)
    page.until_text("h1", dataset.id("ben"))
    assert page.focused().tag_name == "h1"
    page.shown(".ranking summary").send_keys(Keys.ENTER)
    page.shown(".ranking svg")


def test_a_late_reply_does_not_replace_what_is_found_for_what_was_typed_since(
    page: Page, dataset: Dataset
) -> None:
    page.open()
    page.until_text(".results", dataset.id("eve"))
    page.hold_replies(dataset.id("e"))
    page.shown("#prefix").send_keys(dataset.id("e"))
    page.until(lambda: page.held() == 1, "nothing is asked")
    page.focused().send_keys(Keys.BACKSPACE, "b")
    page.until_text(".hint", "1 user")
    page.let_go(0)
    assert [each.text for each in page.all(".results span")] == [dataset.id("ben")]


@pytest.mark.parametrize("in_order", [True, False])
def test_recommendations_are_as_the_options_say_in_whatever_order_replies_arrive(
    page: Page, dataset: Dataset, in_order: bool
) -> None:
    page.open(user=dataset.id("ada"))
    page.until_settled()
    page.hold_replies("recommendations")
    seen = page.shown("[type=checkbox]")
    seen.click()
    seen.click()
    page.let_go(0 if in_order else 1)
    page.let_go(1 if in_order else 0)
    page.until_settled()
    assert page.all(".ranking li")
    assert page.all(f"[data-campaign={dataset.id('boots')}]") == []


def test_campaigns_are_of_the_status_that_was_chosen_last(page: Page) -> None:
    page.open(campaigns="")
    page.until_settled()
    page.hold_replies("/campaigns")
    choose = Select(page.shown("#status"))
    choose.select_by_value("ended")
    choose.select_by_value("upcoming")
    page.let_go(1)
    page.let_go(0)
    page.until_settled()
    assert [each.text for each in page.all("tbody .badge")] == ["upcoming"]


def test_more_is_asked_for_once_however_often_it_is_clicked(page: Page, dataset: Dataset) -> None:
    page.open()
    page.until_settled()
    page.shorten_pages(2)
    page.go(user=dataset.id("newcomer"))
    more = page.shown(".actions button")
    page.hold_replies("recommendations")
    ActionChains(page.browser).double_click(more).perform()
    assert page.held() == 1
    page.let_go(0)
    assert [each.text.partition(".")[0] for each in page.all(".ranking h3")] == list("1234")
    assert page.focused().text.startswith("3.")


def test_the_first_key_leads_past_the_navigation(page: Page) -> None:
    page.open()
    page.until_settled()
    page.shown("body").send_keys(Keys.TAB)
    assert page.focused().get_attribute("id") == "skip"
    page.focused().send_keys(Keys.ENTER)
    assert page.focused().get_attribute("id") == "content"


def test_a_recommendation_shows_its_evidence_and_where_each_message_is_from(
    page: Page, dataset: Dataset
) -> None:
    page.open(user=dataset.id("ada"))
    item = page.shown(f"[data-campaign={dataset.id('lamps')}]")
    item.find_element(By.TAG_NAME, "summary").click()
    drawn = page.shown(".ranking svg").get_property("textContent")
    for name in ("ada", "boots", "ben", "eve", "cid"):
        assert dataset.id(name) in str(drawn)
    assert "Lamps" in str(drawn)
    page.until_text(".source", f"batch {dataset.id('batch-1')}, position ")
    page.shown(".source button").click()
    page.until_text(".trail", "Dagster run")
    page.until_text(".trail", "mongo/conversations")


def test_score_parts_are_drawn_in_proportion_and_add_up(page: Page, dataset: Dataset) -> None:
    page.open(user=dataset.id("ada"))
    page.shown(".ranking summary").click()
    page.shown("table.figures")
    points = [float(cell.text) for cell in page.all("table.figures td:last-child")]
    assert sum(points[:-1]) == pytest.approx(points[-1], abs=5e-5)
    widths = [float(part.rect["width"]) for part in page.all(".ranking li:first-child .parts span")]
    shares = [point for point in points[:-1] if point]
    assert widths == pytest.approx(
        [share * float(page.shown(".parts").rect["width"]) for share in shares], abs=2
    )


def test_markup_in_messages_and_campaigns_is_shown_as_text(page: Page, dataset: Dataset) -> None:
    for route in ({"user": dataset.id("ben")}, {"campaigns": ""}, {"user": dataset.id("ada")}):
        page.open(**route)
        page.until_settled()
        assert page.all("main b, main img, main script") == []
    page.until_text(".ranking", "<b>Maps</b> of the coast")
    page.open(user=dataset.id("ben"))
    page.until_text("blockquote", "<img src=x onerror=alert(1)>")


def test_a_dismissed_campaign_is_gone_until_that_is_undone(page: Page, dataset: Dataset) -> None:
    newcomer = dataset.id("newcomer")
    page.open(user=newcomer)
    first = page.shown(".ranking li").get_attribute("data-campaign")
    page.shown(".ranking .dismiss button").click()
    page.until_text(".ranking li:first-child", "is dismissed")
    assert "is dismissed" in page.focused().text
    page.open(user=newcomer)
    assert page.shown(".ranking li").get_attribute("data-campaign") != first
    page.open(user=newcomer)
    page.shown(".ranking .dismiss button").click()
    page.until_text(".ranking li:first-child", "is dismissed")
    page.shown(".ranking li:first-child button").click()
    page.until(lambda: page.focused().tag_name == "h3", "the item is not back")
    page.until(lambda: len(page.all(".dismissed li")) == 1, "the undone one is still listed")


def test_what_was_dismissed_is_listed_and_can_be_undone_after_a_reload(
    page: Page, dataset: Dataset
) -> None:
    hesitant = dataset.id("hesitant")
    page.open(user=hesitant)
    page.until_text(".panel .empty", "None.")
    campaign_id = page.shown(".ranking li").get_attribute("data-campaign")
    name = page.text_of(".ranking h3 a")
    page.shown(".ranking .dismiss button").click()
    page.until_text(".dismissed li", name)
    page.open(user=hesitant)
    page.until_settled()
    assert page.all(f"[data-campaign={campaign_id}]") == []
    assert name in page.text_of(".dismissed li")
    page.shown(".dismissed button").click()
    page.until_text(".dismissed li", f"{name} can be recommended to {hesitant} again.")
    assert "again" in page.focused().text
    page.shown(f"[data-campaign={campaign_id}]")
    page.open(user=hesitant)
    page.until_text(".panel .empty", "None.")


def test_a_key_that_may_only_read_is_told_so_when_it_dismisses(
    page: Page, dataset: Dataset
) -> None:
    page.open(key=KEYS[Role.READ], user=dataset.id("newcomer"))
    page.shown(".ranking .dismiss button").click()
    page.until_text("[role=alert]", "role")


def test_a_text_is_recommended_for(page: Page) -> None:
    page.open(text="")
    page.shown("textarea").send_keys("Is the lamp bright enough to read by?")
    page.shown("main form button").click()
    page.until_text(".badge", "text")
    page.until_text(".ranking", "Is the lamp bright enough to read by?” (similarity 1.00")


def test_a_campaign_shows_how_it_performs_and_for_whom(page: Page, dataset: Dataset) -> None:
    page.open(campaigns="")
    page.shown("tbody a").click()
    page.open(campaign=dataset.id("boots"))
    page.until_text("main", "Boots for all weathers")
    page.until_text("main", "performance score")
    page.until_text(".results", dataset.id("ada"))
    page.until_text("main", "Tents")


def test_campaigns_of_all_pages_come_by_performance(page: Page) -> None:
    page.open()
    page.until_settled()
    page.shorten_pages(2)
    page.go(campaigns="")
    page.shown("tbody")
    campaigns = page.all("tbody th a")
    assert len(campaigns) == 9
    assert [each.text for each in campaigns[:2]] == ["Sleds", "Parasols"]


@pytest.mark.parametrize(
    ("route", "asked", "field", "found"),
    [
        ({"campaigns": ""}, "/campaigns", "status", "tbody"),
        ({"text": "Is the lamp bright enough to read by?"}, "/recommendations", "text", ".ranking"),
    ],
)
def test_a_list_that_arrives_takes_the_focus_from_nothing(
    page: Page, route: dict[str, str], asked: str, field: str, found: str
) -> None:
    page.open()
    page.until_settled()
    page.hold_replies(asked)
    page.go(**route)
    page.until(lambda: page.focused().tag_name == "h1", "the heading is not focused")
    page.focused().send_keys(Keys.TAB)
    assert page.focused().get_attribute("id") == field
    page.let_go(0)
    page.shown(found)
    assert page.focused().get_attribute("id") == field


def test_a_campaign_that_nobody_talked_about_yet_says_so(page: Page, dataset: Dataset) -> None:
    page.open(campaign=dataset.id("kites"))
    page.until_settled()
    for said in ("No messages yet.", "Nobody yet.", "None is near."):
        page.until_text(".empty", said)
    assert page.all(".results") == []


def test_the_footer_says_how_fresh_everything_is_and_from_which_run(page: Page) -> None:
    page.open()
    for said in ("ago", "1999-03-07", "Dagster run", "release"):
        page.until_text("footer", said)


def test_what_is_missing_is_said(api_settings: ApiSettings, page: Page, dataset: Dataset) -> None:
    with live(without(api_settings, "neo4j", "redis")) as url:
        degraded = Page(page.browser, f"{url}/explorer")
        degraded.open(key=KEYS[Role.READ], user=dataset.id("ada"))
        degraded.until_text(".notice", "Without Neo4j")


@pytest.mark.parametrize(
    ("color_scheme", "rules"),
    [("light", {}), ("dark", {"runOnly": {"type": "rule", "values": ["color-contrast"]}})],
)
def test_axe_finds_no_barrier_in_any_view(
    page: Page, dataset: Dataset, color_scheme: str, rules: dict[str, Any]
) -> None:
    page.prefer(color_scheme)
    found = []
    for route in views(dataset):
        page.open(**route)
        page.until_settled()
        open_first_reasons(page)
        found += [
            (route, violation["id"], [node["html"] for node in violation["nodes"]])
            for violation in Axe().run(page.browser, options=rules)["violations"]
        ]
    assert found == []


def test_a_phone_never_scrolls_sideways(page: Page, dataset: Dataset) -> None:
    page.resize(PHONE_WIDTH, 640)
    for route in views(dataset):
        page.open(**route)
        page.until_settled()
        open_first_reasons(page)
        assert page.script("return document.documentElement.scrollWidth") == PHONE_WIDTH, route


def test_a_phone_shows_similar_users_and_leaves_out_the_list_of_all(
    page: Page, dataset: Dataset
) -> None:
    page.resize(PHONE_WIDTH, 640)
    page.open(user=dataset.id("ada"))
    page.until_settled()
    assert dataset.id("ben") in page.shown(".detail .results").text
    of_all = page.browser.find_element(By.CSS_SELECTOR, ".columns > .panel .results")
    assert not of_all.is_displayed()
