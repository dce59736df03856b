"""What a person does with the page, and sees of it."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T")

SHOWN_WITHIN_SECONDS = 20

_HOLD = """
const [part] = arguments;
const send = window.fetch;
window.held = [];
window.fetch = (target, request) => {
  if (!String(target).includes(part)) return send(target, request);
  const whole = send(target, request).then(async (response) => {
    const body = await response.json();
    response.json = async () => body;
    return response;
  });
  whole.catch(() => {});  // is told to who asked
  return new Promise((arrive, fail) => window.held.push(() => whole.then(arrive, fail)));
};
"""
_LET_GO = "window.held[arguments[0]]().finally(arguments[1])"
_SHORTEN_PAGES = """
const [limit] = arguments;
const send = window.fetch;
window.fetch = (target, request) => {
  if (target.searchParams.has("limit")) target.searchParams.set("limit", limit);
  if (!request.body) return send(target, request);
  return send(target, { ...request, body: JSON.stringify({ ...JSON.parse(request.body), limit }) });
};
"""


class Page:
    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser = browser
        self._address = address

    def open(self, **route: str) -> None:
        """A new load of the page; `key` is part of the route as in a link that was given out."""
        self.browser.get("about:blank")
        self.browser.get(f"{self._address}#{urlencode(route)}")

    def go(self, **route: str) -> None:
        """By a link within the page, without a load."""
        self.browser.execute_script("location.hash = arguments[0]", urlencode(route))

    def forget_key(self) -> None:
        self.browser.get(self._address)
        self.browser.execute_script("sessionStorage.clear()")

    def until(self, condition: Callable[[], T], message: str) -> T:
        def holds(_: Chrome) -> T:
            return condition()

        waiting = WebDriverWait(
            self.browser,
            SHOWN_WITHIN_SECONDS,
            poll_frequency=0.05,
            # The page may replace an element between the finding and the reading of it.
            ignored_exceptions=[StaleElementReferenceException],
        )
        return waiting.until(holds, message)

    def shown(self, selector: str) -> WebElement:
        """The first such element, as soon as it is visible."""

        def visible() -> WebElement | None:
            found = self.browser.find_elements(By.CSS_SELECTOR, selector)
            return next((each for each in found if each.is_displayed()), None)

        element = self.until(visible, f"{selector} is not shown")
        assert element is not None
        return element

    def until_text(self, selector: str, text: str) -> None:
        """The text as a screen reader has it, hidden parts included."""

        def has_text() -> bool:
            found = self.browser.find_elements(By.CSS_SELECTOR, selector)
            return any(text in str(each.get_property("textContent")) for each in found)

        self.until(has_text, f"{selector} does not say {text!r}")

    def until_settled(self) -> None:
        self.shown("main h1")
        self.until(
            lambda: not self.browser.find_elements(By.CSS_SELECTOR, "[aria-busy]"), "still loading"
        )

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text_of(self, selector: str) -> str:
        return str(self.shown(selector).get_property("textContent"))

    def focused(self) -> WebElement:
        return self.browser.switch_to.active_element

    def script(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def hold_replies(self, part_of_address: str) -> None:
        """Those to such addresses arrive only when they are let go; until the next load."""
        self.browser.execute_script(_HOLD, part_of_address)

    def held(self) -> int:
        """How many were asked for."""
        return int(self.script("return window.held.length"))

    def let_go(self, number: int) -> None:
        """The reply of that number, from 0, whole and at once: when this returns, the page has
        taken note of it."""
        self.browser.execute_async_script(_LET_GO, number)

    def shorten_pages(self, limit: int) -> None:
        """Of all lists, until the next load."""
        self.browser.execute_script(_SHORTEN_PAGES, limit)

    def resize(self, width: int, height: int) -> None:
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    def prefer(self, color_scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": color_scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
