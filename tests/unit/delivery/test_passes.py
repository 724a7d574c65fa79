"""Passes cannot be made, altered or guessed."""

import base64

import pytest

from services.contracts.delivery import PassRefused
from services.delivery.domain import passes
from services.delivery.domain.passes import Pass, PassSigner, WrongCodes
from services.kernel.errors import TooMany
from tests.support.delivery import COMMUNITY, NOW, OTHER_COMMUNITY, PASS_KEY, SIGNER, after

PASS = Pass("01J" + "0" * 23, COMMUNITY, after(3600))


def test_a_signed_pass_says_what_was_signed() -> None:
    assert SIGNER.read(SIGNER.sign(PASS)) == PASS


def test_a_pass_fits_a_small_qr_code() -> None:
    assert len(SIGNER.sign(PASS)) <= 120


@pytest.mark.parametrize(
    "forged",
    [
        SIGNER.sign(PASS).replace(COMMUNITY, OTHER_COMMUNITY),
        SIGNER.sign(PASS)[:-1],
        SIGNER.sign(PASS).rpartition(".")[0] + ".",
        PassSigner(base64.b64encode(b"q" * 32).decode()).sign(PASS),
        "L1.....",
        "豆浆.豆浆",
        "......",
    ],
    ids=["other community", "cut", "unsigned", "other key", "empty", "not ascii", "dots"],
)
def test_an_altered_or_foreign_pass_is_forged(forged: str) -> None:
    with pytest.raises(PassRefused) as refused:
        SIGNER.read(forged)
    assert refused.value.fields == {"why": "forged"}


def test_a_later_end_cannot_be_written_into_a_pass() -> None:
    until_s = str(int(PASS.until.timestamp()))
    longer = SIGNER.sign(PASS).replace(until_s, str(int(until_s) + 1))
    with pytest.raises(PassRefused):
        SIGNER.read(longer)


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "not base64!", PASS_KEY[:-4]])
def test_a_short_or_broken_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="pass key"):
        passes.decoded_key(key)


def test_drawn_digits_are_six_with_leading_zeros() -> None:
    assert passes.draw_digits(lambda _below: 42) == "000042"
    assert passes.is_digits(passes.draw_digits())
    assert not passes.is_digits("12345")
    assert not passes.is_digits("１２３４５６")


def test_too_many_wrong_codes_in_a_row_make_a_pause_and_then_a_new_row_begins() -> None:
    wrong = WrongCodes()
    for second in range(3):
        wrong.check(after(second), 3, 60)
        wrong = wrong.one_more(after(second), 3)

    with pytest.raises(TooMany) as refused:
        wrong.check(after(10), 3, 60)
    assert refused.value.fields == {"retry_after_s": "53"}
    wrong.check(after(62), 3, 60)
    assert wrong.one_more(after(62), 3).in_a_row == 1


def test_wrong_codes_below_the_limit_make_no_pause() -> None:
    WrongCodes(2, NOW).check(NOW, 3, 60)
