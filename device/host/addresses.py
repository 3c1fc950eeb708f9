"""IP addresses: strict text to bytes, bytes to canonical text, and what kind of address it is.

An address is `bytes` of length 4 or 16. The ranges are IANA's special-purpose registries (RFC 6890 and what followed),
written out: libraries differ in what they call global, and a difference would be a way around. What carries an IPv4
address inside (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is judged by what it carries too.

Classes: "public" and
    metadata       a cloud's door to its machine's own credentials; nothing ever opens it
    this_network   0.0.0.0/8 and ::, which a connect takes for the machine itself
    loopback private link_local cgnat unique_local site_local       near: loopback and the local network
    multicast documentation benchmark discard orchid as112 tunnel nat64_local protocol reserved    nobody's web server
"""

PUBLIC = "public"
METADATA = "metadata"

_HEX = "0123456789abcdefABCDEF"

# (first bytes in hex, bits, class): the first that fits decides
_RANGES_4 = (
    ("a9fea900", 24, METADATA),  # 169.254.169.254 and its neighbours: nearly every cloud; time, DNS, Rancher
    ("a9feaa00", 24, METADATA),  # 169.254.170.2, .23: Amazon's container credentials
    ("a9fe0017", 32, METADATA),  # 169.254.0.23: Tencent
    ("a9fe2a2a", 32, METADATA),  # 169.254.42.42: Scaleway
    ("646464c8", 32, METADATA),  # 100.100.100.200: Alibaba
    ("c00000c0", 32, METADATA),  # 192.0.0.192: Oracle
    ("a83f8110", 32, METADATA),  # 168.63.129.16: Azure's host, inside the public range
    ("00000000", 8, "this_network"),
    ("0a000000", 8, "private"),
    ("64400000", 10, "cgnat"),
    ("7f000000", 8, "loopback"),
    ("a9fe0000", 16, "link_local"),
    ("ac100000", 12, "private"),
    ("c0000000", 24, "protocol"),
    ("c0000200", 24, "documentation"),
    ("c01fc400", 24, "as112"),
    ("c034c100", 24, "tunnel"),  # 192.52.193.0/24: AMT
    ("c0586300", 24, "tunnel"),  # 192.88.99.0/24: relays of 6to4
    ("c0a80000", 16, "private"),
    ("c0af3000", 24, "as112"),
    ("c6120000", 15, "benchmark"),
    ("c6336400", 24, "documentation"),
    ("cb007100", 24, "documentation"),
    ("e0000000", 4, "multicast"),
    ("f0000000", 4, "reserved"),
)
_RANGES_6 = (
    ("fd000ec2000000000000000000000000", 32, METADATA),  # fd00:ec2::254, ::23, ::253: Amazon
    ("fd2000ce000000000000000000000254", 128, METADATA),  # fd20:ce::254: Google
    ("fd000042000000000000000000000042", 128, METADATA),  # fd00:42::42: Scaleway
    ("fd00a9fea9fe00000000000000000001", 128, METADATA),  # fd00:a9fe:a9fe::1: Linode
    ("fe80000000000000000000" + "00a9fea9fe", 128, METADATA),  # fe80::a9fe:a9fe: OpenStack
    ("00000000000000000000000000000000", 128, "this_network"),
    ("00000000000000000000000000000001", 128, "loopback"),
    ("0064ff9b000100000000000000000000", 48, "nat64_local"),
    ("01000000000000000000000000000000", 64, "discard"),
    ("01000000000000010000000000000000", 64, "discard"),
    ("20010000000000000000000000000000", 32, "tunnel"),  # Teredo
    ("20010002000000000000000000000000", 48, "benchmark"),
    ("20010003000000000000000000000000", 32, "tunnel"),  # AMT
    ("20010004011200000000000000000000", 48, "as112"),
    ("20010010000000000000000000000000", 28, "orchid"),
    ("20010020000000000000000000000000", 28, "orchid"),
    ("20010000000000000000000000000000", 23, "protocol"),
    ("20010db8000000000000000000000000", 32, "documentation"),
    ("20020000000000000000000000000000", 16, "tunnel"),  # 6to4
    ("2620004f800000000000000000000000", 48, "as112"),
    ("3fff0000000000000000000000000000", 20, "documentation"),
    ("20000000000000000000000000000000", 3, PUBLIC),
    ("fc000000000000000000000000000000", 7, "unique_local"),
    ("fe800000000000000000000000000000", 10, "link_local"),
    ("fec00000000000000000000000000000", 10, "site_local"),
    ("ff000000000000000000000000000000", 8, "multicast"),
)
_LOOPBACK_6 = bytes(15) + b"\x01"
_MAPPED = bytes(10) + b"\xff\xff"
_NAT64 = b"\x00\x64\xff\x9b" + bytes(8)
_NAT64_LOCAL = b"\x00\x64\xff\x9b\x00\x01"
_TEREDO = b"\x20\x01\x00\x00"
_SIX_TO_FOUR = b"\x20\x02"
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")


