"""The desktop host: the box's own host code under CPython, for whoever has no board, with its store in SQLite.

__main__.py    composition root: `python -m app.host.desktop --home DIR [--database FILE]`
machine.py     what a board is to the box: identity, clock, memory, reboot; there is no screen
"""
