"""The box as a witness of the laptop's audit log."""

# pyright: reportOptionalSubscript=false
from device.host import limits
from tests.device.host.box import Box

CHAIN, OTHER = "0123456789abcdef", "fedcba9876543210"


def digest(n):
    return "%064x" % n


async def told(box, n, chain=CHAIN, hash_=None):
    await box.down("audit.witnessed", {"chain": chain, "n": n, "hash": hash_ or digest(n)})


def numbers(box):
    return [(w["chain"], w["n"]) for w in box.state.witnesses]


async def test_a_head_is_kept_and_told_and_survives_a_reboot():
    box = await Box().start()
    await told(box, 7)
    (record,) = box.kinds("witness.set")
    assert record == {"chain": CHAIN, "n": 7, "hash": digest(7), "ts_ms": box.clock.now_ms()}
    assert box.state.witnesses == [record]
    again = Box(await box.stop())
    assert again.state.witnesses == [record]


async def test_a_head_survives_a_snapshot():
    box = await Box().start()
    await told(box, 7)
    records = list(box.state.snapshot_records())
    assert [body for kind, body in records if kind == "witness.set"] == box.state.witnesses
    await box.stop()


async def test_only_the_last_heads_are_kept():
    box = await Box().start()
    for n in range(1, limits.WITNESSES + 4):
        await told(box, n * 10)
    assert numbers(box) == [(CHAIN, n * 10) for n in range(4, limits.WITNESSES + 4)]
    await box.stop()


async def test_the_last_head_of_another_log_stays_longest():
    box = await Box().start()
    await told(box, 50)
    for n in range(1, limits.WITNESSES + 4):
        await told(box, n, OTHER)
    assert numbers(box)[0] == (CHAIN, 50) and len(numbers(box)) == limits.WITNESSES
    (note,) = box.audits("audit.other_log")
    assert CHAIN in note["detail"] and OTHER in note["detail"]
    for chain in range(limits.WITNESSES):
        await told(box, 1, "%016x" % chain)
    assert (CHAIN, 50) not in numbers(box) and len(numbers(box)) == limits.WITNESSES
    await box.stop()


async def test_a_head_that_goes_back_is_refused_and_audited_once():
    box = await Box().start()
    await told(box, 50)
    for n in (49, 1, 48):
        await told(box, n)
    await told(box, 50, hash_=digest(51))
    assert numbers(box) == [(CHAIN, 50)] and box.state.witnesses[0]["hash"] == digest(50)
    (entry,) = box.audits("audit.rewound")
    assert (
        entry["decision"] == "deny" and entry["rule"] == "goes_back" and "record 49 after record 50" in entry["detail"]
    )
    await told(box, 51)  # the allowed twin
    assert numbers(box) == [(CHAIN, 50), (CHAIN, 51)]
    await box.stop()


async def test_the_same_head_again_changes_nothing():
    box = await Box().start()
    await told(box, 50)
    count = len(box.up)
    await told(box, 50)
    assert len(box.up) == count and numbers(box) == [(CHAIN, 50)]
    await box.stop()


async def test_what_is_no_head_is_refused():
    box = await Box().start()
    good = {"chain": CHAIN, "n": 5, "hash": digest(5)}
    bad = (("chain", "x" * 16), ("chain", None), ("n", 0), ("n", True), ("n", "5"), ("hash", "00"), ("hash", "Z" * 64))
    for name, value in bad:
        await box.down("audit.witnessed", dict(good, **{name: value}))
    assert box.state.witnesses == []
    assert box.audits("audit.rewound")[0]["rule"] == "bad_value"
    await box.down("audit.witnessed", good)
    assert numbers(box) == [(CHAIN, 5)]
    await box.stop()


async def test_the_owner_may_ask_for_the_heads_and_a_group_may_not():
    box = await Box().start()
    await told(box, 7)
    answer = await box.command("audit.witness")
    assert answer["ok"] and answer["result"]["witnesses"] == box.state.witnesses
    from device.host import policy

    assert not policy.decide({"kind": "group", "folder": "main"}, "audit.witness", None, box.state).allowed
    await box.stop()
