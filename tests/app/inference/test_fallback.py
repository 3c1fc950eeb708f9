"""Which model is asked when one cannot answer."""

import pytest

from app.host.inference.errors import ModelError
from tests.app.inference.rig import KEY, Rig
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Fault, Reply

DOWN = [Fault(529)] * 3
BROKER = {
    "keyring": {"state": "ok", "message": "", "remedy": ""},
    "audit": {"state": "ok", "message": ""},
    "credentials": [{"name": "one-key"}, {"name": "other-key"}],
}


@pytest.fixture
async def pair():
    async with AnthropicImitation(KEY) as one, OpenAiImitation(KEY) as other, Rig({"one": one, "other": other}) as rig:
        yield one, other, rig


@pytest.mark.parametrize("faults", [[Fault(401)], [Fault(402)], [Fault(404)], [Fault(429)] * 3, DOWN])
async def test_the_next_model_answers_for_one_that_cannot_and_a_note_says_so(pair, faults):
    one, _, rig = pair
    one.script = list(faults)
    assert (await rig.ask())["model"] == "other"
    assert rig.text == "ready"
    assert rig.notes[0].endswith("asking other")
    assert rig.inference.state("main")["name"] == "other"


async def test_the_first_choice_is_asked_again_once_its_state_has_ended(pair):
    one, other, rig = pair
    one.script = list(DOWN)
    await rig.ask()
    await rig.ask()
    assert (len(one.requests), len(other.requests)) == (3, 2)
    rig.clock.at_ms += 30_000
    assert (await rig.ask())["model"] == "one"


@pytest.mark.parametrize("fault", [Fault(400), Fault(413)])
async def test_a_request_that_is_wrong_itself_goes_to_nobody_else(pair, fault):
    one, other, rig = pair
    one.script = [fault]
    with pytest.raises(ModelError):
        await rig.ask()
    assert other.requests == []


async def test_an_answer_that_broke_off_after_its_first_word_goes_to_nobody_else(pair):
    one, other, rig = pair
    one.script = [Reply("these are several words of an answer", cut_bytes=700)]
    with pytest.raises(ModelError) as caught:
        await rig.ask()
    assert caught.value.code == "model_offline"
    assert caught.value.partial
    assert rig.text
    assert rig.notes == ["the answer is incomplete: the connection to the model server broke off"]
    assert len(one.requests) == 1
    assert other.requests == []


async def test_an_answer_that_broke_off_before_its_first_word_is_asked_for_again(pair):
    one, _, rig = pair
    one.script = [Reply("lost", cut_bytes=300), Reply("found")]
    await rig.ask()
    assert rig.text == "found"


async def test_when_nobody_can_answer_the_first_choice_says_why(pair):
    one, other, rig = pair
    one.script, other.script = [Fault(401)], [Fault(500)] * 3
    with pytest.raises(ModelError) as caught:
        await rig.ask()
    assert caught.value.code == "refused_key"
    assert rig.inference.state("main")["name"] == "one"


async def test_states_follow_what_the_broker_says(pair):
    _, _, rig = pair
    rig.inference.observe(BROKER)
    assert rig.inference.state("main")["state"] == "ready"
    assert rig.changes == []
    rig.inference.observe(BROKER | {"credentials": [{"name": "other-key"}]})
    assert rig.inference.state("main")["name"] == "other"
    rig.inference.observe(BROKER | {"credentials": []})
    state = rig.inference.state("main")
    assert (state["state"], state["name"]) == ("no_key", "one")
    assert "run: barnacle secret set one-key" in state["text"]
    locked = {"keyring": {"state": "locked", "message": "the keyring is locked", "remedy": "unlock it"}}
    rig.inference.observe(BROKER | locked)
    assert rig.inference.state("main")["text"] == "one has no key: the keyring is locked; unlock it"
    rig.inference.observe(BROKER | {"audit": {"state": "full", "message": "the disk is full"}})
    assert "the disk is full" in rig.inference.state("main")["text"]
    rig.inference.observe(None)
    assert rig.inference.state("main")["state"] == "broker_down"
    assert len(rig.changes) == 5
    rig.inference.observe(BROKER)
    assert rig.inference.state("main") == {"state": "ready", "name": "one", "text": "one answers"}


async def test_a_model_without_key_is_not_asked_while_another_can_answer(pair):
    one, _, rig = pair
    rig.inference.observe(BROKER | {"credentials": [{"name": "other-key"}]})
    await rig.ask()
    assert rig.lent == [("r1", "main", "other")]
    assert one.requests == []


async def test_a_new_key_is_tried_at_once(pair):
    one, _, rig = pair
    one.script = [Fault(401)]
    await rig.ask()
    assert rig.inference.state("main")["name"] == "other"
    rig.inference.credentials_changed()
    assert (await rig.ask())["model"] == "one"


async def test_groups_with_an_order_of_their_own_are_in_the_overview():
    order = "[inference.groups]\nfamily = ['other']\nnobody = []\n"
    async with (
        AnthropicImitation(KEY, [Fault(401)]) as one,
        OpenAiImitation(KEY) as other,
        Rig({"one": one, "other": other}, order=order) as rig,
    ):
        await rig.ask()
        seen = rig.inference.overview()
        described = rig.inference.models()
    assert seen["groups"]["family"]["state"] == "ready"
    assert seen["groups"]["nobody"]["state"] == "none"
    assert "barnacle models add" in seen["groups"]["nobody"]["text"]
    assert [(model["name"], model["state"]) for model in described] == [("one", "refused_key"), ("other", "ready")]
    assert described[0]["micro_usd_per_mtok"]["input"] == 3_000_000


async def test_states_that_end_by_themselves_are_announced(pair):
    one, _, rig = pair
    one.script = list(DOWN)
    await rig.ask()
    assert [change["name"] for change in rig.changes] == ["other"]
    watcher = rig.inference.watch()
    step = watcher.send
    while rig.clock.slept[-1] != 1000 or len(rig.changes) < 2:
        step(None)
    watcher.close()
    assert rig.changes[-1]["name"] == "one"
