"""Glances for the screen's tests: every state it was designed for, at one fixed moment."""

NOW_MS = 1795363380000  # Sunday 22 November 2026, 17:03 in Berlin
HOUR_MS = 3600 * 1000


def glance(**changes):
    """A box that is online with two groups and nothing to do; `changes` replace keys."""
    base = {
        "now_ms": NOW_MS,
        "offset_s": 3600,
        "online": True,
        "device": "box-1",
        "assistant": "Barnacle",
        "running": [],
        "waiting": [],
        "reply": None,
        "next": [],
        "groups": 2,
        "tasks": 0,
        "spool": 0,
        "problem": None,
    }
    base.update(changes)
    return base


def task(hours, prompt, name="Family"):
    return {
        "id": "t" + str(hours),
        "folder": name.lower(),
        "name": name,
        "prompt": prompt,
        "next_ms": NOW_MS + int(hours * HOUR_MS),
        "kind": "cron",
    }


NEXT = [
    task(1.95, "water the plants"),
    task(3.45, "summarise the day", "Work"),
    task(5, "check the backup of the file server and say what is missing", "Home lab"),
    task(15.5, "good morning"),
    task(90, "pay the rent"),
]
REPLY = {
    "folder": "family",
    "name": "Family",
    "ts_ms": NOW_MS - 25 * 60000,
    "text": "The plants on the balcony had water this morning. The next time is at seven, unless it rains before.",
}
RUNNING = [
    {
        "folder": "work",
        "name": "Work",
        "kind": "messages",
        "started_ms": NOW_MS - 4000,
        "text": "Looking at the calendar.\nThe first free hour on Tuesday is at ten, right after the",
    }
]
WAITING = [{"folder": "family", "name": "Family", "depth": 2}, {"folder": "lab", "name": "Home lab", "depth": 1}]
LONG = "Überprüfe café & naïve Straße 🙂 ✅ 東京 <b>&amp;</b>\n\t“so” — " * 12
WIDE = "W" * 64

ASK = {
    "id": "ask-1795363380000-k3x9ab",
    "folder": "family",
    "name": "Family",
    "tool": "http_fetch POST",
    "args": "list=groceries item=oat milk, bread and two lemons",
    "host": "shop.example",
    "why": "the rule shop asks about shop.example",
    "left_ms": 87000,
    "total_ms": 120000,
    "a_while": True,
}

STATES = {
    "boot": None,
    "empty": glance(groups=0),
    "quiet": glance(tasks=5, next=NEXT),
    "reply": glance(reply=REPLY, tasks=5, next=NEXT),
    "running": glance(running=RUNNING, waiting=WAITING, reply=REPLY, tasks=5, next=NEXT),
    "offline": glance(online=False, spool=12, reply=REPLY, tasks=5, next=NEXT),
    "problem": glance(online=None, problem="No model is configured: add one with barnacle secret set", next=NEXT),
    "shown": glance(shown="Bin day tomorrow: the yellow one", model={"state": "no_key"}, tasks=5, next=NEXT),
    "long": glance(
        running=[{"folder": "w", "name": WIDE, "kind": "task", "text": LONG, "started_ms": 0}] * 8,
        waiting=[{"folder": "w", "name": WIDE, "depth": 32}] * 8,
        reply={"folder": "w", "name": WIDE, "text": LONG, "ts_ms": NOW_MS},
        next=[task(0.5 + i, LONG, WIDE) for i in range(5)],
        assistant=WIDE,
        problem=LONG,
        online=False,
        spool=256,
    ),
}
ASKS = {
    "ask": glance(ask=ASK, asks=3, reply=REPLY, tasks=5, next=NEXT),
    "question": glance(ask=dict(ASK, host="", a_while=False, tool="ask_owner", left_ms=9000), asks=1, next=NEXT),
    "long ask": glance(ask=dict(ASK, name=WIDE, tool=LONG, args=LONG, host=WIDE, why=LONG), asks=8),
}
