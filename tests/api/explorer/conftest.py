"""The page in headless Chromium, over the real app."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from mpp_api.dependencies import get_embedder
from mpp_api.settings import ApiSettings
from mpp_local.prerequisites import (
    browser_problem,
    find_browser,
    find_browser_driver,
    find_platform,
)
from mpp_stores.api_keys import Role
from tests.api.dataset import Dataset
from tests.api.explorer.page import Page
from tests.api.keys import KEYS
from tests.api.known_texts import KnownTexts
from tests.api.live import live


@pytest.fixture(scope="session")
def address(api_settings: ApiSettings, dataset: Dataset) -> Iterator[str]:
    embedder = KnownTexts(dataset)
    with live(api_settings, {get_embedder: lambda: embedder}) as url:
        yield f"{url}/explorer"


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    binary, driver = find_browser(), find_browser_driver()
    problem = browser_problem(binary, driver, find_platform())
    assert problem is None, problem
    options = ChromeOptions()
    options.binary_location = str(binary)
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")  # root has none
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    yield chrome
    chrome.quit()


@pytest.fixture
def page(browser: Chrome, address: str) -> Iterator[Page]:
    """On a desktop, with a key; whatever a test does, the console stays empty of errors."""
    page = Page(browser, address)
    page.resize(1280, 900)
    page.prefer("light")
    page.open(key=KEYS[Role.ADMIN])
    browser.get_log("browser")
    yield page
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    expected = [entry for entry in errors if "Failed to load resource" in entry["message"]]
    assert errors == expected
