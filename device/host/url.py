"""One parse of a URL for everybody who decides about it or sends it: box, credential broker, command line.

Only one spelling of each target passes; what another parser might read differently is refused, with what to write
instead. Upper case in scheme and host is the one thing that is put right, as is a default port that is spelled out.
"""

from device.host import addresses, limits
from device.host.errors import BarnacleError

PORTS = {"http": 80, "https": 443}
CODES = (
    "bad_url",
    "too_long",
    "control",
    "space",
    "non_ascii",
    "backslash",
    "fragment",
    "bad_scheme",
    "userinfo",
    "percent_host",
    "bad_host",
    "trailing_dot",
    "bad_label",
    "bad_ip",
    "bad_port",
    "bad_path",
    "bad_query",
)

_NAME = "abcdefghijklmnopqrstuvwxyz0123456789"
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_IN_PATH = _UNRESERVED + "!$&'()*+,=:@/"
_IN_QUERY = _IN_PATH + ";?[]"
_UPPER_HEX = "0123456789ABCDEF"
_ANY_HEX = "0123456789ABCDEFabcdef"


class TargetError(BarnacleError):
    """The text is no canonical URL: `.code` of CODES, `.message` what is wrong, `.remedy` what to write."""

    def __init__(self, code, message, remedy="write it as https://name/path"):
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class Target:
    """Where a request goes. `.scheme` "http" or "https"; `.host` a lower-case name or canonical address (no brackets);
    `.kind` "name", "ipv4" or "ipv6"; `.address` bytes or None for a name; `.port` number; `.path` starts with "/";
    `.query` without "?", None when there is none."""

    def __init__(self, scheme, host, kind, address, port, path, query):
        self.scheme = scheme
        self.host = host
        self.kind = kind
        self.address = address
        self.port = port
        self.path = path
        self.query = query

    @property
    def authority(self):
        """The value of the Host header: host, in brackets where it must be, and a port that is not the default."""
        host = "[" + self.host + "]" if self.kind == "ipv6" else self.host
        return host if self.port == PORTS[self.scheme] else "%s:%d" % (host, self.port)

    @property
    def origin(self):
        """Scheme and authority."""
        return self.scheme + "://" + self.authority

    @property
    def url(self):
        """The whole in its one spelling; parses to an equal Target."""
        return self.origin + (self.path if self.query is None else self.path + "?" + self.query)

    def __eq__(self, other):
        return isinstance(other, Target) and self.url == other.url

    def __hash__(self):
        return hash(self.url)

    def __repr__(self):
        return "Target(%s)" % self.url


def parse(text):
    """The Target that `text` spells; raises TargetError."""
    _check_characters(text)
    colon = text.find("://")
    scheme = text[:colon].lower() if colon > 0 else ""
    if scheme not in PORTS:
        raise TargetError("bad_scheme", "it does not begin with https:// or http://")
    start = colon + 3
    end = _authority_end(text, start)
    host, port = _split_port(text[start:end], scheme)
    host, kind, address = _host(host)
    mark = text.find("?", end)
    path = text[end:] if mark < 0 else text[end:mark]
    query = None if mark < 0 else text[mark + 1 :]
    if not path and query is not None:
        raise TargetError("bad_path", "the ? follows the host directly", "write / before the ?")
    check_path(path or "/")
    if query is not None:
        _check_query(query)
    target = Target(scheme, host, kind, address, port, path or "/", query)
    if len(target.url) > limits.URL_BYTES:
        raise TargetError("too_long", "with the / it is longer than %d bytes" % limits.URL_BYTES, "shorten it")
    return target


def check_host(text):
    """(host, kind, address) of a lone host: a name, or an address without brackets; raises TargetError."""
    if type(text) is not str or not text:
        raise TargetError("bad_host", "there is no host", "write a name or an address")
    _check_characters(text)
    if ":" in text:
        return _host("[" + text + "]")
    return _host(text)


def check_path(path):
    """Raises TargetError unless the path is canonical: one spelling per resource, as far as a path can say."""
    if type(path) is not str or path[:1] != "/":
        raise TargetError("bad_path", "the path does not begin with /", "begin it with /")
    _check_escapes(path)
    if "//" in path:
        raise TargetError("bad_path", "the path holds an empty segment (//)", "write one /")
    if "/." in path:
        for segment in path.split("/"):
            if segment == "." or segment == "..":
                raise TargetError("bad_path", "the path holds a %s segment" % segment, "write the path it leads to")


def _check_characters(text):
    if type(text) is not str or not text:
        raise TargetError("bad_url", "it is no text")
    if len(text) > limits.URL_BYTES:
        raise TargetError("too_long", "it is longer than %d bytes" % limits.URL_BYTES, "shorten it")
    for char in text:
        if "!" <= char <= "~":
            if char == "\\":
                raise TargetError("backslash", "it holds a backslash", "write / or %5C in the query")
            if char == "#":
                raise TargetError("fragment", "it holds a #", "leave out the # and what follows it")
        elif char == " ":
            raise TargetError("space", "it holds a space", "write %20")
        elif char < " " or char == "\x7f":
            raise TargetError("control", "it holds a control character", "remove it")
        else:
            raise TargetError(
                "non_ascii", "it holds a character beyond ASCII", "write the host as xn--…, the rest with %XX"
            )


def _authority_end(text, start):
    slash, mark = text.find("/", start), text.find("?", start)
    if slash < 0:
        return mark if mark >= 0 else len(text)
    return slash if mark < 0 else min(slash, mark)


