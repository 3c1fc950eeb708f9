"""Who answers when: the agent, the offline assistant, and in which words a model that cannot be used is told."""

# pyright: reportOptionalSubscript=false
from device.host import limits
from device.host.model_state import STATES, ModelState
from tests.device.host.agent_box import AgentBox, says

WORDS = "The key is refused. Store another one."


async def test_with_no_model_configured_the_offline_assistant_answers_as_ever():
    box = await AgentBox().start()
    for told in ({"state": "none", "name": "", "text": ""}, {"state": "odd"}, None, [], {}):
        box.host.hear("host.model", told)
        (reply,) = await box.ask(text="what is love")
        assert "No language model is configured" in reply
        assert (await box.ask(text="list groups")) and box.model.requests == []
    await box.stop()


async def test_a_model_that_cannot_be_used_leaves_the_known_sentences_and_says_why_for_others():
    box = await AgentBox().start()
    for state in STATES[2:]:
        box.host.hear("host.model", {"state": state, "name": "m", "text": WORDS})
        assert await box.ask(text="what is love") == [WORDS]
        (reply,) = await box.ask(text="list groups")
        assert WORDS not in reply
        assert box.host.glance()["model"] == {"state": state, "text": WORDS}
        box.host.hear("host.model", {"state": state})
        (reply,) = await box.ask(text="what is love")
        assert reply and "No language model is configured" not in reply
    assert box.model.services == []
    box.host.hear("host.model", {"state": "ready", "name": "m", "text": ""})
    assert await box.ask(says("Baby don't hurt me.")) == ["Baby don't hurt me."]
    await box.stop()


async def test_an_absent_laptop_is_told_as_such():
    box = await AgentBox().start()
    box.host.set_online(False)
    (reply,) = await box.ask(text="what is love")
    assert "laptop is not connected" in reply and box.model.services == []
    assert box.host.glance()["model"]["state"] == "absent"
    box.host.set_online(True)
    assert await box.ask(text="what is love") == ["fine"]
    await box.stop()


async def test_a_task_without_its_model_is_still_a_reminder_and_says_why_it_is_no_more():
    box = await AgentBox().start()
    box.host.hear("host.model", {"state": "refused_key", "name": "m", "text": WORDS})
    await box.task(kind="interval", value="60000", prompt="sum up the news")
    await box.clock.advance(60000)
    assert box.replies() == [("main", "Reminder: sum up the news\n\n(%s)" % WORDS)]
    await box.stop()


async def test_groups_may_have_models_of_their_own():
    box = await AgentBox().start()
    groups = {"home": {"state": "no_key", "name": "n", "text": WORDS}, "work": "ready", "odd": 5}
    box.host.hear("host.model", {"state": "ready", "name": "m", "text": "", "groups": groups})
    assert await box.ask(text="what is love", folder="home") == [WORDS]
    assert await box.ask(text="what is love", folder="work") == ["fine"]
    assert await box.ask(text="what is love", folder="odd") == ["fine"]
    await box.stop()


def test_a_group_may_have_a_model_though_the_others_have_none():
    model = ModelState()
    model.online = True
    model.take({"state": "none", "name": "", "text": "", "groups": {"lab": {"state": "ready", "name": "m"}}})
    assert model.of("lab")[:2] == ("ready", "m") and model.of("main")[0] == "none"
    model.online = False
    assert model.of("lab")[:2] == ("absent", "m") and model.of("main")[0] == "none"


def test_the_words_of_a_state_are_bounded():
    model = ModelState()
    model.online = True
    model.take({"state": "offline", "name": 5, "text": "ä" * limits.MODEL_TEXT_BYTES})
    assert len(model.of("main")[2].encode()) <= limits.MODEL_TEXT_BYTES and model.of("main")[1] == ""
