"""NanoClaw's own files: its SQLite database, its folder layout, and what of them a box can take over.

NanoClaw folder -> folder.read() -> plan.make() -> import_run.carry_out() -> the box (and a report)

schema.py    tables, indices and migrations of store/messages.db
database.py  the database as NanoClaw's own functions use it, its defects repaired beside its tables
check.py     what is wrong in a database, without touching it
folder.py    reads a NanoClaw folder; plan.py (plan_tasks.py, plan_history.py, history.py) decides (pure) what is
             taken, changed, left out; import_run.py does it; hold.py remembers the groups it has paused
"""
