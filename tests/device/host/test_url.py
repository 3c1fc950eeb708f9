"""One spelling per target: every other is refused with a stable code and what to write instead."""

from device.host import limits, url
from tests.device.portable_test import raises


def code(text):
    with raises(url.TargetError) as caught:
        url.parse(text)
    error = caught.error
    assert error is not None and error.message and error.remedy, text
    assert error.code in url.CODES
    return error.code


def test_a_target_has_every_part_of_the_url():
    target = url.parse("https://api.example.com:8443/v1/messages?x=1&y=%2f")
    assert (target.scheme, target.host, target.kind, target.port) == ("https", "api.example.com", "name", 8443)
    assert (target.path, target.query, target.address) == ("/v1/messages", "x=1&y=%2f", None)
    assert target.authority == "api.example.com:8443"
    assert target.origin == "https://api.example.com:8443"
    assert target.url == "https://api.example.com:8443/v1/messages?x=1&y=%2f"


def test_case_and_a_default_port_are_put_right_and_nothing_else_is():
    plain = url.parse("https://api.example/V1")
    for text in ("HTTPS://API.Example/V1", "https://api.example:443/V1", "hTTps://api.EXAMPLE:443/V1"):
        assert url.parse(text) == plain and hash(url.parse(text)) == hash(plain)
    assert plain.url == "https://api.example/V1" and plain != url.parse("https://api.example/v1")
    assert url.parse("http://a:443/").url == "http://a:443/"
    assert url.parse("https://a").url == "https://a/"


def test_addresses_are_targets_with_their_bytes():
    four, six = url.parse("http://192.0.2.7:8080/"), url.parse("http://[2001:DB8::7]:8080/")
    assert (four.kind, four.address, four.authority) == ("ipv4", b"\xc0\x00\x02\x07", "192.0.2.7:8080")
    assert (six.kind, six.host, six.authority) == ("ipv6", "2001:db8::7", "[2001:db8::7]:8080")
    assert six.address == b"\x20\x01\x0d\xb8" + bytes(11) + b"\x07"


def test_whatever_passes_parses_again_to_the_same():
    for text in (
        "https://a",
        "http://[::1]:81/x?",
        "https://xn--bcher-kva.example/%E2%82%AC/a,b?%zz"[:40],
        "http://a/?[]",
    ):
        target = url.parse(text)
        assert url.parse(target.url) == target and url.parse(target.url).url == target.url


def test_a_long_url_is_refused_beyond_its_bound():
    head = "https://a.example/"
    fits = head + "p" * (limits.URL_BYTES - len(head))
    assert url.parse(fits).url == fits
    assert code(fits + "p") == "too_long"
    assert code("https://a.example?" + "p" * limits.URL_BYTES) == "too_long"


def test_what_is_no_text_is_refused():
    for value in (None, b"https://a/", 7, "", ["https://a/"]):
        assert code(value) == "bad_url"


def test_the_scheme_is_http_or_https():
    for text in ("ftp://a/", "//a/", "a.example", "https:/a/", "https:a", "://a/", "javascript://a/", "httpss://a/"):
        assert code(text) == "bad_scheme", text
    for text in ("https:///a", "https://", "https://:443/", "http:///"):
        assert code(text) == "bad_host", text


def test_userinfo_good_at_evil():
    for text in ("https://good.example@evil.example/", "https://u:p@good.example/", "https://@good.example/"):
        assert code(text) == "userinfo", text
    assert url.parse("https://good.example/@evil.example").host == "good.example"


def test_backslash_before_the_at_sign():
    for text in ("https://good.example\\@evil.example/", "https:\\\\good.example/", "https://good.example/a\\b"):
        assert code(text) == "backslash", text


def test_fragment_and_question_mark_before_the_at_sign():
    assert code("https://good.example#@evil.example/") == "fragment"
    assert code("https://good.example/#") == "fragment"
    assert code("https://good.example?@evil.example/") == "bad_path"
    assert url.parse("https://good.example/?@evil.example/").host == "good.example"


