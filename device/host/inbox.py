"""Messages coming in: known group? shape? seen before? room? Then the ring, durably, or a refusal with a reason."""

from device.host import audit, bounded, limits, run_records
from device.host.errors import Refused
from device.host.store import RecordTooLarge

EXPIRE_AT_ONCE = 8  # chatter that nobody asked about is expired in such steps, to spare records


class Inbox:
    """`accept` applies one `msg.in`; commit afterwards. `arrived(folder)` is called when the group has work now."""

    def __init__(self, store, clock, arrived):
        self._store = store
        self._clock = clock
        self._arrived = arrived

    def accept(self, body, in_seq):
        """Store or refuse a message that came as envelope `in_seq`. Raises SpoolFull: then nothing was applied."""
        self._store.require(4, 3 * audit.RECORD_BYTES)
        try:
            folder = self._check(body)
            if self._store.state.knows_message(body["jid"], body["id"]):
                self._store.mark_applied(in_seq)
                return
            self._make_room(folder, body)
            self._store.put("msg.stored", self._message(folder, body), in_seq=in_seq)
        except (Refused, RecordTooLarge) as refusal:
            self._refuse(body, refusal, in_seq)
            return
        state = self._store.state
        if run_records.wakes(state.groups[folder], state.pending(folder)):
            self._arrived(folder)

    def _check(self, body):
        for key in ("jid", "id", "sender", "sender_name", "text"):
            if not isinstance(body.get(key), str):
                raise Refused("bad_value", "a message without %s cannot be taken" % key)
        if not isinstance(body.get("ts_ms"), int) or not isinstance(body.get("from_me"), bool) or not body["id"]:
            raise Refused("bad_value", "a message needs an id, ts_ms and from_me")
        for key, most in (("jid", limits.ID_BYTES), ("id", limits.ID_BYTES), ("sender", limits.ID_BYTES)):
            if bounded.encoded_bytes(body[key]) > most + 2:
                raise Refused("too_large", "the message's %s exceeds %d bytes" % (key, most))
        folder = self._store.state.addressed(body["jid"])
        if folder is None:
            raise Refused(
                "unknown_group", "no group is registered for %s" % body["jid"], "add it with `barnacle group add`"
            )
        text = body["text"]
        if len(text.encode()) > limits.MESSAGE_BYTES or bounded.encoded_bytes(text) > limits.TEXT_ENCODED_BYTES:
            raise Refused("too_large", "the message exceeds %d bytes" % limits.MESSAGE_BYTES, "send it in parts")
        return folder

    def _message(self, folder, body):
        return {
            "n": self._store.state.next_n,
            "id": body["id"],
            "jid": body["jid"],
            "folder": folder,
            "sender": body["sender"],
            "sender_name": bounded.cut(body["sender_name"], limits.NAME_BYTES, limits.NAME_BYTES + 2),
            "text": body["text"],
            "ts_ms": body["ts_ms"],
            "from_me": body["from_me"],
        }

    def _make_room(self, folder, body):
        """Expire the oldest chatter of a group that waits for its trigger; refuse when work itself has filled it."""
        state = self._store.state
        pending = state.pending(folder)
        if len(pending) >= limits.MAILBOX_MESSAGES and not body["from_me"]:
            if run_records.wakes(state.groups[folder], pending):
                raise Refused("full", "%d messages of %s wait already" % (len(pending), folder), "wait for an answer")
            self._store.put("cursor.set", {"folder": folder, "n": pending[EXPIRE_AT_ONCE - 1]["n"]})
        needed = len(body["text"].encode()) + limits.MESSAGE_OVERHEAD_BYTES
        if state.ring_bytes + needed > limits.RING_BYTES and state.unsettled_bytes() + needed > limits.RING_BYTES:
            raise Refused("full", "the box holds as many waiting messages as it can", "wait for answers")

    def _refuse(self, body, refusal, in_seq):
        code = refusal.code if isinstance(refusal, Refused) else "too_large"
        jid, id_ = str(body.get("jid")), str(body.get("id"))
        folder = self._store.state.addressed(jid)
        reason = str(refusal)
        now_ms = self._clock.now_ms()
        self._store.put("audit", audit.entry(now_ms, "message.send", jid_name(jid), folder, "deny", code, reason))
        refused = {
            "id": bounded.cut(id_, limits.ID_BYTES, limits.ID_BYTES + 2),
            "jid": bounded.cut(jid, limits.ID_BYTES, limits.ID_BYTES + 2),
            "code": code,
            "reason": bounded.result(reason),
        }
        self._store.put("msg.refused", refused, in_seq=in_seq)


def jid_name(jid):
    """Who sent it, as far as the box knows: the chat address, bounded."""
    return "chat:" + bounded.cut(jid, limits.NAME_BYTES, limits.NAME_BYTES + 2)
