"""Buckets refill, signatures serve one purpose, kept sessions are forgotten in time."""

from datetime import timedelta

import pytest

from gateway.auth import Sessions
from gateway.limits import BUCKETS_MAX, RateLimit, body_limit
from gateway.signing import Signer
from services.contracts.identity import ActorTokenView, SessionQuery
from services.kernel import clock
from services.kernel.errors import NotSignedIn, TooMany


def test_a_bucket_gives_its_burst_and_then_refuses() -> None:
    limit = RateLimit(rate_per_s=0.001, burst=3)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(TooMany):
        limit.take("a")
    limit.take("b")


def test_a_bucket_refills_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr(clock, "monotonic_s", lambda: now_s[0])
    limit = RateLimit(rate_per_s=2, burst=2)
    limit.take("a")
    limit.take("a")
    now_s[0] += 0.5
    limit.take("a")
    with pytest.raises(TooMany):
        limit.take("a")


def test_made_up_keys_do_not_fill_the_memory() -> None:
    limit = RateLimit(1, 1)
    for number in range(BUCKETS_MAX + 10):
        limit.take(str(number))
    assert len(limit._buckets) == BUCKETS_MAX


@pytest.mark.parametrize(
    ("path", "kib"),
    [("/wechat", 64), ("/wechat/wx1", 64), ("/pay/wechat/notify", 64), ("/api/v1/orders", 1024)],
)
def test_each_path_has_its_limit(path: str, kib: int) -> None:
    assert body_limit(path) == kib * 1024


def test_a_signature_serves_one_purpose_and_its_own_parts() -> None:
    signer = Signer("k" * 32)
    signature = signer.sign("csrf", "a", "bc")
    assert signer.verify(signature, "csrf", "a", "bc")
    assert not signer.verify(signature, "state", "a", "bc")
    assert not signer.verify(signature, "csrf", "ab", "c")
    assert not Signer("other" * 8).verify(signature, "csrf", "a", "bc")
    assert not signer.verify("签名", "csrf", "a", "bc")


def test_a_state_that_is_no_state_does_not_hold() -> None:
    signer = Signer("k" * 32)
    assert signer.state_holds(signer.new_state("browser"), "browser")
    for state in ("", "0", "zz" * 44, signer.new_state("other")):
        assert not signer.state_holds(state, "browser")


def test_a_session_is_asked_for_once_until_its_token_grows_old() -> None:
    asked: list[SessionQuery] = []

    def ask(question: SessionQuery) -> ActorTokenView:
        asked.append(question)
        return ActorTokenView(token="t", expires_at=clock.now() + timedelta(seconds=60))

    sessions = Sessions(ask, timedelta(seconds=45))
    try:
        sessions.actor("session-token")
        sessions.actor("session-token")
        assert len(asked) == 1
        clock.shift_seconds(46)
        sessions.actor("session-token")
        assert len(asked) == 2
    finally:
        clock.shift_seconds(0)


def test_what_cannot_be_a_session_token_is_not_asked_for() -> None:
    def ask(_: SessionQuery) -> ActorTokenView:
        raise AssertionError("asked")

    sessions = Sessions(ask, timedelta(seconds=45))
    for token in ("", "short", "x" * 201):
        with pytest.raises(NotSignedIn):
            sessions.actor(token)
