import asyncio

from device.host.clock import ManualClock, SystemClock


async def test_manual_clock_wakes_sleepers_in_order_of_time():
    clock = ManualClock(1000)
    woken = []

    async def sleeper(name, ms):
        await clock.sleep_ms(ms)
        woken.append((name, clock.now_ms()))

    tasks = [asyncio.create_task(sleeper(name, ms)) for name, ms in (("c", 30), ("a", 10), ("b", 10))]
    await clock.advance(20)
    assert woken == [("a", 1010), ("b", 1010)]
    await clock.advance(10)
    assert woken[-1] == ("c", 1030)
    for task in tasks:
        await task


async def test_wait_tells_a_set_event_from_a_time_out():
    clock = ManualClock()
    event = asyncio.Event()
    results = []

    async def waiter():
        results.append(await clock.wait(event, 50))
        results.append(await clock.wait(event, None))

    task = asyncio.create_task(waiter())
    await clock.advance(49)
    assert results == []
    await clock.advance(1)
    assert results == [False]
    event.set()
    await clock.settle()
    assert results == [False, True]
    await task


async def test_system_clock_wait_returns_false_after_the_time_out():
    clock = SystemClock()
    assert await clock.wait(asyncio.Event(), 5) is False
    event = asyncio.Event()
    event.set()
    assert await clock.wait(event, 5) is True


def test_setting_the_wall_time_reports_the_step_and_leaves_ticks_alone():
    clock = SystemClock()
    before = clock.ticks_ms()
    assert 3590000 < clock.set_utc_ms(clock.now_ms() + 3600000) <= 3600000
    assert clock.ticks_ms() - before < 1000
