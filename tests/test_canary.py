"""The canary's run as CI does it, and that its search would have found something."""

import base64
import json
import subprocess
import sys

import pytest

from bench.__main__ import ROOT
from bench.canary_search import forms, search, search_file

SECRET = "sk-Fake-test-93b0e7A1?/>x"


@pytest.mark.parametrize("name", sorted(forms(SECRET)))
def test_each_form_is_found_in_a_file_wherever_it_lies(name, tmp_path):
    path = tmp_path / "artefact"
    for lead in (0, (1 << 20) - 5, (1 << 20) + 1):
        path.write_bytes(b"\xff" * lead + forms(SECRET)[name] + b"\xff")
        assert name in search_file(path, SECRET)
    path.write_bytes(b"\xff" * ((1 << 20) - 5) + forms(SECRET)[name][:-1])
    assert name not in search_file(path, SECRET)


@pytest.mark.parametrize("lead", range(7))
def test_base64_is_found_whatever_stands_around_the_secret(lead):
    data = base64.b64encode(b"a" * lead + SECRET.encode() + b"more text")
    assert search(data, SECRET)
    assert search(base64.urlsafe_b64encode(b"a" * lead + SECRET.encode()), SECRET)
    assert not search(base64.b64encode(b"a" * lead + SECRET[:-6].encode() + b"another"), SECRET)


def test_the_name_of_a_file_counts_and_one_that_is_gone_does_not(tmp_path):
    named = tmp_path / "sk-Fake-name-1"
    named.write_text("nothing")
    assert search_file(named, "sk-Fake-name-1")
    named.unlink()
    assert search_file(named, "sk-Fake-name-1") == []


def test_a_whole_run_whose_server_echoes_the_key_leaves_it_nowhere():
    done = subprocess.run([sys.executable, "-m", "bench.canary"], cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["canary"]
    assert figures["found"] == 0 and figures["requests_with_the_key"] >= 10
    assert figures["planted_found"] == len(figures["kinds"]) + 2
