"""The desktop host: the box's own host code under CPython, for whoever has no board, with its store in SQLite.

__main__.py    composition root: `python -m app.host.desktop --home DIR --database FILE`
machine.py     what a board is to the box: identity, clock, memory, reboot; there is no screen
journal.py     the store's journal in the database; one commit is one transaction
projection.py  what a record means in NanoClaw's tables
takeover.py    what NanoClaw's tables have that the box has not heard of
rows.py        records and rows, each from the other
tables.py      Barnacle's own tables beside NanoClaw's
"""
