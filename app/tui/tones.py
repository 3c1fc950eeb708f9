"""The theme's colours for text that is put together by hand: what is good, bad and so on looks so in every theme."""

from typing import Literal, cast

from rich.color import Color, ColorParseError
from rich.style import Style
from textual.app import App
from textual.widget import Widget

Tone = Literal["good", "warn", "bad", "accent"]
_VARIABLES: dict[Tone, str] = {"good": "success", "warn": "warning", "bad": "error", "accent": "accent"}


def tone(widget: Widget, name: Tone, *, bold: bool = False) -> Style:
    """The style of a tone in the theme that is chosen now."""
    app = cast("App[None]", widget.app)  # pyright: ignore[reportUnknownMemberType]  generic in the library
    value = app.theme_variables.get(_VARIABLES[name], "")
    try:
        return Style(color=Color.parse(value[:7]), bold=bold)
    except ColorParseError:  # "ansi_green" and the like, in themes that leave colours to the terminal
        return Style(color=value.removeprefix("ansi_") if value.startswith("ansi_") else None, bold=bold)
