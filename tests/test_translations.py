import os
from pathlib import Path

import pytest

from orbita import translations

HEADER = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"
"""
needs_gettext = pytest.mark.skipif(
    not translations.has_gettext(), reason="gettext is absent: translations were not compared"
)


def make_room(root: Path, name: str, words: str, catalogue: str | None = None) -> Path:
    room = root / name
    room.mkdir(parents=True)
    (room / "apps.py").touch()
    (room / "words.py").write_text(f"from django.utils.translation import gettext as _\n{words}\n")
    if catalogue is not None:
        path = room / translations.CATALOGUE
        path.parent.mkdir(parents=True)
        path.write_text(HEADER + catalogue, encoding="utf-8")
    return room


def entry(said: str, meant: str) -> str:
    return f'\nmsgid "{said}"\nmsgstr "{meant}"\n'


def test_a_catalogue_is_compiled_when_it_is_newer_and_only_then(tmp_path: Path) -> None:
    room = make_room(tmp_path, "shop", "", entry("Order", "Заказ"))
    source = room / translations.CATALOGUE
    target = source.with_suffix(".mo")
    assert translations.compile_all(tmp_path).written == [target]
    assert "Заказ".encode() in target.read_bytes()
    assert translations.compile_all(tmp_path).written == []
    source.write_text(HEADER + entry("Order", "Сделка"), encoding="utf-8")
    os.utime(source, ns=(0, target.stat().st_mtime_ns + 1))
    assert translations.compile_all(tmp_path).written == [target]
    assert "Сделка".encode() in target.read_bytes()
    assert [path.name for path in target.parent.iterdir() if path.name.startswith(".")] == []


def test_a_catalogue_that_cannot_be_compiled_is_said_and_the_others_are(tmp_path: Path) -> None:
    bad = make_room(tmp_path, "shop", "", "")
    (bad / translations.CATALOGUE).write_bytes(b"\xff\xfe")
    good = make_room(tmp_path, "store", "", entry("Order", "Заказ"))
    done = translations.compile_all(tmp_path)
    assert done.written == [(good / translations.CATALOGUE).with_suffix(".mo")]
    [trouble] = done.troubles
    assert "shop" in trouble


@needs_gettext
def test_a_complete_catalogue_has_no_problems(tmp_path: Path) -> None:
    make_room(tmp_path, "shop", '_("Order")', entry("Order", "Заказ"))
    assert translations.problems(tmp_path) == []


@needs_gettext
@pytest.mark.parametrize(
    ("words", "catalogue", "problem"),
    [
        ('_("Order")', None, "shop: not translated: 'Order'"),
        ('_("Order")', "", "shop: not translated: 'Order'"),
        ('_("Order")', entry("Order", ""), "shop: not translated: 'Order'"),
        (
            '_("Order")',
            "\n#, fuzzy" + entry("Order", "Заказ"),
            "shop: unsure (fuzzy): 'Order'",
        ),
        ("", entry("Order", "Заказ"), "shop: not used any more: 'Order'"),
        (
            '_("Order")',
            entry("Order", "Заказ") + '\n#~ msgid "Cart"\n#~ msgstr "Корзина"\n',
            "shop: not used any more: 'Cart'",
        ),
    ],
)
def test_what_a_catalogue_lacks_is_told(
    tmp_path: Path, words: str, catalogue: str | None, problem: str
) -> None:
    make_room(tmp_path, "shop", words, catalogue)
    assert translations.problems(tmp_path) == [problem]


@needs_gettext
def test_a_lost_placeholder_is_told(tmp_path: Path) -> None:
    lost = '\n#, python-format\nmsgid "%(n)s orders"\nmsgstr "заказы"\n'
    make_room(tmp_path, "shop", '_("%(n)s orders")', lost)
    [problem] = translations.problems(tmp_path)
    assert "shop" in problem
    assert "'n'" in problem


@needs_gettext
def test_two_rooms_that_translate_a_text_differently_are_told(tmp_path: Path) -> None:
    make_room(tmp_path, "shop", '_("Order")', entry("Order", "Заказ"))
    make_room(tmp_path, "store", '_("Order")', entry("Order", "Порядок"))
    [problem] = translations.problems(tmp_path)
    assert "'Заказ' in shop, 'Порядок' in store" in problem


@needs_gettext
def test_collecting_keeps_what_is_translated_and_drops_what_is_gone(tmp_path: Path) -> None:
    kept = entry("Order", "Заказ")
    room = make_room(tmp_path, "shop", '_("Order"), _("Orders")', kept + entry("Cart", "Корзина"))
    assert translations.update(room)
    content = (room / translations.CATALOGUE).read_text(encoding="utf-8")
    assert entry("Order", "Заказ") in content
    assert entry("Orders", "") in content
    assert "Cart" not in content
    assert not translations.update(room)
