"""One throwaway CA for all tests of the broker: making keys takes a while."""

import pytest

from tests.broker.hostile import Authority, Outside


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def tls(authority):
    return authority.server_context("api.test")


@pytest.fixture
async def outside(authority):
    made = Outside(authority.file)
    yield made
    made.dialer.close()
