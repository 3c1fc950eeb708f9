"""What kind of address it is, by explicit ranges; and one spelling for each."""

from device.host.addresses import classify, parse, parse_network, plain, text, within


def kind(spelled):
    address = parse(spelled)
    assert address is not None, spelled
    return classify(address)


def test_strict_dotted_quads_only():
    assert parse("192.0.2.7") == b"\xc0\x00\x02\x07" and parse("0.0.0.0") == bytes(4)
    odd = (
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.256",
        "0x1.2.3.4",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        " 1.2.3.4",
        "1.2.3.4\n",
    )
    for spelled in odd + (
        "1.2.3.-4",
        "1.2.3.+4",
        "1.2.3.1e1",
        "2130706433",
        "",
        "a",
        "\u0661.1.1.1",
        None,
        b"1.2.3.4",
        7,
    ):
        assert parse(spelled) is None, spelled


def test_rfc_4291_spellings_of_ipv6():
    assert parse("::") == bytes(16) and parse("::1") == bytes(15) + b"\x01"
    assert parse("1:2:3:4:5:6:7:8") == b"\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\10"
    assert parse("::ffff:1.2.3.4") == bytes(10) + b"\xff\xff\x01\x02\x03\x04"
    assert parse("64:ff9b::1.2.3.4") == b"\x00\x64\xff\x9b" + bytes(8) + b"\x01\x02\x03\x04"
    odd = (":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "g::")
    odd += (
        "12345::",
        "::1%eth0",
        "[::1]",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "::1.2.3",
        "1:",
        ":1",
        " ::1",
        "::1 ",
        "0x1::",
        "::+1",
    )
    for spelled in odd:
        assert parse(spelled) is None, spelled


def test_the_canonical_spelling_is_rfc_5952():
    for spelled, canonical in (
        ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("1:0:0:0:0:0:0:0", "1::"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("::0001", "::1"),
        ("::ffff:102:304", "::ffff:1.2.3.4"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
    ):
        address = parse(spelled)
        assert address is not None and text(address) == canonical and parse(canonical) == address


def test_public_addresses_are_public():
    for spelled in (
        "1.1.1.1",
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "100.63.0.1",
        "100.128.0.1",
        "192.0.1.1",
        "198.20.0.1",
    ):
        assert kind(spelled) == "public", spelled
    for spelled in ("223.255.255.255", "169.253.0.1", "11.0.0.1", "126.0.0.1", "128.0.0.1", "2606:4700::1", "2a00::1"):
        assert kind(spelled) == "public", spelled
    for spelled in ("::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2001:200::1", "2003::1", "2001:4:111::1"):
        assert kind(spelled) == ("protocol" if spelled == "2001:4:111::1" else "public"), spelled


def test_every_special_ipv4_range_at_its_first_and_last_address():
    for first, last, expected in (
        ("0.0.0.0", "0.255.255.255", "this_network"),
        ("10.0.0.0", "10.255.255.255", "private"),
        ("100.64.0.0", "100.127.255.255", "cgnat"),
        ("127.0.0.0", "127.255.255.255", "loopback"),
        ("169.254.0.0", "169.254.255.255", "link_local"),
        ("172.16.0.0", "172.31.255.255", "private"),
        ("192.0.0.0", "192.0.0.255", "protocol"),
        ("192.0.2.0", "192.0.2.255", "documentation"),
        ("192.31.196.0", "192.31.196.255", "as112"),
        ("192.52.193.0", "192.52.193.255", "tunnel"),
        ("192.88.99.0", "192.88.99.255", "tunnel"),
        ("192.168.0.0", "192.168.255.255", "private"),
        ("192.175.48.0", "192.175.48.255", "as112"),
        ("198.18.0.0", "198.19.255.255", "benchmark"),
        ("198.51.100.0", "198.51.100.255", "documentation"),
        ("203.0.113.0", "203.0.113.255", "documentation"),
        ("224.0.0.0", "239.255.255.255", "multicast"),
        ("240.0.0.0", "255.255.255.255", "reserved"),
    ):
        assert kind(first) == kind(last) == expected, first


def test_every_special_ipv6_range_at_its_first_and_last_address():
    for first, last, expected in (
        ("::", "::", "this_network"),
        ("::1", "::1", "loopback"),
        ("100::", "100::ffff:ffff:ffff:ffff", "discard"),
        ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", "discard"),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "benchmark"),
        ("2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", "tunnel"),
        ("2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", "as112"),
        ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "orchid"),
        ("2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "orchid"),
        ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocol"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
        ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "as112"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "unique_local"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link_local"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site_local"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
    ):
        assert kind(first) == kind(last) == expected, first


def test_metadata_addresses_of_every_cloud_known():
    four = ("169.254.169.254", "169.254.169.253", "169.254.170.2", "169.254.170.23", "169.254.42.42", "169.254.0.23")
    four += ("100.100.100.200", "192.0.0.192", "168.63.129.16")
    for spelled in four:
        assert kind(spelled) == "metadata", spelled
    for spelled in (
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "fd00:a9fe:a9fe::1",
        "fe80::a9fe:a9fe",
    ):
        assert kind(spelled) == "metadata", spelled
    for spelled in (
        "169.254.168.255",
        "169.254.171.0",
        "100.100.100.201",
        "192.0.0.193",
        "168.63.129.17",
        "fd00:ec3::254",
    ):
        assert kind(spelled) != "metadata", spelled


def _carriers(address):
    """Every way an IPv6 address carries an IPv4 address, as bytes."""
    inverted = bytes([byte ^ 255 for byte in address])
    isatap = b"\x20\x03\0\0\0\0\0\0\0\0\x5e\xfe"
    return (
        bytes(10) + b"\xff\xff" + address,  # mapped
        bytes(12) + address,  # compatible
        b"\x00\x64\xff\x9b" + bytes(8) + address,  # NAT64
        b"\x00\x64\xff\x9b\x00\x01" + bytes(6) + address,  # NAT64, local prefix of 96 bits
        b"\x00\x64\xff\x9b\x00\x01" + address[:2] + b"\0" + address[2:] + bytes(5),  # of 48
        b"\x20\x02" + address + bytes(10),  # 6to4
        b"\x20\x01\0\0" + address + bytes(8),  # Teredo's server
        b"\x20\x01\0\0\x08\x08\x08\x08" + bytes(4) + inverted,  # Teredo's client
        isatap + address,
        isatap[:8] + b"\x02\0\x5e\xfe" + address,
    )


def test_metadata_is_seen_through_every_carrier():
    for spelled in ("169.254.169.254", "100.100.100.200", "192.0.0.192"):
        for carrier in _carriers(parse(spelled)):
            assert classify(carrier) == "metadata", text(carrier)


def test_what_is_private_stays_special_in_every_carrier():
    for spelled in ("127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1"):
        for carrier in _carriers(parse(spelled)):
            assert classify(carrier) != "public", text(carrier)
    for spelled in ("127.0.0.2", "10.0.0.1", "192.168.1.1", "100.64.0.1"):
        address = parse(spelled)
        assert address is not None
        for carrier in _carriers(address)[:3] + _carriers(address)[5:6]:
            assert classify(carrier) == classify(address), text(carrier)


def test_tunnels_to_public_addresses_are_public_only_where_they_still_exist():
    mapped, compatible, nat64, local, _, six_to_four, teredo, _, isatap, _ = _carriers(parse("8.8.8.8"))
    assert classify(mapped) == classify(nat64) == classify(isatap) == "public"
    assert (classify(compatible), classify(local)) == ("reserved", "nat64_local")
    assert classify(six_to_four) == "tunnel" and classify(teredo) != "public"


def test_networks_are_canonical():
    assert parse_network("10.0.0.0/8") == (b"\x0a\0\0\0", 8)
    assert parse_network("10.0.0.1") == (b"\x0a\0\0\x01", 32)
    assert parse_network("::/0") == (bytes(16), 0)
    for spelled in (
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/",
        "10.0.0.0/ 8",
        "10/8",
        "0::/0",
        "/8",
        "",
        None,
    ):
        assert parse_network(spelled) is None, spelled


def test_within_counts_bits_and_sees_mapped_addresses_as_what_they_are():
    for spelled, network, inside in (
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.0.0.0", "10.0.0.0/8", False),
        ("192.168.3.255", "192.168.2.0/23", True),
        ("192.168.4.0", "192.168.2.0/23", False),
        ("192.168.1.129", "192.168.1.128/25", True),
        ("192.168.1.127", "192.168.1.128/25", False),
        ("192.168.1.7", "192.168.1.7", True),
        ("192.168.1.6", "192.168.1.7", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("::ffff:10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("10.1.2.3", "::ffff:10.1.2.3", True),
        ("10.1.2.4", "::ffff:10.1.2.3", False),
        ("64:ff9b::10.1.2.3", "10.0.0.0/8", False),
        ("10.0.0.0", "::/0", False),
        ("fd00::1", "fd00::/8", True),
        ("fe00::1", "fd00::/8", False),
        ("1.2.3.4", "0.0.0.0/0", True),
    ):
        found = parse_network(network)
        assert found is not None and within(parse(spelled), found[0], found[1]) == inside, spelled
    assert plain(parse("::ffff:1.2.3.4")) == b"\1\2\3\4" and plain(parse("::1.2.3.4")) == parse("::1.2.3.4")
