"""A recommendation as people read it on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text


def print_recommendation(reply: Mapping[str, Any], console: Console) -> None:
    """Show a `RecommendationReply` of the API."""
    release = reply["release"]
    console.print(
        f"Campaigns for [bold]{escape(reply['user_id'])}[/bold]  "
        f"strategy {reply['strategy']}, release {release['release_id']}, "
        f"data through {release['data_through']}",
        highlight=False,
    )
    if reply["missing_legs"]:
        missing = ", ".join(reply["missing_legs"])
        console.print(f"Answered without: {missing}", style="yellow")
    if reply["notice"]:
        console.print(reply["notice"], style="yellow", markup=False)
    for item in reply["items"]:
        _print_item(item, console)


def _print_item(item: Mapping[str, Any], console: Console) -> None:
    title = Text(f"\n{item['rank']:>2}. ")
    title.append(item["campaign_id"], style="bold cyan")
    title.append(f"  {item['score']:.3f}")
    if item["already_engaged"]:
        title.append("  already engaged", style="dim")
    console.print(title)
    parts = " + ".join(f"{part['name']} {part['contribution']:.3f}" for part in item["score_parts"])
    _print_indented(Text(f"= {parts}", style="dim"), console)
    _print_indented(Text(item["explanation"]["text"]), console)
    for message in item["explanation"]["messages"]:
        line = Text(f"“{message['text']}”", style="italic")
        line.append(f"  {message['user_id']}, similarity {message['similarity']:.2f}", style="dim")
        _print_indented(line, console)


def _print_indented(text: Text, console: Console) -> None:
    console.print(Padding(text, (0, 0, 0, 4), expand=False))
