from django.utils import translation

from orbita.core.sentences import Sentence as _
from orbita.core.sentences import keep, say

DAY = _("Something broke on our side")


def test_a_sentence_is_told_in_the_language_of_the_moment() -> None:
    text = keep(_("Wait for %(minutes)s min and try again.") % {"minutes": 5})
    with translation.override("en"):
        assert say(text) == "Wait for 5 min and try again."
    with translation.override("ru"):
        assert say(text) == "Подождите 5 мин и попробуйте ещё раз."


def test_a_sentence_may_hold_another_one_and_the_error_that_brought_it() -> None:
    frame = _("Number of the request: %(id)s")
    texts = [keep(frame % {"id": DAY}), keep(frame % {"id": ValueError(DAY)})]
    with translation.override("ru"):
        assert {say(text) for text in texts} == {"Номер запроса: Что-то сломалось у нас"}
        assert str(frame % {"id": ValueError(DAY)}) == say(texts[0])


def test_several_sentences_and_plain_words_stand_one_after_another() -> None:
    with translation.override("ru"):
        assert say(keep(DAY, "plain", ValueError("100 %"))) == "Что-то сломалось у нас plain 100 %"


def test_what_was_stored_as_plain_text_stays_as_it_is() -> None:
    assert say("Строка без даты") == "Строка без даты"
    assert say("") == ""


def test_what_a_stranger_typed_is_a_value_and_never_a_sentence() -> None:
    typed = '{"say":[{"There is no such page":{}}]} %(id)s'
    with translation.override("ru"):
        assert say(keep(_("Number of the request: %(id)s") % {"id": typed})).endswith(typed)
