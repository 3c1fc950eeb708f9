import json

import pytest

from app.errors import SupervisorError
from app.host.box import REBOOT_EXIT, box_plan, provision
from app.host.keys import load_keys
from app.host.paths import REPOSITORY, Paths
from app.host.settings import BoxSettings, MqttSettings, ScreenSettings, Settings


def test_the_box_is_told_who_it_is_and_where_the_broker_is(tmp_path):
    paths = Paths(tmp_path)
    keys = load_keys(paths.keys)
    provision(paths, Settings(box=BoxSettings(assistant="Barney"), mqtt=MqttSettings(port=1884)), keys)
    assert paths.provision.stat().st_mode & 0o777 == 0o600
    assert json.loads(paths.provision.read_text()) == {
        "device": keys.device_id,
        "key": keys.device_key.hex(),
        "assistant": "Barney",
        "mqtt": {
            "host": "127.0.0.1",
            "port": 1884,
            "user": f"device-{keys.device_id}",
            "password": keys.device_password,
            "tls": None,
        },
    }


def test_an_external_broker_with_tls_is_passed_on(tmp_path):
    paths = Paths(tmp_path)
    provision(paths, Settings(mqtt=MqttSettings(external=True, tls_ca="/ca.pem")), load_keys(paths.keys))
    told = json.loads(paths.provision.read_text())["mqtt"]
    assert (told["user"], told["password"], told["tls"]) == (None, None, {"ca": "/ca.pem"})


def test_the_simulator_runs_with_the_settings_heap_and_no_secret_in_its_arguments(tmp_path):
    interpreter = tmp_path / "micropython"
    interpreter.touch()
    paths = Paths(tmp_path)
    keys = load_keys(paths.keys)
    settings = Settings(box=BoxSettings(heap_bytes=300_000), screen=ScreenSettings(on=False))
    plan = box_plan(paths, settings, interpreter)
    assert plan is not None
    assert plan.argv[:3] == (str(interpreter), "-X", "heapsize=300000")
    assert plan.argv[-1] == "--no-screen" and str(paths.box) in plan.argv
    assert plan.cwd == REPOSITORY and plan.again_codes == (REBOOT_EXIT,)
    shown = " ".join(plan.argv) + str(plan.env)
    assert keys.device_key.hex() not in shown and keys.device_password not in shown


def test_a_simulator_that_was_never_built_says_how_to_build_it(tmp_path):
    with pytest.raises(SupervisorError) as caught:
        box_plan(Paths(tmp_path), Settings(), tmp_path / "micropython")
    assert "make setup" in caught.value.remedy and "barnacle up --desktop" in caught.value.remedy


def test_the_desktop_host_needs_no_interpreter_and_a_board_no_process(tmp_path):
    paths = Paths(tmp_path)
    plan = box_plan(paths, Settings(box=BoxSettings(kind="desktop")), tmp_path / "absent")
    assert plan is not None and "app.host.desktop" in plan.argv and str(paths.desktop) in plan.argv
    assert plan.again_codes == (REBOOT_EXIT,)
    assert box_plan(paths, Settings(box=BoxSettings(kind="board")), tmp_path / "absent") is None


def test_the_desktop_host_opens_the_database_that_the_settings_name(tmp_path):
    settings = Settings(box=BoxSettings(kind="desktop", database="~/claw/store/messages.db"))
    plan = box_plan(Paths(tmp_path), settings)
    assert plan is not None and plan.argv[-1].endswith("/claw/store/messages.db") and "~" not in plan.argv[-1]
