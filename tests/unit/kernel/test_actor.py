"""Actor tokens: genuine, unexpired, or refused."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kernel.actor import TOKEN_LIFETIME, Actor, ActorSigner, ActorVerifier
from services.kernel.errors import Forbidden, NotSignedIn

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ACTOR = Actor(
    account_id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
    roles=("owner",),
    permissions=frozenset({"order.place"}),
    groups={"01ARZ3NDEKTSV4RRFFQ69G5FAW": "owner"},
)


def pem_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


PRIVATE, PUBLIC = pem_pair()


def test_what_is_signed_is_read_back_whole() -> None:
    token = ActorSigner(PRIVATE).sign(ACTOR, NOW)
    assert ActorVerifier(PUBLIC).verify(token, NOW) == ACTOR


def test_a_token_ends_after_its_lifetime_also_when_it_was_seen_before() -> None:
    verifier = ActorVerifier(PUBLIC)
    token = ActorSigner(PRIVATE).sign(ACTOR, NOW)
    verifier.verify(token, NOW)
    with pytest.raises(NotSignedIn):
        verifier.verify(token, NOW + TOKEN_LIFETIME)


def test_no_token_lives_longer_than_a_minute() -> None:
    assert timedelta(minutes=1) >= TOKEN_LIFETIME


def test_a_token_of_another_key_is_refused() -> None:
    stranger, _ = pem_pair()
    with pytest.raises(NotSignedIn):
        ActorVerifier(PUBLIC).verify(ActorSigner(stranger).sign(ACTOR, NOW), NOW)


def test_an_altered_token_is_refused() -> None:
    header, body, signature = ActorSigner(PRIVATE).sign(ACTOR, NOW).split(".")
    with pytest.raises(NotSignedIn):
        ActorVerifier(PUBLIC).verify(f"{header}.{body[:-2]}AA.{signature}", NOW)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    key = "" if algorithm == "none" else "k" * 64
    claims = {"account_id": "x", "exp": NOW.timestamp() + 60}
    forged = jwt.encode(claims, key, algorithm=algorithm)
    with pytest.raises(NotSignedIn):
        ActorVerifier(PUBLIC).verify(forged, NOW)


def test_a_permission_that_was_not_granted_is_forbidden() -> None:
    ACTOR.need("order.place")
    with pytest.raises(Forbidden):
        ACTOR.need("money.audit")
    assert ACTOR.role_in("nowhere") is None
