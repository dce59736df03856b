from selenium.webdriver import Chrome

from tests.api.explorer.page import Page


def test_the_docs_list_the_operations_with_nothing_from_elsewhere(
    browser: Chrome, address: str
) -> None:
    browser.get_log("browser")
    docs = Page(browser, address.removesuffix("/explorer") + "/docs")
    docs.open()
    docs.shown("#operations-recommendations-read_recommendations_recommendations__user_id__get")
    assert browser.get_log("browser") == []
    loaded = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)"
    )
    assert set(loaded) == {address.removesuffix("/explorer")}
