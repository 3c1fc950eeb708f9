"""Commands from operators: each id takes effect once and gets one answer, remembered and given again if asked again."""

from device.host import limits, portable
from device.host.commands import HARDWARE
from device.host.errors import Refused


class CommandDesk:
    """`take` applies one `cmd` envelope; commit afterwards. Screen and power go to `screen`, one at a time."""

    def __init__(self, store, clock, commands, screen):
        self._store = store
        self._clock = clock
        self._commands = commands
        self._screen = screen
        self._busy = None

    def stop(self):
        """Cancel a command that is under way on the screen; its sender sees a time-out."""
        if self._busy is not None:
            self._busy.cancel()
            self._busy = None

    def take(self, body, in_seq):
        """Carry out or refuse a command that came as envelope `in_seq`. Raises SpoolFull: nothing was applied."""
        self._store.require(limits.COMMAND_RECORDS, limits.COMMAND_BYTES)
        id_ = body.get("id")
        if not isinstance(id_, str) or not 0 < len(id_) <= limits.ID_BYTES:
            self._store.mark_applied(in_seq)
            return
        known = self._store.state.result(id_)
        if known is not None:
            self._store.put("cmd.result", known, in_seq=in_seq)
            return
        actor = {"kind": "owner", "name": str(body.get("client", ""))[: limits.NAME_BYTES]}
        name, args = body.get("name"), body.get("args", {})
        try:
            self._check_time(body)
            if isinstance(name, str) and name in HARDWARE:
                self._start(actor, id_, name, args)
                self._store.mark_applied(in_seq)
                return
            answer = _done(id_, self._commands.perform(actor, name, args))
        except Refused as refusal:
            answer = _refused(id_, refusal)
        self._store.put("cmd.result", answer, in_seq=in_seq)

    def _check_time(self, body):
        expires_ms = body.get("expires_ms")
        if isinstance(expires_ms, int) and expires_ms < self._clock.now_ms():
            raise Refused("expired", "the command reached the box after its time", "ask again")

    def _start(self, actor, id_, name, args):
        if self._screen is None:
            raise Refused("unsupported", "this box has no %s" % name.split(".")[0])
        if self._busy is not None:
            raise Refused("busy", "the screen carries out another command", "ask again in a moment")
        self._commands.authorize(actor, name, args)
        self._busy = portable.spawn(self._carry_out(id_, name, args), name)

    async def _carry_out(self, id_, name, args):
        try:
            await self._store.committed()
            answer = _done(id_, await self._screen.perform(name, args))
        except Refused as refusal:
            answer = _refused(id_, refusal)
        except Exception as failure:  # a fault of the screen's is the command's outcome, not the host's end
            answer = _refused(id_, Refused("unsupported", "%s failed: %s" % (name, failure), "see the box's audit"))
        finally:
            self._busy = None
        await self._answer(answer)

    async def _answer(self, answer):
        while not self._store.has_room(1, 2048):
            await self._store.wait_for_room()
        self._store.put("cmd.result", answer)
        await self._store.committed()


def _done(id_, result):
    return {"id": id_, "ok": True, "result": result, "error": None}


def _refused(id_, refusal):
    return {"id": id_, "ok": False, "result": None, "error": refusal.as_dict()}
