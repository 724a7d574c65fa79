"""Passwords are argon2id, and nobody's costs what somebody's does."""

import time

import pytest

from services.identity.passwords import Passwords


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


def test_the_right_password_matches_its_hash_and_no_other_does(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, "correct horse")
    assert not passwords.matches(kept, "wrong horse")


def test_an_unknown_user_matches_nothing_after_the_same_work(passwords: Passwords) -> None:
    kept = passwords.hash("correct horse")
    wrong = _fastest(lambda: passwords.matches(kept, "wrong horse"))
    nobody = _fastest(lambda: passwords.matches(None, "wrong horse"))
    assert not passwords.matches(None, "wrong horse")
    assert 0.5 < nobody / wrong < 2


def _fastest(work) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
