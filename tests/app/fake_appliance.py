"""A `barnacle up` whose parts are tiny scripts: run as a program by test_supervisor.py. Arguments: HOME [MODE]."""

import asyncio
import os
import sys
from pathlib import Path

from app.errors import ProblemError
from app.host.paths import Paths
from app.host.process import Backoff, ChildPlan
from app.host.settings import Settings
from app.host.supervisor import Supervisor

PART = "import os, time; print('ready', os.getpid(), flush=True); time.sleep(120)"


def part(name, script=PART):
    return ChildPlan(name=name, argv=(sys.executable, "-c", script))


def main() -> int:
    paths = Paths(sys.argv[1])
    mode = sys.argv[2] if len(sys.argv) > 2 else ""
    box = part("box", "print('no heap'); raise SystemExit(1)") if mode == "broken" else part("box")
    dashboards = {"dashboard": "import time; time.sleep(0.3)", "stays": "import time; time.sleep(120)"}
    dashboard = (sys.executable, "-c", dashboards[mode]) if mode in dashboards else None

    def prepare():
        with (Path(paths.state) / "prepared").open("a") as file:
            file.write(f"{os.getpid()}\n")

    supervisor = Supervisor(
        paths,
        Settings(),
        [[part("broker")], [part("host"), box]],
        prepare=prepare,
        reload=("broker", "host"),
        facts={"device": "box-1", "lines": ["all is well"]},
        dashboard=dashboard,
        say=lambda text: print(text, flush=True),
        backoff=Backoff(base_s=0.05, cap_s=0.2),
    )
    try:
        return asyncio.run(supervisor.run())
    except ProblemError as error:
        print(f"{error.message} ({error.remedy})", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
