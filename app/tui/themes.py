"""The dashboard's own themes, besides Textual's: a calm dark one, a light one, and one that every eye tells apart.

The colour-blind-safe palette is that of Okabe and Ito (2008): blue, orange and (a little
lighter) vermilion in place of green and red.
"""

from textual.theme import Theme

DEFAULT = "barnacle-dark"
THEMES = (
    Theme(
        name=DEFAULT,
        primary="#4FA3B8",
        secondary="#7F9BA6",
        accent="#F2A65A",
        foreground="#D9E2E5",
        background="#0F171A",
        surface="#141F23",
        panel="#1C2A2F",
        success="#7FC98F",
        warning="#E9C46A",
        error="#E76F6F",
        dark=True,
    ),
    Theme(
        name="barnacle-light",
        primary="#1F6F86",
        secondary="#51707B",
        accent="#B4560F",
        foreground="#1B2528",
        background="#F4F7F7",
        surface="#FFFFFF",
        panel="#E3EAEC",
        success="#1E7A3C",
        warning="#8A6100",
        error="#B3261E",
        dark=False,
    ),
    Theme(
        name="barnacle-colour-blind",
        primary="#56B4E9",
        secondary="#999999",
        accent="#F0E442",
        foreground="#EDEDED",
        background="#101418",
        surface="#161B21",
        panel="#1F2730",
        success="#56B4E9",
        warning="#E69F00",
        error="#E8731E",
        dark=True,
    ),
)
