"""The text of a key: random, telling of typos, silent about its secret."""

from __future__ import annotations

import hashlib
import re

import pytest

from ebbtide.api_key import KeyText, new_key, read_key

TEXT = KeyText(key_id="AAAAAAAAAAAA", secret="1" * 43).text


def test_keys_differ_and_look_as_documented():
    texts = {new_key().text for _ in range(200)}
    assert len(texts) == 200
    assert all(re.fullmatch(r"ebb_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", text) for text in texts)


def test_secrets_use_all_256_bits():
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    numbers = []
    for _ in range(200):
        number = 0
        for letter in new_key().secret:
            number = number * 62 + alphabet.index(letter)
        numbers.append(number)
    ever_set = ever_clear = 0
    for number in numbers:
        assert number < 2**256
        ever_set |= number
        ever_clear |= ~number & (2**256 - 1)
    assert ever_set == ever_clear == 2**256 - 1


def test_the_hash_is_sha256_of_the_secret():
    assert read_key(TEXT).secret_hash == hashlib.sha256(b"1" * 43).hexdigest()


def test_no_repr_shows_the_secret():
    assert "1" * 43 not in repr(read_key(TEXT))


@pytest.mark.parametrize("place", range(4, len(TEXT)))
def test_a_mistyped_letter_is_told(place):
    other = "0" if TEXT[place] != "0" else "9"
    assert read_key(TEXT[:place] + other + TEXT[place + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    ["", "ebb_", TEXT[:-1], TEXT + "1", TEXT.replace("ebb_", "abb_"), TEXT.lower(), TEXT + "\n",
     "ebb_AAAAAAAAAAAA_" + "é" * 49, "ebb_" + "_" * 62],
)  # fmt: skip
def test_what_is_no_key_is_none(text):
    assert read_key(text) is None
