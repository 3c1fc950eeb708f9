"""Nothing secret in what the process says when it fails, at any level; and only the environment that it needs."""

import logging
import os
import subprocess
import sys

import pytest

from app.host.appliance import credentials_plan
from app.host.paths import Paths
from app.host.process import _inherited
from app.host.settings import Settings
from broker.hardening import KEPT_ENVIRONMENT, PlainRecords
from broker.secret import MASK
from tests.broker.broker_process import REPOSITORY

CANARY = "canary-7f3a9c41e2b8d605"


def scrub(text):
    return text.replace(CANARY, MASK)


@pytest.fixture
def lines():
    """Lines of a log at debug level that goes through the filter, as the process sets it up; and one that does not."""
    told, bare = [], []

    class Keep(logging.Handler):
        def __init__(self, where):
            super().__init__()
            self.where = where
            self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

        def emit(self, record):
            self.where.append(self.format(record))

    logger = logging.Logger("canary", logging.DEBUG)
    unfiltered, filtered = Keep(bare), Keep(told)
    filtered.addFilter(PlainRecords(scrub))
    logger.addHandler(unfiltered)  # first: the filter changes the record for whoever comes after
    logger.addHandler(filtered)
    return logger, told, bare


def provoke(logger):
    logger.debug("the value is %s", CANARY)
    logger.warning("header %(x)s", {"x": CANARY})
    logger.error("an object: %r", {"key": CANARY}, stack_info=True)
    try:
        raise ValueError(f"bad key {CANARY}")
    except ValueError:
        logger.exception("failed with %s", CANARY)


def test_log_level_debug_and_tracebacks_show_no_secret(lines):
    logger, told, bare = lines
    provoke(logger)
    assert len(told) == 4 and CANARY not in "\n".join(told)
    assert sum(CANARY in line for line in bare) == 4  # without the filter each would
    assert "Traceback" in bare[3] and "Traceback" not in told[3]
    assert told[3] == f"ERROR canary: failed with {MASK} (ValueError)"
    assert "Stack" not in told[2]


FAILS = """
import sys
from broker.hardening import quiet_excepthook
if sys.argv[1] == "quiet":
    sys.excepthook = quiet_excepthook
secret = sys.stdin.readline().strip()
def inner(value):
    try:
        raise ValueError("first " + value)
    except ValueError as error:
        raise KeyError(value) from error
inner(secret)
"""


@pytest.mark.parametrize(("hook", "shown"), [("quiet", False), ("loud", True)])
def test_provoked_exceptions_and_tracebacks(hook, shown):
    argv = [sys.executable, "-c", FAILS, hook]
    done = subprocess.run(argv, cwd=REPOSITORY, input=CANARY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and (CANARY in done.stderr) == shown
    assert shown or done.stderr.startswith("credentials: ended by KeyError at <string>:")


HARDENED = """
import os, sys
import broker.__main__ as program
order = []
for name in ("undumpable", "harden"):
    real = getattr(program, name)
    setattr(program, name, lambda *a, real=real, name=name: (order.append(name), real(*a))[1])
import argparse
parse = argparse.ArgumentParser.parse_args
def parse_args(*a):
    order.append("arguments")
    return parse(*a)
argparse.ArgumentParser.parse_args = parse_args
def run(work):
    work.close()
    order.append("run")
program.asyncio.run = run
sys.argv = ["broker", "--state", "/nowhere", "--policy", "/nowhere/p", "--socket", "/nowhere/s"]
program.main()
print(" ".join(order), *sorted(os.environ))
"""


def test_the_process_is_protected_before_it_reads_anything_and_keeps_only_the_environment_that_it_needs():
    environment = {
        **dict.fromkeys(KEPT_ENVIRONMENT, "x"),
        "PATH": os.environ["PATH"],
        "HTTPS_PROXY": "http://evil.test",
    }
    environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "SECRET": CANARY, "LD_PRELOAD": ""}
    environment |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    argv = [sys.executable, "-c", HARDENED]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stderr
    order, kept = done.stdout.split()[:4], done.stdout.split()[4:]
    assert order == ["undumpable", "arguments", "harden", "run"]
    assert set(kept) <= set(KEPT_ENVIRONMENT) and "PATH" in kept


def test_the_supervisor_gives_the_credential_broker_only_what_it_needs(tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "SSLKEYLOGFILE", "PYTHONSTARTUP", "KEYRING_PROPERTY_X", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("HOME", str(tmp_path))
    plan = credentials_plan(Paths(tmp_path), Settings())
    given = {**_inherited(plan.inherit), **plan.env}
    assert set(given) <= set(KEPT_ENVIRONMENT) and given["HOME"] == str(tmp_path)
    assert CANARY not in given.values()
    assert CANARY in _inherited(None).values()  # others get all
