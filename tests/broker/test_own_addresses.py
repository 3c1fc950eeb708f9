"""Which addresses are this machine's own, and what the policy makes of them."""

from pathlib import Path

from broker import limits
from broker.egress_core import check_addresses, decide, parse_address, parse_url
from broker.own_addresses import own_addresses
from broker.policy_file import Watcher

TRIE = """Main:
  +-- 0.0.0.0/0 2 0 2
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.168.1.0
        /24 link UNICAST
     |-- 192.168.1.23
        /32 host LOCAL
     |-- 192.168.1.255
        /32 link BROADCAST
"""
IPV6 = "fe80000000000000021122fffe334455 02 40 20 80 eth0\n"
RULE = '[[rule]]\nname = "lan"\neffect = "allow"\nnetwork = "192.168.1.0/24"\nscheme = "http"\nports = [21883]\n'


def address(text: str) -> bytes:
    found = parse_address(text)
    assert found is not None
    return found


def test_the_kernels_lists_are_read(tmp_path: Path) -> None:
    trie, ipv6 = tmp_path / "trie", tmp_path / "inet6"
    trie.write_text(TRIE)
    assert own_addresses(trie, ipv6) == (address("192.168.1.23"),)
    ipv6.write_text(IPV6)
    assert set(own_addresses(trie, ipv6)) == {address("192.168.1.23"), address("fe80::211:22ff:fe33:4455")}


def test_without_such_a_list_the_machines_name_tells(tmp_path: Path) -> None:
    assert all(len(one) in (4, 16) for one in own_addresses(tmp_path / "none", tmp_path / "none"))


def test_the_brokers_own_address(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(RULE)
    path.chmod(0o600)
    now, own = 0.0, [address("192.168.1.23")]
    watcher = Watcher(path, [21883], lambda: own, lambda: now)

    def verdict(text: str) -> str:
        target = parse_url(f"http://{text}:21883/")
        rules = watcher.current()
        decision = decide({"target": target, "method": "GET", "group": None, "credential": None}, rules, [], 0)
        return (check_addresses(decision, target, [address(text)]) or decision).rule

    assert verdict("192.168.1.23") == "never" and verdict("192.168.1.24") == "lan"
    own = [address("192.168.1.24")]  # the laptop has moved
    assert verdict("192.168.1.24") == "lan"
    now = limits.OWN_ADDRESSES_MS / 1000
    assert verdict("192.168.1.24") == "never" and verdict("192.168.1.23") == "lan"
