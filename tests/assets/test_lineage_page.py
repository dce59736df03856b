import re
from pathlib import Path

from mpp_assets.column_lineage import DERIVATIONS
from mpp_assets.lineage_page import PAGE, render_page

REPOSITORY = Path(__file__).parents[2]
GENERATED = render_page()
LINKS = re.findall(r'href="([^"]*)"', GENERATED)


def test_the_committed_page_is_what_would_be_generated():
    committed = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    assert committed == GENERATED, "run: python -m mpp_assets.lineage_page"


def test_the_page_draws_a_curve_for_every_origin_of_every_column():
    origins = sum(len(of) for columns in DERIVATIONS.values() for of in columns.values())
    assert GENERATED.count("<path ") == origins


def test_the_page_needs_nothing_but_itself():
    assert not re.findall(r"\bsrc=|\burl\(|@import|https?:", GENERATED)
    assert all(link.startswith("#") for link in LINKS)


def test_every_link_of_the_page_leads_to_a_part_of_it():
    assert {link.removeprefix("#") for link in LINKS} <= set(re.findall(r'\bid="(.*?)"', GENERATED))
