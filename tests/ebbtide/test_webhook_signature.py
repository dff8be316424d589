"""Signatures after Standard Webhooks: its own example, and everything that must not pass."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from ebbtide.errors import ContractError, SettingsError
from ebbtide.webhook_signature import signed_headers, verify

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()


def signed(body=b"{}", secrets=(SECRET,), at=NOW):
    return signed_headers(body, message_id="m1", sent_at=at, secrets=secrets)


@pytest.mark.golden
def test_the_example_of_the_specification_is_reproduced():
    headers = signed_headers(
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_at=datetime.fromtimestamp(1614265330, UTC),
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_either_secret_verifies_while_one_replaces_the_other():
    headers = signed(secrets=[OTHER, SECRET])
    verify(b"{}", headers, secret=SECRET, now=NOW)
    verify(b"{}", headers, secret=OTHER, now=NOW)


def test_names_of_headers_are_read_in_any_case():
    verify(b"{}", {k.title(): v for k, v in signed().items()}, secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b"{ }", {}),
        (b"{}", {"webhook-id": "m2"}),
        (b"{}", {"webhook-signature": "v1,AAAA"}),
        (b"{}", {"webhook-signature": ""}),
        (b"{}", {"webhook-signature": "v1,é"}),
        (b"{}", {"webhook-timestamp": "soon"}),
        (b"{}", {"webhook-timestamp": "-1772452800"}),
        (b"{}", {"webhook-timestamp": str(int((NOW + timedelta(seconds=1)).timestamp()))}),
        (b"{}", {"webhook-timestamp": str(int((NOW - timedelta(hours=1)).timestamp()))}),
    ],
    ids=["body", "id", "signature", "empty", "no ascii", "no time", "negative", "moved", "old"],
)
def test_what_was_changed_on_the_way_is_refused(body, changed):
    with pytest.raises(ContractError):
        verify(body, {**signed(), **changed}, secret=SECRET, now=NOW)


def test_a_replay_is_refused():
    with pytest.raises(ContractError, match="last 300 seconds"):
        verify(b"{}", signed(at=NOW - timedelta(seconds=301)), secret=SECRET, now=NOW)


def test_a_missing_header_is_named():
    headers = signed()
    del headers["webhook-id"]
    with pytest.raises(ContractError, match="webhook-id"):
        verify(b"{}", headers, secret=SECRET, now=NOW)


def test_another_secret_does_not_verify():
    with pytest.raises(ContractError, match="made with this secret"):
        verify(b"{}", signed(), secret=OTHER, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_QUFB", "whsec_*", "whsec_" + "QUFB" * 40])
def test_a_text_that_is_no_secret_is_refused(secret):
    with pytest.raises(SettingsError, match="24 to 64 bytes"):
        signed(secrets=[secret])