def parse(text):
    """The address that `text` spells, or None. IPv4: four decimal numbers without leading zeros, nothing shorter.
    IPv6: RFC 4291 without brackets and zone; not necessarily the canonical spelling (compare with `text`)."""
    if type(text) is not str:
        return None
    return _parse_6(text) if ":" in text else _parse_4(text)


def text(address):
    """The canonical spelling: dotted quad, or RFC 5952 (the IPv4 part of a mapped address dotted)."""
    if len(address) == 4:
        return "%d.%d.%d.%d" % (address[0], address[1], address[2], address[3])
    if address[:12] == _MAPPED:
        return "::ffff:" + text(address[12:])
    words = [address[at] << 8 | address[at + 1] for at in range(0, 16, 2)]
    start, count = _longest_zeros(words)
    if count < 2:
        return ":".join(["%x" % word for word in words])
    before = ":".join(["%x" % word for word in words[:start]])
    after = ":".join(["%x" % word for word in words[start + count :]])
    return before + "::" + after


def classify(address):
    """ "public", or the name of the special range (list above) that the address, or one it carries, belongs to."""
    if len(address) == 4:
        return _find(address, _TABLE_4, PUBLIC)
    if address[:12] == _MAPPED:
        return _find(address[12:], _TABLE_4, PUBLIC)
    own = _find(address, _TABLE_6, "reserved")
    if own == METADATA:
        return own
    found = own
    for inside in _carried(address):
        kind = _find(inside, _TABLE_4, PUBLIC)
        if kind == METADATA:
            return kind
        if kind != PUBLIC and found == own:
            found = kind
    if own == "reserved" and found == own and address[:12] == _NAT64:
        return PUBLIC
    return own if own in ("loopback", "this_network", "nat64_local") else found


def is_itself(address):
    """Whether a special address of the near kinds is one itself, and does not just carry one through a tunnel."""
    address = plain(address)
    if len(address) == 4:
        return True
    return address[0] in (0xFC, 0xFD) or (address[0] == 0xFE and address[1] >= 0x80) or address == _LOOPBACK_6


def plain(address):
    """The IPv4 address inside a mapped one, which is where a connect to it goes; any other address as it is."""
    return address[12:] if len(address) == 16 and address[:12] == _MAPPED else address


def parse_network(spelled):
    """(address, bits) of canonical "address/bits" without host bits, or None; a lone address is its own network."""
    if type(spelled) is not str:
        return None
    head, slash, tail = spelled.partition("/")
    address = parse(head)
    if address is None or text(address) != head:
        return None
    most = len(address) * 8
    if not slash:
        return _plain_network(address, most)
    if not tail or len(tail) > 3 or not _digits(tail) or (tail[0] == "0" and tail != "0") or int(tail) > most:
        return None
    bits = int(tail)
    return _plain_network(address, bits) if _masked(address, bits) == address else None


