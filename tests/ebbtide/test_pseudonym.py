"""Pseudonyms are those of HMAC; their key is made once, for its owner only, and never made anew."""

from __future__ import annotations

import hashlib
import hmac
import stat

import pytest

from ebbtide.errors import SettingsError
from ebbtide.pseudonym import installation_key, pseudonym


def test_a_pseudonym_is_the_first_half_of_hmac_sha256():
    digest = hmac.new(b"key", "客户-1".encode(), hashlib.sha256).hexdigest()
    assert pseudonym("客户-1", key=b"key") == digest[:32]


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "service" / "pseudonym.key"
    key = installation_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert installation_key(path) == key
    assert installation_key(tmp_path / "other.key") != key


@pytest.mark.parametrize(
    "content", ["", "no hexadecimal", "00" * 31], ids=["empty", "text", "short"]
)
def test_a_damaged_key_is_refused_and_not_made_anew(tmp_path, content):
    path = tmp_path / "pseudonym.key"
    path.write_text(content)
    with pytest.raises(SettingsError, match="Restore the file from a backup"):
        installation_key(path)
    assert path.read_text() == content
