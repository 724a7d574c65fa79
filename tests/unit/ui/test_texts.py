"""The catalogue: each marked text has its English, with the same places to fill."""

import re

import pytest

from gateway.translations.__main__ import MO, compiled, marked_texts, translated

PLACE = re.compile(r"%\((\w+)\)[sd]")
HOW = "run `python -m gateway.translations` and write the missing English into messages.po"


@pytest.fixture(scope="module")
def english() -> dict[str, str]:
    return translated()


def test_each_text_has_an_english_translation(english: dict[str, str]) -> None:
    assert sorted(text for text in marked_texts() if not english.get(text)) == [], HOW


def test_a_translation_fills_the_same_places(english: dict[str, str]) -> None:
    different = [
        text
        for text, words in english.items()
        if sorted(PLACE.findall(text)) != sorted(PLACE.findall(words))
    ]
    assert different == []


def test_the_compiled_catalogue_is_fresh() -> None:
    assert MO.read_bytes() == compiled(), HOW