def within(address, network, bits):
    """Whether the address lies in the network; a mapped address counts as the IPv4 address it means."""
    address = plain(address)
    if len(address) != len(network):
        return False
    whole = bits >> 3
    if address[:whole] != network[:whole]:
        return False
    rest = bits & 7
    return not rest or (address[whole] ^ network[whole]) >> (8 - rest) == 0


def _plain_network(address, bits):
    """A network of mapped addresses as the IPv4 network it means."""
    if bits >= 96 and len(address) == 16 and address[:12] == _MAPPED:
        return address[12:], bits - 96
    return address, bits


def _parse_4(spelled):
    parts = spelled.split(".")
    if len(parts) != 4:
        return None
    for part in parts:
        if not 1 <= len(part) <= 3 or not _digits(part) or (part[0] == "0" and part != "0") or int(part) > 255:
            return None
    return bytes([int(part) for part in parts])


def _parse_6(spelled):
    if len(spelled) > 45 or spelled.count("::") > 1 or ":::" in spelled:
        return None
    halves = spelled.split("::")
    head = _words(halves[0], len(halves) == 1)
    tail = _words(halves[1], True) if len(halves) == 2 else b""
    if head is None or tail is None:
        return None
    missing = 16 - len(head) - len(tail)
    if len(halves) == 1:
        return head if missing == 0 else None
    return head + bytes(missing) + tail if missing >= 2 else None


def _words(spelled, last):
    """The bytes of colon-separated words, None when one is no word; the last may be a dotted quad."""
    if not spelled:
        return b""
    out = b""
    parts = spelled.split(":")
    for at in range(len(parts)):
        part = parts[at]
        if "." in part:
            quad = _parse_4(part) if last and at == len(parts) - 1 else None
            if quad is None:
                return None
            out += quad
            continue
        if not 1 <= len(part) <= 4:
            return None
        for char in part:
            if char not in _HEX:
                return None
        word = int(part, 16)
        out += bytes([word >> 8, word & 255])
    return out


def _longest_zeros(words):
    best, best_count, start = 0, 0, 0
    while start < 8:
        end = start
        while end < 8 and words[end] == 0:
            end += 1
        if end - start > best_count:
            best, best_count = start, end - start
        start = end + 1
    return best, best_count


def _carried(address):
    """The IPv4 addresses that an IPv6 address may deliver to."""
    head = address[:4]
    if address[:12] == _NAT64 or address[:12] == bytes(12):
        return (address[12:],)
    if address[:6] == _NAT64_LOCAL:  # RFC 6052: where it stands depends on the prefix somebody chose
        return (
            address[12:],
            address[6:8] + address[9:11],
            address[7:8] + address[9:12],
            address[9:13],
        )
    if head == _TEREDO:
        return bytes([byte ^ 255 for byte in address[12:]]), address[4:8]
    if address[:2] == _SIX_TO_FOUR:
        return (address[2:6],)
    if address[8:12] in _ISATAP:
        return (address[12:],)
    return ()


def _find(address, table, otherwise):
    for network, bits, kind in table:
        if within(address, network, bits):
            return kind
    return otherwise


def _masked(address, bits):
    out = bytearray(len(address))
    for at in range(len(address)):
        keep = min(8, max(0, bits - 8 * at))
        out[at] = address[at] & (0xFF00 >> keep & 0xFF)
    return bytes(out)


def _digits(spelled):
    for char in spelled:
        if not "0" <= char <= "9":
            return False
    return True


def _table(rows):
    return tuple(
        [(bytes([int(row[0][at : at + 2], 16) for at in range(0, len(row[0]), 2)]), row[1], row[2]) for row in rows]
    )


_TABLE_4 = _table(_RANGES_4)
_TABLE_6 = _table(_RANGES_6)
