"""A process that writes to a desktop store until it is killed: run by test_crashes.py. Arguments: FILE."""

import sys
from pathlib import Path

from tests.app.desktop.desk import Desk


def main() -> None:
    with Desk(Path(sys.argv[1])) as desk:
        if "main" not in desk.state.groups:
            desk.add_group()
        print("began", flush=True)
        while True:
            n = desk.state.next_n
            store = desk.store
            body = {"n": n, "id": f"m{n}", "jid": "main@g.us", "folder": "main", "sender": "a", "sender_name": "A"}
            store.put("msg.stored", body | {"text": f"text {n}", "ts_ms": desk.clock.now_ms() + n, "from_me": False})
            store.put("cursor.set", {"folder": "main", "n": n - n % 3})
            task = {
                "id": f"task-{n % 5}",
                "folder": "main",
                "jid": "main@g.us",
                "prompt": f"do {n}",
                "kind": "interval",
            }
            task |= {"value": "60000", "context": "isolated", "missed": "once", "status": "active", "created_ms": 1}
            store.put("task.set", task | {"next_ms": desk.clock.now_ms() + n, "last_ms": None, "last_result": None})
            store.put("run.ended", desk.run_of(f"task-{n % 5}", f"run-{n}"))
            store.commit()
            print(n, flush=True)
            store.acked(store.next_out() - 1)
            if n % 40 == 0:
                store.snapshot()


if __name__ == "__main__":
    main()
