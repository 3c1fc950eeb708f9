"""The imitations are strict, hold a conversation, and run as a program."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.app.inference.rig import KEY
from tests.imitation.anthropic import AnthropicImitation
from tests.imitation.brain import PHRASES, think
from tests.imitation.openai import OpenAiImitation
from tests.imitation.script import Fault

ROOT = Path(__file__).resolve().parents[3]
ANTHROPIC = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "content-type": "application/json"}
OPENAI = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
ASKED: dict[str, Any] = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
CALL = {"type": "tool_use", "id": "t1", "name": "now", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}


def said(role, *content):
    return {"role": role, "content": list(content)}


async def post(server, body, headers, path):
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(server.url + path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({}, {}, 200),
        ({}, {"x-api-key": "sk-fake-wrong"}, 401),
        ({}, {"authorization": "Bearer x"}, 401),
        ({}, {"anthropic-version": "1999"}, 400),
        ({}, {"content-type": "text/plain"}, 400),
        ({"max_tokens": None}, {}, 400),
        ({"model": "unknown"}, {}, 404),
        ({"surprise": 1}, {}, 400),
        ({"messages": []}, {}, 400),
        ({"messages": [said("assistant", {"type": "text", "text": "x"})]}, {}, 400),
        ({"messages": [said("user", {"type": "text", "text": " "})]}, {}, 400),
        ({"messages": [ASKED["messages"][0]] * 2}, {}, 400),
        ({"messages": [ASKED["messages"][0], said("assistant", CALL), said("user", RESULT)]}, {}, 200),
        ({"messages": [ASKED["messages"][0], said("assistant", CALL), ASKED["messages"][0]]}, {}, 400),
        ({"messages": [said("user", RESULT)]}, {}, 400),
        ({"messages": [ASKED["messages"][0], said("assistant", {"type": "text", "text": "prefill"})]}, {}, 400),
        ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, {}, 400),
        ({"tools": [{"name": "ab"}]}, {}, 400),
        ({"model": "claude-sonnet-5-5", "thinking": {"type": "disabled"}}, {}, 400),
    ],
)
async def test_the_anthropic_imitation_refuses_what_the_real_one_refuses(change, headers, status):
    async with AnthropicImitation(KEY) as server:
        answer = await post(server, ASKED | change, ANTHROPIC | headers, "/v1/messages")
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["type"]


@pytest.mark.parametrize(
    ("change", "headers", "status"),
    [
        ({}, {}, 200),
        ({}, {"authorization": "Bearer sk-fake-wrong"}, 401),
        ({"model": "unknown"}, {}, 404),
        ({"surprise": 1}, {}, 400),
        ({"stream": False, "stream_options": {}}, {}, 400),
        ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "y"}]}, {}, 400),
        ({"messages": [{"role": "user", "content": None}]}, {}, 400),
        ({"tools": [{"type": "function", "function": {"name": "x"}}]}, {}, 400),
    ],
)
async def test_the_openai_imitation_refuses_what_the_real_one_refuses(change, headers, status):
    async with OpenAiImitation(KEY) as server:
        answer = await post(server, ASKED | change, OPENAI | headers, "/chat/completions")
    assert answer.status_code == status
    if status != 200:
        assert answer.json()["error"]["message"]


async def test_both_list_models_for_whoever_has_the_key():
    async with AnthropicImitation(KEY) as one, OpenAiImitation(KEY) as other, httpx.AsyncClient(trust_env=False) as web:
        assert (await web.get(one.url + "/v1/models", headers=ANTHROPIC)).status_code == 200
        assert (await web.get(one.url + "/v1/models")).status_code == 401
        assert (await web.get(other.url + "/models", headers=OPENAI)).status_code == 200


async def test_the_key_is_echoed_where_a_test_wants_it():
    fault = Fault(500, message="you sent {key}")
    async with AnthropicImitation(KEY, [fault], think) as server:
        refused = await post(server, ASKED, ANTHROPIC, "/v1/messages")
        asked = ASKED | {"messages": [{"role": "user", "content": "echo the key"}]}
        echoed = await post(server, asked, ANTHROPIC, "/v1/messages")
    assert KEY in refused.text
    assert echoed.headers["x-echo"] == KEY
    assert "x-echo" not in refused.headers


def brain(text, *tools):
    asked = [{"name": name} for name in tools]
    return think({"messages": [{"role": "user", "content": [{"type": "text", "text": text}]}], "tools": asked})


def test_the_brain_holds_a_conversation():
    chat = (
        '<messages>\n<message sender="A" time="1">old</message>\n<message sender="B" time="2">%s</message></messages>'
    )
    assert brain(chat % "2 plus 40").text == "2 plus 40 is 42."
    assert brain(chat % "a &lt; b").text == "You said: a < b"
    reminder = brain(chat % "remind me to water the plants every day at 8:05", "schedule_task")
    assert reminder.tools[0][1]["schedule_value"] == "5 8 * * *"
    assert brain("fetch https://example.com/x now", "http_fetch").tools[0][1]["url"] == "https://example.com/x"
    assert brain("list tasks").tools == ()
    assert think({"messages": [said("user", RESULT)]}).text == "Done. x"
    assert len({tool for _, tool, _ in PHRASES}) >= 6


@pytest.mark.parametrize("api", ["anthropic", "openai"])
async def test_it_runs_as_a_program(api, tmp_path):
    arguments = ["-m", "tests.imitation", "--api", api, "--port", "0", "--tls", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(30):
            line = await process.stdout.readline()  # pyright: ignore[reportOptionalMemberAccess]
        told = json.loads(line)
        assert told["url"].startswith("https://localhost:")
        assert told["ca"] == str(tmp_path / "imitation-ca.pem")
    finally:
        process.terminate()
        await process.wait()
    assert process.returncode == 0
    assert (tmp_path / "imitation-ca.pem").exists()
