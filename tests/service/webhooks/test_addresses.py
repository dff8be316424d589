"""Webhooks go to https addresses of the open internet, however another one is written."""

from __future__ import annotations

import pytest

from service.webhooks.addresses import ForbiddenAddress, checked_address, parse_target

BAD = [
    "",
    "crm.example/hook",
    "http://crm.example/hook",
    "ftp://crm.example/hook",
    "file:///etc/passwd",
    "https:crm.example",
    "https:///hook",
    "https://",
    "https://user@crm.example/",
    "https://user:word@crm.example/",
    "https://crm.example@127.0.0.1/",
    "https://crm.example\\@127.0.0.1/",
    "https://crm.example/#part",
    "https://crm.example:0/",
    "https://crm.example:22/",
    "https://crm.example:65536/",
    "https://crm.example:port/",
    "https://crm example/",
    "https://crm.example/a b",
    "https://crm.example/\r\nX: y",
    "https://crm.exämple/",
    "https://localhost/",
    "https://localhost:8443/",
    "https://db.internal/",
    "https://printer.local/",
    "https://shop.localhost/",
    "https://intranet/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://[::1/",
    "https://-crm.example/",
    "https://crm..example/",
    "https://crm_1.example/",
    "https://" + "a" * 2000 + ".example/",
]


@pytest.mark.parametrize("url", BAD)
def test_a_forbidden_url_is_refused_and_not_repeated(url):
    with pytest.raises(ForbiddenAddress) as refused:
        parse_target(url, allow_private=False)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host_header", "at"),
    [
        ("https://crm.example", "crm.example", "https://203.0.113.1:443/"),
        ("https://CRM.example/a?b=c", "crm.example", "https://203.0.113.1:443/a?b=c"),
        ("https://crm.example:8443/a", "crm.example:8443", "https://203.0.113.1:8443/a"),
        ("https://8.8.8.8/a", "8.8.8.8", "https://203.0.113.1:443/a"),
        ("https://[2001:4860:4860::8888]/", "[2001:4860:4860::8888]", "https://203.0.113.1:443/"),
    ],
)
def test_an_address_of_the_open_internet_will_do(url, host_header, at):
    target = parse_target(url, allow_private=False)
    assert target.host_header == host_header
    assert target.at("203.0.113.1") == at


def test_within_the_company_http_and_any_port_will_do_where_that_is_allowed():
    target = parse_target("http://localhost:81/hook", allow_private=True)
    assert checked_address(target, allow_private=True, resolve=lambda *_: ["127.0.0.1"]) == (
        "127.0.0.1"
    )


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        ["10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::1"],
        ["8.8.8.8", "::ffff:192.168.0.1"],
        ["169.254.169.254"],
    ],
)
def test_a_name_with_any_address_of_ours_is_refused(addresses):
    target = parse_target("https://crm.example/", allow_private=False)
    with pytest.raises(ForbiddenAddress):
        checked_address(target, allow_private=False, resolve=lambda *_: addresses)


def test_the_address_that_was_checked_is_the_one_that_is_returned():
    target = parse_target("https://crm.example/", allow_private=False)
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    found = checked_address(target, allow_private=False, resolve=lambda *_: next(answers))
    assert found == "8.8.8.8"
    assert next(answers) == ["127.0.0.1"]  # it was asked once
