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


class Page:
    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser = browser
        self._address = address

    def open(self, **route: str) -> None:
        """A new load of the page; `key` is part of the route as in a link that was given out."""
        self.browser.get("about:blank")
        self.browser.get(f"{self._address}#{urlencode(route)}")

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

    def resize(self, width: int, height: int) -> None:
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    def prefer(self, color_scheme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": color_scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
