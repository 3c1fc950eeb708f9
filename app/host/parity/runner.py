"""runner.json: the recorded process events of a container run, played to ContainerRunner on a clock moved by hand.

The process, the engine's stop command and the project folder are made up from the case; everything the runner does with
them is compared: command line, stdin, results with their times, answer, stop commands, kills, log files. Of a parse
error only that there was one is compared.
"""

# pyright: standard

import asyncio
import json
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from app.host.parity.container_world import Handler, Spawner, World, stdout_bytes
from app.host.parity.judges.outcome import Context, Difference, difference
from app.host.sandbox.container_runner import ContainerRunner
from app.host.sandbox.errors import SandboxError
from app.host.sandbox.output_parser import END, START
from app.host.sandbox.run_settings import RunGroup, RunSettings
from device.host.clock import ManualClock

NEEDS = ("group", "input", "events", "end_ms", "log_files")
KNOWS_REPAIRS = True
DEFAULT_ENVIRONMENT = {"CONTAINER_BACKEND": "docker", "TZ": "UTC"}
PARSE_ERROR = "Failed to parse container output: "
COMPARED = ("outputs", "result", "result_t", "never_resolved", "spawn", "stdin", "container_name", "execs", "kills")


def judge(case: dict[str, Any], context: Context) -> Difference | None:
    """Play one case in a project folder of its own."""
    with tempfile.TemporaryDirectory(prefix="runner") as holder:
        root = Path(holder).resolve()
        got = asyncio.run(_play(case, context.document["start"], root))
    repair = _repair(case)
    if repair is None:
        return difference(_wanted(case), _plain(got))
    context.repaired(repair)
    return _judge_repaired(case, repair, got)


async def _play(case: dict[str, Any], start: str, root: Path) -> dict[str, Any]:
    project = _project(case, root)
    clock = ManualClock(int(datetime.fromisoformat(start).timestamp() * 1000))
    world, handler = World(case, clock), Handler(case, clock)
    environ = DEFAULT_ENVIRONMENT | case["env"]
    settings = RunSettings.of_nanoclaw(project, root / "home", environ)
    runner = ContainerRunner(settings, Spawner(world), clock)

    async def run() -> tuple[Any, int]:
        group = RunGroup.of_nanoclaw(case["group"])
        answer = await runner.run(group, case["input"], handler if case["streaming"] else None)
        return answer, clock.ticks_ms()

    running = asyncio.create_task(run())
    await clock.settle()
    for event in sorted(case["events"], key=lambda each: each["t"]):
        await clock.advance(event["t"] - clock.ticks_ms())
        if world.events is not None:
            world.deliver(event)
        await clock.settle()
    await clock.advance(case["end_ms"] - clock.ticks_ms())
    seen = _seen(world, handler, running, project)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return _portable(seen, project)


def _seen(world: World, handler: Handler, running: asyncio.Task[Any], project: Path) -> dict[str, Any]:
    rejected = running.done() and running.exception() is not None
    if rejected and not isinstance(running.exception(), SandboxError):
        running.result()
    answer, at = running.result() if running.done() and not rejected else (None, None)
    logs = sorted(project.glob("groups/*/logs/*"))
    environment = project / "data" / "env" / "env"
    return {
        "outputs": handler.outputs,
        "result": _result(answer),
        "result_t": at,
        "never_resolved": not running.done(),
        "rejected": rejected,
        "spawn": world.spawn,
        "stdin": world.stdin,
        "container_name": world.spawn["args"][4] if world.spawn else None,
        "execs": world.execs,
        "kills": world.kills,
        "log_files": {log.name: log.read_text() for log in logs},
        "env_written": environment.read_text() if environment.exists() else None,
        "settings_written": any(project.glob("data/sessions/*/.claude/settings.json")),
        "skills": _skills(project),
    }


def _wanted(case: dict[str, Any]) -> dict[str, Any]:
    want = {name: case.get(name) for name in COMPARED}
    want["result"] = _result(case.get("result"))
    want["rejected"] = "rejected" in case
    want["log_files"] = case["log_files"]
    want["env_written"] = case.get("env_written")
    want["settings_written"] = case.get("settings_written", False)
    return want


def _skills(project: Path) -> list[str]:
    copied = project.glob("data/sessions/*/.claude/skills/**/*")
    return sorted(str(path).partition("/.claude/skills/")[2] for path in copied if path.is_file())


def _project(case: dict[str, Any], root: Path) -> Path:
    project = root / "project"
    project.mkdir()
    (root / "home").mkdir()
    for name in case.get("dirs", []):
        (project / name).mkdir(parents=True)
    for name, content in case.get("write", {}).items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    if case.get("env_file") is not None:
        (project / ".env").write_text(case["env_file"])
    return project


def _result(result: Any) -> Any:
    error = result.get("error") if isinstance(result, dict) else None
    if isinstance(error, str) and error.startswith(PARSE_ERROR):
        return {**result, "error": PARSE_ERROR}
    return result


def _portable(seen: dict[str, Any], project: Path) -> dict[str, Any]:
    return json.loads(json.dumps(seen).replace(json.dumps(str(project))[1:-1], "$CWD"))


def _repair(case: dict[str, Any]) -> str | None:
    """Which repair acts, from the case's input and what NanoClaw made of it."""
    names = [*case.get("write", {}), *(name + "/" for name in case.get("dirs", []))]
    if "rejected" in case and any(re.match(r"container/skills/[^/]+/[^/]+/", name) for name in names):
        return "nested_skill_dir"
    broken, whole = _stdout(case)
    if broken != whole:
        return "utf8_split"
    throws = any(behaviour and behaviour.get("throws") for behaviour in case.get("on_output", []))
    return "output_handler_throws" if throws and case["never_resolved"] else None


def _stdout(case: dict[str, Any]) -> tuple[str, str]:
    """All of stdout as NanoClaw decodes it, chunk by chunk, and as it was written."""
    chunks = [stdout_bytes(event) for event in case["events"] if {"stdout", "stdout_b64", "repeat"} & set(event)]
    return "".join(chunk.decode("utf-8", "replace") for chunk in chunks), b"".join(chunks).decode("utf-8", "replace")


def _judge_repaired(case: dict[str, Any], repair: str, got: dict[str, Any]) -> Difference | None:
    if repair == "nested_skill_dir":
        files = sorted(name[len("container/skills/") :] for name in case.get("write", {}) if "/skills/" in name)
        want = {"rejected": False, "started": True, "skills": files}
        return difference(
            want, {"rejected": got["rejected"], "started": got["spawn"] is not None, "skills": got["skills"]}
        )
    want = _wanted(case)
    if repair == "output_handler_throws":
        want["never_resolved"] = False
        answer = got["result"] or {}
        failed = answer.get("status") == "error" and answer["error"].startswith("Output handler failed")
        return difference(want | {"result": True, "result_t": None}, _plain(got) | {"result": failed, "result_t": None})
    broken, whole = _stdout(case)
    want["log_files"] = {name: text.replace(broken, whole) for name, text in want["log_files"].items()}
    frames = [json.loads(frame) for frame in re.findall(f"{START}(.*?){END}", whole, re.DOTALL)]
    if case["streaming"]:
        want["outputs"] = [{**old, "output": new} for old, new in zip(want["outputs"], frames, strict=True)]
    elif frames and "error" not in want["result"]:
        want["result"] = frames[0]
    return difference(want, _plain(got))


def _plain(got: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in got.items() if name != "skills"}