def test_nul_space_tab_and_other_controls():
    for char in "\0\t\n\r\x0b\x1b\x7f":
        for text in ("https://good.example" + char + ".evil.example/", "https://a/" + char, char + "https://a/"):
            assert code(text) == "control", text
    assert code(" https://a/") == "space" and code("https://a /") == "space" and code("https://a/b c") == "space"


def test_zero_width_full_width_circled_digits_and_the_ideographic_dot():
    for char in "\u200b\ufeff\xad\u3002\uff0e\uff61\u2460\uff12\u2167\u0430\xe9\x80\u017f\u212a":
        assert code("https://a" + char + ".example/") == "non_ascii", char
        assert code("https://a.example/" + char) == "non_ascii"


def test_idn_look_alikes_pass_as_ascii_only():
    assert code("https://\u0435\u0445ample.com/") == "non_ascii"
    assert url.parse("https://xn--e1awd7f.com/").host == "xn--e1awd7f.com"


def test_percent_in_the_host():
    for text in (
        "https://good%2eexample/",
        "https://good.example%2f@evil/"[:30],
        "https://%61/",
        "http://[fe80::1%25eth0]/",
    ):
        assert code(text) in ("percent_host", "userinfo"), text
    assert code("http://[fe80::1%eth0]/") == "percent_host"


def test_trailing_dots():
    assert code("https://good.example./") == "trailing_dot"
    assert code("https://good.example../") == "trailing_dot"
    assert code("https://./") == "trailing_dot"
    assert code("http://127.0.0.1./") == "bad_ip"


def test_brackets_around_names():
    for host in ("[good.example]", "[127.0.0.1]", "[]"):
        assert code("https://" + host + "/") == "bad_ip", host
    for host in ("[[::1]]", "[::1]a", "a[::1]", "good]", "[::1][::1]"):
        assert code("https://" + host + "/") == "bad_host", host
    assert code("https://[::1/") == "bad_port"


def test_decimal_hex_octal_and_short_ipv4():
    numbers = (
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.0.0.0x1",
    )
    for host in numbers + ("127.0.0.01", "256.0.0.1", "1.2.3.4.5", "0", "0x", "00.0.0.0", "evil.1", "a.0xff", "1e3.7"):
        assert code("http://" + host + "/") == "bad_ip", host
    for host in ("127.0.0.1", "0.0.0.0", "255.255.255.255", "0x7f.example", "1.example", "1a"):
        assert url.parse("http://" + host + "/").host == host


