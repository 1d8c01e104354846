import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbita.core.text import clean_line, clean_text, normalise, search_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Ёлкина\u00a0 Алёна ", "елкина алена"),
        ("е\u0308лка", "елка"),
        ("ＡＢＣ", "abc"),
        ("Straße", "strasse"),
        ("зна\u200bчок\ufeff", "значок"),
        ("a\x00b", "ab"),
        ("a\tb\nc", "a b c"),
        ("й", "й"),
    ],
)
def test_spellings_people_take_for_the_same_are_equal(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text())
def test_a_clean_line_has_no_line_breaks_and_no_odd_blanks(text: str) -> None:
    line = clean_line(text)
    assert line == " ".join(line.split())
    assert "\x00" not in line


def test_a_note_keeps_its_lines() -> None:
    assert clean_text(" первая \r\nвторая\x00\n\n\n\nтретья") == "первая\nвторая\n\nтретья"


def test_search_words_are_distinct_and_in_order() -> None:
    assert search_tokens("Иванов-Петров, Иван ИВАНОВ (ёж_2)") == [
        "иванов",
        "петров",
        "иван",
        "еж",
        "2",
    ]
