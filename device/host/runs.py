"""Runs: what happens between "this group may run" and its outcome on flash.

A run of messages hands the group's waiting messages to the responder, if one of them wakes the assistant, and records
reply, cursor and end in one commit. On an error the cursor stays, unless output had already gone out; dispatch tries
again, and when it gives up the group is told. A run of a task hands over the task's prompt and records its result.

A run that is cancelled ends as failed with who did it, and its messages count as handled: it is not tried again.

A responder has `async respond(run, prompt, messages, api) -> reply text` (messages is None for a task); it may raise.
"""

import asyncio

from device.host import audit, bounded, portable, prompt, run_records, schedule
from device.host.dispatch import GAVE_UP, Dispatch
from device.host.errors import BarnacleError
from device.host.run_api import RunApi

GAVE_UP_TEXT = "I could not answer (%s). I will try again with the next message."


class Runs:
    """`dispatch` decides when a run starts. `commands` carries out what a run asks for; `say(run, text)` shows streamed
    text; `ended()` is called after each end."""

    def __init__(self, store, clock, responder, commands, say, ended):
        self._store = store
        self._clock = clock
        self._responder = responder
        self._commands = commands
        self._say = say
        self._tasks = {}
        self._ended = ended
        self.dispatch = Dispatch(store.state.settings["slots"], self._start, clock.ticks_ms)
        self.running = {}  # folder -> {"run", "text"}: what the screen shows

    def stop(self):
        """Cancel every run, and begin none in their place; what they had not recorded is taken up by the next boot."""
        self.dispatch.close()
        for task in self._tasks.values():
            task.cancel()
        self._tasks = {}

    def cancel(self, folder, why):
        """End the group's run, which is recorded as failed with `why`; one whose outcome is being recorded goes on."""
        shown = self.running.get(folder)
        if shown is None:
            return
        shown["cancelled"] = why
        task = self._tasks.get(folder)
        if shown.get("answering") and task is not None and task is not asyncio.current_task():
            task.cancel()

    def _start(self, folder, kind, task_id):
        """Begin a run in a task of its own; its end is reported to dispatch whatever happens."""
        self._tasks[folder] = portable.spawn(self._run(folder, kind, task_id), "run-" + folder)

    async def _run(self, folder, kind, task_id):
        ok, error = False, ""
        try:
            await self._store.reserve()
            try:
                ok, error = await (self._run_task(folder, task_id) if kind == "task" else self._run_messages(folder))
            except Exception as failure:  # storage or a fault of ours: the run ends, dispatch goes on
                error = _describe(failure)
                self._note_fault(folder, error)
            finally:
                self._store.release()
        finally:
            self.running.pop(folder, None)
            self._tasks.pop(folder, None)
            outcome = self.dispatch.finished(folder, ok)
            self._ended()
        if outcome == GAVE_UP:
            await self._give_up(folder, error)

    def _note_fault(self, folder, error):
        shown = self.running.get(folder)
        run = self._store.state.run(shown["run"]["id"]) if shown is not None else None
        if shown is not None and run is not None and run_records.is_active(run):
            self._end(run, None, error, None)
            if run["kind"] == "task":  # one that comes once has no other due time
                self._settle_task(run["task"], shown["run"], None, error)
        audit.note(self._store, self._clock, "run.fault", folder, error)

    async def _run_messages(self, folder):
        batch = self._batch(folder)
        if not batch:
            return True, ""
        run = run_records.started_messages(folder, batch, self._clock.now_ms(), self.dispatch.attempt(folder))
        self._put("run.started", run)
        reply, error, api = await self._respond(folder, run, prompt.format_messages(batch), batch)
        settled = error is None or api.output or self._is_cancelled(folder)
        if reply:
            self._put_reply(run, folder, reply)
        if settled:
            self._put("cursor.set", {"folder": folder, "n": run["upto"]})
        self._end(run, reply, error, api.output)
        await self._store.committed()
        return settled, error or ""

    async def _run_task(self, folder, task_id):
        run = self._store.state.active_run(task_id)
        task = self._store.state.tasks.get(task_id)
        if run is None:
            return True, ""
        if task is None:
            self._end(run, None, "the task was removed before its turn came", None)
            await self._store.committed()
            return True, ""
        if task["status"] == "paused" and run["due_ms"] is not None:
            self._end(run, None, "the task was paused before its turn came", None)
            if task["next_ms"] is None:
                self._put("task.set", dict(task, next_ms=run["due_ms"]))
            await self._store.committed()
            return True, ""
        run = dict(run, state="running", started_ms=self._clock.now_ms())
        self._put("run.started", run)
        reply, error, api = await self._respond(folder, run, task["prompt"], None)
        if reply:
            self._put_reply(run, folder, reply)
        self._end(run, reply, error, api.output)
        self._settle_task(task_id, run, reply if reply is not None else api.output, error)
        await self._store.committed()
        return error is None, error or ""

    def _batch(self, folder):
        group = self._store.state.groups.get(folder)
        pending = self._store.state.pending(folder) if group is not None else []
        if not pending or not run_records.wakes(group, pending):
            return None
        return sorted(pending, key=_sent)  # in order of arrival for the cursor, of sending for the reader

    async def _respond(self, folder, run, text, messages):
        """(reply or None, error or None, api): whatever the responder does, it ends here."""
        shown = self.running[folder] = {"run": run, "text": ""}
        await self._store.committed()
        api = RunApi(self._store, self._clock, self._commands, run, self._show)
        reply = error = None
        try:
            if "cancelled" not in shown:
                shown["answering"] = True
                reply = await self._responder.respond(run, text, messages, api)
                reply = bounded.reply(prompt.strip_internal(reply or "")) or None
        except asyncio.CancelledError:
            if "cancelled" not in shown:
                raise
        except Exception as failure:  # a responder may fail in any way; the run records it
            error = _describe(failure)
        shown["answering"] = False
        return (None, shown["cancelled"], api) if "cancelled" in shown else (reply, error, api)

    def _is_cancelled(self, folder):
        return "cancelled" in self.running[folder]

    def _show(self, run, text):
        shown = self.running.get(run["folder"])
        if shown is not None:
            shown["text"] = text
        self._say(run, text)

    def _put_reply(self, run, folder, text):
        group = self._store.state.groups.get(folder)
        if group is not None:
            self._put("msg.out", run_records.reply(self._store.state, self._clock.now_ms(), group, text, run["id"]))

    def _end(self, run, reply, error, output):
        result = reply if reply is not None else output
        now_ms = self._clock.now_ms()
        self._put("run.ended", run_records.ended(run, "done" if error is None else "failed", now_ms, error, result))

    def _settle_task(self, task_id, run, reply, error):
        task = self._store.state.tasks.get(task_id)
        if task is None:
            return
        text = "Error: " + error if error is not None else (reply or "Completed")
        changed = dict(task, last_ms=run["started_ms"], last_result=bounded.result(text))
        if task["kind"] == "interval" and task["next_ms"] is not None and run["due_ms"] is not None:
            after_ms = schedule.after_run("interval", task["value"], run["due_ms"], self._clock.now_ms(), None)
            changed["next_ms"] = max(task["next_ms"], after_ms or 0)  # it was claimed when the run began
        if task["next_ms"] is None and task["status"] == "active":
            changed["status"] = "completed"
        self._put("task.set", changed)

    async def _give_up(self, folder, error):
        audit.note(self._store, self._clock, "run.gave_up", folder, error)
        await self._store.reserve()
        try:
            group = self._store.state.groups.get(folder)
            if group is not None:
                text = bounded.reply(GAVE_UP_TEXT % bounded.result(error))
                self._put("msg.out", run_records.reply(self._store.state, self._clock.now_ms(), group, text, None))
            await self._store.committed()
        finally:
            self._store.release()

    def _put(self, kind, body):
        self._store.put(kind, body)


def _sent(message):
    return message["ts_ms"], message["n"]


def _describe(failure):
    """What an audit event and the group are told; a BarnacleError is written for people already."""
    if isinstance(failure, BarnacleError) and str(failure):
        return str(failure)
    return "%s: %s" % (type(failure).__name__, failure) if str(failure) else type(failure).__name__