def test_ipv6_passes_in_its_shortest_spelling_only():
    long = (
        "0:0:0:0:0:0:0:1",
        "::0001",
        "2001:db8:0::1",
        "::ffff:7f00:1",
        "2001:db8::0:1",
        "0::1",
        "1:0:0:2:0:0:0:0",
    )
    for host in long + ("::1.2.3.4", "64:ff9b::127.0.0.1"):
        assert code("http://[" + host + "]/") == "bad_ip", host
    for host in ("1::2::3", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::g", "12345::", "::1.2.3", "::ffff:1.2.3.04"):
        assert code("http://[" + host + "]/") == "bad_ip", host
    for host in ("::", "::1", "1::", "2001:db8::1:0:0:1", "::ffff:127.0.0.1", "1:2:3:4:5:6:7:8", "1:0:2::"):
        assert url.parse("http://[" + host + "]/").host == host
    assert code("http://2001:db8::1/") == "bad_port"


def test_odd_labels():
    for host in (
        "a..b",
        ".a",
        "-a",
        "a-",
        "a.-b.c",
        "a_b",
        "a,b",
        "a*b",
        "*.a",
        "ab--c",
        "a!b",
        "a'b",
        "x" * 64 + ".a",
    ):
        assert code("https://" + host + "/") == "bad_label", host
    for host in ("a", "a-b", "a--b", "x" * 63 + ".a", "3com.example", "xn--a"):
        assert url.parse("https://" + host + "/").host == host
    host = ".".join(["x" * 49] * 5) + ".abc"
    assert len(host) == 253 and url.parse("https://" + host + "/").host == host
    assert code("https://" + host + "d/") == "bad_host"


def test_odd_ports():
    for port in ("", "0", "00", "080", "65536", "99999999999999999999", "+80", "-1", "8_0", "80a", "0x50", "80:80"):
        assert code("https://a:" + port + "/") == "bad_port", port
    for port in (1, 80, 443, 65535):
        assert url.parse("https://a:%d/" % port).port == port


def test_path_rules_evaded_by_dots():
    evasions = (
        "/a/../b",
        "/..",
        "/.",
        "/./a",
        "/a/.",
        "/a/..",
        "/%2E%2E/b",
        "/%2e%2e/b",
        "/a/%2E",
        "/.%2E/b",
        "/%2E./b",
    )
    for path in evasions:
        assert code("https://a" + path) == "bad_path", path
    for path in ("/...", "/.well-known/x", "/a.b", "/a..b", "/..a", "/a../b"):
        assert url.parse("https://a" + path).path == path


def test_path_rules_evaded_by_empty_segments_parameters_and_hidden_separators():
    hidden = (
        "//",
        "//a",
        "/a//b",
        "/a//",
        "/a;b",
        "/a;/..;/b",
        "/a%2Fb",
        "/a%2fb",
        "/a%5Cb",
        "/a%3Bb",
        "/a%252Fb",
        "/a%00",
    )
    for path in hidden + ("/a%0Ab", "/a%7F"):
        assert code("https://a" + path) == "bad_path", path


def test_one_spelling_per_path():
    for path in (
        "/%41",
        "/%7E",
        "/%2D",
        "/%40",
        "/%2C",
        "/%c3%bc",
        "/%",
        "/%4",
        "/%zz",
        "/a%",
        "/%C3%bc",
        "/%+1",
        "/% 1",
    ):
        assert code("https://a" + path) in ("bad_path", "space"), path
    for char in '"<>^`{|}[]':
        assert code("https://a/" + char) == "bad_path", char
    for path in ("/%20", "/%C3%BC", "/%5B%5D", "/a!$&'()*+,=:@b", "/~a_b-c.d", "/%3F%23"):
        assert url.parse("https://a" + path).path == path


def test_overlong_and_broken_utf8_in_the_path():
    overlong = ("/%C0%AE", "/%C0%AF", "/%E0%80%AE", "/%F0%80%80%AE", "/%ED%A0%80", "/%F4%90%80%80", "/%F5%80%80%80")
    for path in overlong + ("/%FF", "/%80", "/%C3", "/%C3a", "/%C3/%BC", "/%C3%C3", "/%E2%82", "/%E2%82%41"):
        assert code("https://a" + path) == "bad_path", path
    for path in ("/%E0%A0%80", "/%ED%9F%BF", "/%F0%90%80%80", "/%F4%8F%BF%BF", "/%EF%BF%BD%C2%80"):
        assert url.parse("https://a" + path).path == path


def test_the_query_is_kept_byte_for_byte():
    for query in ("", "?", "a=b&c=%2f%2F;d", "x[1]=2", "q=a/../b", "%00%0D%0A", "u=https://b.example/@c"):
        assert url.parse("https://a/?" + query).query == query
    assert url.parse("https://a/").query is None and url.parse("https://a/?").url == "https://a/?"
    for query in ("%", "%1", "%zz", "a%2", "<", '"', "{a}", "a|b", "^", "`"):
        assert code("https://a/?" + query) == "bad_query", query


def test_a_lone_host_is_checked_like_the_one_in_a_url():
    assert url.check_host("NAS.lan") == ("nas.lan", "name", None)
    assert url.check_host("192.0.2.1")[1:] == ("ipv4", b"\xc0\x00\x02\x01")
    assert url.check_host("::1") == ("::1", "ipv6", bytes(15) + b"\x01")
    for host in ("", None, "[::1]", "a:80", "a/b", "a b", "127.1", "a.", "a?b", "u@a", "a%41"):
        with raises(url.TargetError):
            url.check_host(host)
