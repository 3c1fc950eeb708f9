"""Titles of frames: plain text, never markup, and painted only when they differ."""

from rich.text import Text
from textual.content import Content
from textual.widget import Widget


def set_title(widget: Widget, title: str, subtitle: str = "") -> None:
    """Name the widget's frame. Setting a title paints the whole widget, and text would be read as markup: neither
    happens here."""
    if (widget.border_title or "") != Content(title).markup:
        widget.border_title = Text(title)
    if (widget.border_subtitle or "") != Content(subtitle).markup:
        widget.border_subtitle = Text(subtitle)
