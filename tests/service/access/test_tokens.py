"""Tokens: only of the named issuer, for this audience, now, signed with a public key it lists."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ebbtide.errors import SettingsError
from service.access.jwks import Jwks
from service.access.tokens import Tokens

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLAIMS = {
    "iss": "https://id.example",
    "aud": "ebbtide",
    "sub": "crm-robot",
    "iat": SECONDS - 60,
    "exp": SECONDS + 600,
    "scope": "openid ebbtide:score ebbtide:read ebbtide:nonsense score",
}
ALGORITHMS = {
    "rsa": ("RS256", jwt.algorithms.RSAAlgorithm),
    "ec": ("ES256", jwt.algorithms.ECAlgorithm),
    "ed": ("EdDSA", jwt.algorithms.OKPAlgorithm),
}


@pytest.fixture(scope="module")
def private():
    return {
        "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "ec": ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }


def listed(kid, key, algorithm):
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}


@pytest.fixture
def jwks_file(tmp_path, private):
    file = tmp_path / "jwks.json"
    keys = [listed(kid, key, ALGORITHMS[kid][1]) for kid, key in private.items()]
    file.write_text(json.dumps({"keys": keys}))
    return file


@pytest.fixture
def tokens(jwks_file):
    return Tokens(
        issuer="https://id.example",
        audience="ebbtide",
        jwks=Jwks(jwks_file),
        leeway_seconds=30,
        now=lambda: NOW,
    )


@pytest.fixture
def signed(private):
    def sign(kid="ed", *, key=None, algorithm=None, headers=None, without=(), **changed):
        claims = {name: each for name, each in {**CLAIMS, **changed}.items() if name not in without}
        head = {"kid": kid, **(headers or {})}
        return jwt.encode(
            claims, key or private[kid], algorithm=algorithm or ALGORITHMS[kid][0], headers=head
        )

    return sign


@pytest.mark.parametrize("kid", ALGORITHMS)
def test_each_algorithm_is_taken_with_its_kind_of_key(tokens, signed, kid):
    caller = tokens.caller_of(signed(kid))
    assert (caller.name, caller.scopes, caller.key_id) == ("jwt:crm-robot", {"score", "read"}, None)


def test_a_token_that_names_no_key_is_no_good_where_there_are_several(tokens, private):
    assert tokens.caller_of(jwt.encode(CLAIMS, private["ed"], algorithm="EdDSA")) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": SECONDS - 31},
        {"exp": SECONDS - 30},
        {"iat": SECONDS + 31},
        {"nbf": SECONDS + 31},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"nbf": -(10**400)},
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"sub": ""},
        {"scope": ["ebbtide:score"]},
        *({"without": (name,)} for name in ("exp", "iat", "iss", "aud", "sub")),
        {"headers": {"crit": ["exp"]}},
        {"headers": {"kid": "unknown"}},
    ],
    ids=str,
)
def test_a_token_that_is_off_is_no_good(tokens, signed, changed):
    assert tokens.caller_of(signed(**changed)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": SECONDS - 29},
        {"iat": SECONDS + 30},
        {"nbf": SECONDS + 30},
        {"aud": ["x", "ebbtide"]},
    ],
    ids=str,
)
def test_clocks_may_differ_by_the_leeway(tokens, signed, changed):
    assert tokens.caller_of(signed(**changed)) is not None


def part(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def test_no_signature_is_no_good(tokens):
    token = part(json.dumps({"alg": "none", "kid": "ed"}).encode()) + b"."
    token += part(json.dumps(CLAIMS).encode()) + b"."
    assert tokens.caller_of(token.decode()) is None


def test_a_public_key_is_no_shared_secret(tokens, private):
    """The classic mix-up: signed by HMAC with the public key that everybody knows."""
    shared = (
        private["rsa"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    signed = part(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    signed += b"." + part(json.dumps(CLAIMS).encode())
    signature = part(hmac.digest(shared, signed, hashlib.sha256))
    assert tokens.caller_of((signed + b"." + signature).decode()) is None


def test_another_s_key_is_no_good(tokens, signed):
    other = ed25519.Ed25519PrivateKey.generate()
    assert tokens.caller_of(signed("ed", key=other)) is None


def test_an_algorithm_that_was_not_agreed_is_no_good(tokens, signed):
    assert tokens.caller_of(signed("rsa", algorithm="RS512")) is None


def test_a_key_in_the_token_itself_is_ignored(tokens, signed):
    other = ed25519.Ed25519PrivateKey.generate()
    own = jwt.algorithms.OKPAlgorithm.to_jwk(other.public_key(), as_dict=True)
    assert tokens.caller_of(signed("ed", key=other, headers={"jwk": own})) is None


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "é.é.é", "e30.e30.e30"])
def test_what_is_no_token_is_no_good(tokens, text):
    assert tokens.caller_of(text) is None


def test_a_long_subject_gets_a_name_that_fits_the_logs(tokens, signed):
    name = tokens.caller_of(signed(sub="x" * 500)).name
    assert name.startswith("jwt:")
    assert len(name) <= 64


def test_a_subject_with_half_a_character_gets_a_name_that_can_be_written(tokens, signed):
    name = tokens.caller_of(signed(sub="\ud800")).name
    assert name.startswith("jwt:")
    assert name.isascii()


def test_keys_of_a_changed_file_are_taken_and_old_ones_no_more(tokens, jwks_file, signed):
    new = ed25519.Ed25519PrivateKey.generate()
    entry = listed("new", new, jwt.algorithms.OKPAlgorithm)
    beside = jwks_file.with_name("next.json")
    beside.write_text(json.dumps({"keys": [entry]}))
    os.replace(beside, jwks_file)
    assert tokens.caller_of(signed("ed")) is None
    assert tokens.caller_of(signed("new", key=new, algorithm="EdDSA")) is not None


def test_a_file_changed_into_something_else_leaves_the_keys_from_before(tokens, jwks_file, signed):
    jwks_file.write_text("{")
    assert tokens.caller_of(signed("ed")) is not None
    jwks_file.unlink()
    assert tokens.caller_of(signed("ed")) is not None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct"}]}'])
def test_a_file_without_keys_is_refused_at_the_start(tmp_path, content):
    file = tmp_path / "jwks.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match="EBBTIDE_JWT_JWKS_FILE"):
        Jwks(file)


def test_weak_and_repeated_keys_are_refused(tmp_path, private):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    good = listed("k", private["ed"], jwt.algorithms.OKPAlgorithm)
    for keys in ([listed("w", weak, jwt.algorithms.RSAAlgorithm)], [good, good]):
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps({"keys": keys}))
        with pytest.raises(SettingsError):
            Jwks(file)


def test_a_service_with_tokens_knows_their_scopes_and_has_no_demo_mode(
    make_client, jwks_file, signed, frozen_now
):
    now = int(frozen_now.timestamp())
    settings = {
        "jwt_issuer": "https://id.example",
        "jwt_audience": "ebbtide",
        "jwt_jwks_file": jwks_file,
    }
    with make_client(**settings) as client:
        assert client.get("/v1/actions").status_code == 401
        head = {"Authorization": f"Bearer {signed(iat=now, exp=now + 60)}"}
        assert client.get("/v1/actions", headers=head).status_code == 200
        assert client.get("/metrics", headers=head).status_code == 403


def test_the_settings_of_tokens_come_together(make_client, jwks_file):
    with pytest.raises(SettingsError, match="together"):
        make_client(jwt_jwks_file=jwks_file)
