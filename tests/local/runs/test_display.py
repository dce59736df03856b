import io

from rich.console import Console

from mpp_local.runs.display import RunDisplay
from mpp_local.runs.events import AssetMaterialized, AssetPlanned, RunEvent, StepLogged, StepStarted
from mpp_local.runs.state import RunState

EVENTS: list[RunEvent] = [
    AssetPlanned("embed", "lake/message_embeddings"),
    StepStarted("embed", 10.0),
    StepLogged("embed", "embedded 5,000 of 9,000 texts"),
    AssetMaterialized("embed", "lake/message_embeddings", {"rows": 9_000}, 42.0),
]


def shown(*, is_terminal: bool) -> str:
    run, screen = RunState("1f0c2a9b", "refresh 1999-03-01"), io.StringIO()
    console = Console(file=screen, force_terminal=is_terminal, width=120, color_system=None)
    with RunDisplay(console) as display:
        for event in EVENTS:
            display(run, run.apply(event))
    return screen.getvalue()


def test_lines_say_how_a_step_gets_on_until_it_is_done() -> None:
    label, running, said, done = shown(is_terminal=False).splitlines()
    assert label == "refresh 1999-03-01"
    assert "running" in running
    assert said.endswith("embedded 5,000 of 9,000 texts")
    assert done.split() == ["lake/message_embeddings", "done", "9,000", "rows", "32.0", "s"]


def test_a_terminal_shows_it_in_the_assets_row() -> None:
    screen = shown(is_terminal=True)
    assert "embedded 5,000 of 9,000 texts" in screen
    assert "embedded" not in screen[screen.rindex("refresh 1999-03-01") :]