def _split_port(authority, scheme):
    if "@" in authority:
        raise TargetError("userinfo", "it holds an @ before the path", "leave out user and password")
    if "%" in authority:
        raise TargetError("percent_host", "the host holds a %", "write the host plainly, without zone")
    close = authority.rfind("]")
    colon = authority.find(":", close + 1)
    if colon < 0:
        return authority, PORTS[scheme]
    port = authority[colon + 1 :]
    if not 1 <= len(port) <= 5 or port[0] == "0":
        raise TargetError("bad_port", "the port is no number from 1 to 65535 without leading zeros", _port_remedy())
    for char in port:
        if not "0" <= char <= "9":
            raise TargetError("bad_port", "the port is no number", _port_remedy())
    if int(port) > 65535:
        raise TargetError("bad_port", "the port is larger than 65535", _port_remedy())
    return authority[:colon], int(port)


def _port_remedy():
    return "write host:port with a plain number, or leave both : and port out"


def _host(host):
    host = host.lower()
    if not host:
        raise TargetError("bad_host", "there is no host")
    if "[" in host or "]" in host:
        return _host_in_brackets(host)
    if _ends_in_number(host):
        address = addresses.parse(host)
        if address is None:
            raise TargetError(
                "bad_ip", "the host looks like a number and is no plain IPv4 address", "write four numbers: 192.0.2.1"
            )
        return host, "ipv4", address
    _check_name(host)
    return host, "name", None


def _host_in_brackets(host):
    inner = host[1:-1]
    if host[0] != "[" or host[-1] != "]" or "[" in inner or "]" in inner:
        raise TargetError("bad_host", "brackets belong around an IPv6 address only", "write [2001:db8::1]")
    address = addresses.parse(inner) if ":" in inner else None
    if address is None:
        raise TargetError("bad_ip", "what stands in brackets is no IPv6 address", "write [2001:db8::1]")
    if addresses.text(address) != inner:
        raise TargetError(
            "bad_ip", "the IPv6 address is not in its shortest spelling", "write [%s]" % addresses.text(address)
        )
    return inner, "ipv6", address


def _ends_in_number(host):
    """What some resolver would read as an IPv4 address: the last label is a number, decimal or hexadecimal."""
    name = host.rstrip(".")
    last = name[name.rfind(".") + 1 :]
    if last[:2] == "0x":
        return _only(last[2:], _ANY_HEX)
    return last != "" and _only(last, "0123456789")


def _check_name(host):
    if len(host) > 253:
        raise TargetError("bad_host", "the host is longer than 253 bytes", "check the name")
    if host[-1] == ".":
        raise TargetError("trailing_dot", "the host ends with a dot", "leave the dot out")
    for label in host.split("."):
        if not 1 <= len(label) <= 63:
            raise TargetError("bad_label", "a label of the host is empty or longer than 63 bytes", "check the name")
        if not _only(label, _NAME + "-") or label[0] == "-" or label[-1] == "-":
            raise TargetError(
                "bad_label",
                "the host is no plain name: labels are letters and digits with hyphens inside",
                "check the name",
            )
        if label[2:4] == "--" and label[:2] != "xn":
            raise TargetError("bad_label", "a label of the host has -- in third place", "check the name")


def _check_query(query):
    at = 0
    while at < len(query):
        char = query[at]
        if char == "%":
            if len(query) < at + 3 or not _only(query[at + 1 : at + 3], _ANY_HEX):
                raise TargetError("bad_query", "the query holds a % without two hexadecimal digits", "write %25")
            at += 3
            continue
        if char not in _IN_QUERY:
            raise TargetError("bad_query", "the query holds a plain " + char, "write %%%02X" % ord(char))
        at += 1


def _check_escapes(path):
    at = path.find("%")
    if not _only(path if at < 0 else path.replace("%", ""), _IN_PATH):
        for char in path:
            if char not in _IN_PATH and char != "%":
                remedy = "leave the ; part out" if char == ";" else "write %%%02X" % ord(char)
                raise TargetError("bad_path", "the path holds a plain " + char, remedy)
    need, low, high = 0, 0x80, 0xBF  # UTF-8: continuation bytes still to come, and the range of the next one
    last = -3
    while at >= 0:
        pair = path[at + 1 : at + 3]
        if len(pair) != 2 or not _only(pair, _UPPER_HEX):
            raise TargetError("bad_path", "the path holds a % without two upper-case hexadecimal digits", "write %XX")
        byte = int(pair, 16)
        if need and (at != last + 3 or not low <= byte <= high):
            raise _bad_utf8()
        if need:
            need, low, high = need - 1, 0x80, 0xBF
        elif byte < 0x80:
            _check_escaped(byte, pair)
        else:
            need, low, high = _utf8_start(byte)
        last = at
        at = path.find("%", at + 1)
    if need:
        raise _bad_utf8()


def _check_escaped(byte, pair):
    char = chr(byte)
    if byte < 0x20 or byte == 0x7F or char in "/\\%;":
        raise TargetError("bad_path", "the path hides a character as %" + pair, "use a path without it")
    if char in _IN_PATH:
        raise TargetError("bad_path", "the path escapes what needs no escape: %" + pair, "write " + char)


def _utf8_start(byte):
    """(continuation bytes, lowest and highest value of the first of them), overlong forms and surrogates excluded."""
    if 0xC2 <= byte <= 0xDF:
        return 1, 0x80, 0xBF
    if 0xE0 <= byte <= 0xEF:
        return 2, 0xA0 if byte == 0xE0 else 0x80, 0x9F if byte == 0xED else 0xBF
    if 0xF0 <= byte <= 0xF4:
        return 3, 0x90 if byte == 0xF0 else 0x80, 0x8F if byte == 0xF4 else 0xBF
    raise _bad_utf8()


def _bad_utf8():
    return TargetError("bad_path", "the escapes in the path are not UTF-8", "write the UTF-8 bytes as %XX")


def _only(text, alphabet):
    for char in text:
        if char not in alphabet:
            return False
    return True
