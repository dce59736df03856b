from mpp_local.proxies import except_this_machine
from tests.local.commands import Mpp

NOBODY = "http://127.0.0.1:1"


def test_a_stack_is_reached_whatever_proxy_its_user_has(stores: Mpp) -> None:
    behind_a_proxy = Mpp(
        stores.home, http_proxy=NOBODY, https_proxy=NOBODY, no_proxy="", NO_PROXY=""
    )
    assert behind_a_proxy("status").returncode == 0


def test_what_goes_to_others_goes_as_before() -> None:
    environ = {"NO_PROXY": "intranet.example,127.0.0.1", "http_proxy": NOBODY}
    except_this_machine(environ)
    except_this_machine(environ)
    assert environ["no_proxy"] == environ["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    assert environ["http_proxy"] == NOBODY


def test_nothing_is_added_where_no_proxy_is_used_at_all() -> None:
    environ = {"no_proxy": "*"}
    except_this_machine(environ)
    assert environ == {"no_proxy": "*"}
