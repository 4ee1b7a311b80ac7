"""What is taken out of text before it is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.report.cleaning import clean

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_nothing_that_acts_stays(text: str):
    found = clean(text)
    categories = {unicodedata.category(character) for character in found}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert {c for c in found if unicodedata.category(c) == "Cf"} <= {"\u200c", "\u200d"}
    assert not any(ord(character) & 0xFFFF >= 0xFFFE for character in found)
    found.encode()


@given(ANY_TEXT)
def test_cleaning_twice_is_cleaning_once(text: str):
    assert clean(clean(text)) == clean(text)
    assert clean(clean(text, lines=True), lines=True) == clean(text, lines=True)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "M", "Zs"))))
def test_what_shows_itself_stays(text: str):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "]0;title"),
        ("a\u202eb\u2066c\u200f", "abc"),
        ("a\x01\ufffe\ud800\x85b", "a b"),
        ("a\r\nb\tc\u2028d", "a  b c d"),
        ("α ≥ 0,1 🧀", "α ≥ 0,1 🧀"),
    ],
)
def test_known_attacks_become_plain_text(text: str, shown: str):
    assert clean(text) == shown


def test_line_feeds_stay_where_lines_are_wanted():
    assert clean("##\n#@\r\n", lines=True) == "##\n#@ \n"
