"""Names of people and companies, as they are written in one cell of a spreadsheet."""

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from orbita.clients.first_names import EITHER, FEMALE, FIRST_NAMES, MALE
from orbita.core.text import clean_line, normalise

# As the card keeps it.
Sex = Literal["m", "f", ""]


class PersonName(NamedTuple):
    last: str = ""
    first: str = ""
    middle: str = ""
    # What stood in the cell and is no part of a name: "маникюр", "жена Петра".
    rest: str = ""


class CompanyName(NamedTuple):
    form: str
    name: str
    # A sole trader is a company with this person inside.
    person: PersonName | None = None


_MALE_MIDDLE = re.compile(
    r".{2,}(?:[оеё]вич|ьич|[лмн]ич)|.{2,}(?:[oe]vich|yevich|ievich)|(?:куз|лук|фом|сав)[ьм]?ич|ильич|ilyich|ilich"
)
_FEMALE_MIDDLE = re.compile(r".{2,}(?:[оеё]вна|ична|инична)|.{2,}(?:[oe]vna|yevna|ievna|ichna)")
_TURKIC = {
    "оглы": "m", "оглу": "m", "улы": "m", "углы": "m", "ogly": "m", "oglu": "m",
    "кызы": "f", "гызы": "f", "кизи": "f", "kyzy": "f", "kizi": "f",
}  # fmt: skip
_SURNAME = re.compile(
    r".+(?:[оеё]в|[оеё]ва|[иы]н|[иы]на|ск[иыо]й|цк[иыо]й|ская|цкая|[ое]го|ых|их|енко|нко|чук|щук|"
    r"юк|ук|як|ян|янц|дзе|швили|ава|иа|уа|ой|ый|ая|ец|иди|уллин|пуло|"
    r"ov|ova|ev|eva|in|ina|yn|yna|sky|skiy|skii|skaya|enko|chuk|yuk|yan|dze|shvili)"
)
_INITIAL = re.compile(r"[^\W\d_]\.?")
_GLUED_INITIALS = re.compile(r"(?<!\w)([^\W\d_])\.\s*-?(?=[^\W\d_])")
_TITLE = re.compile(
    r"^(?:г-н|г-жа|господин|госпожа|гр\.|mr\.?|mrs\.?|ms\.?|miss|dr\.?|herr|frau)\s+", re.IGNORECASE
)
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "de",
        "der",
        "den",
        "del",
        "della",
        "di",
        "da",
        "du",
        "dos",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ter",
        "ten",
        "фон",
        "ван",
        "де",
        "дер",
        "ди",
        "да",
        "дю",
        "ла",
        "ле",
        "эль",
        "аль",
        "бин",
        "ибн",
        "тер",
    ]
)
# Brackets and such are letters typed in the wrong layout: "<fkvjxys[" is Балмочных.
_NAME_WORD = re.compile(r"(?=.*[^\W\d_])(?:[^\W\d_]|[<>\[\]{};:'’`ʼ.-])+")

# One place to add a legal form: what is kept, and how it is written.
_FORMS: dict[str, tuple[str, ...]] = {
    "ООО": ("ооо", "общество с ограниченной ответственностью", "о о о", "о.о.о."),
    "ПАО": ("пао", "публичное акционерное общество"),
    "НАО": ("нао", "непубличное акционерное общество"),
    "ЗАО": ("зао", "закрытое акционерное общество"),
    "ОАО": ("оао", "открытое акционерное общество"),
    "АО": ("ао", "акционерное общество"),
    "ИП": ("ип", "индивидуальный предприниматель", "чп", "пбоюл", "ip"),
    "КФХ": ("кфх", "крестьянское фермерское хозяйство", "крестьянское (фермерское) хозяйство"),
    "ТОО": ("тоо", "товарищество с ограниченной ответственностью"),
    "ОДО": ("одо",),
    "ЧУП": ("чуп", "чтуп"),
    "ГК": ("гк", "группа компаний"),
    "АНО": ("ано", "автономная некоммерческая организация"),
    "НКО": ("нко",),
    "ТСЖ": ("тсж", "товарищество собственников жилья"),
    "СНТ": ("снт",),
    "ФГУП": ("фгуп",),
    "ГУП": ("гуп",),
    "МУП": ("муп",),
    "ГБУ": ("гбу",),
    "ГБУЗ": ("гбуз",),
    "МБУ": ("мбу",),
    "МБОУ": ("мбоу",),
    "МКУ": ("мку",),
    "ФГБУ": ("фгбу",),
    "ФГБОУ": ("фгбоу",),
    "LLC": ("llc", "l.l.c.", "limited liability company"),
    "LLP": ("llp",),
    "Ltd": ("ltd", "ltd.", "limited"),
    "Inc": ("inc", "inc.", "incorporated"),
    "Corp": ("corp", "corp.", "corporation"),
    "PLC": ("plc",),
    "JSC": ("jsc", "ojsc", "pjsc", "cjsc"),
    "GmbH": ("gmbh",),
    "AG": ("ag",),
    "KG": ("kg",),
    "SA": ("s.a.", "s.a"),
    "SARL": ("sarl", "s.a.r.l."),
    "SRL": ("srl", "s.r.l."),
    "SpA": ("s.p.a.", "spa"),
    "BV": ("b.v.", "bv"),
    "NV": ("n.v.",),
    "Oy": ("oy",),
    "AB": ("ab",),
    "OÜ": ("oü",),
    "UAB": ("uab",),
    "SIA": ("sia",),
}
_FORM_OF = {spelling: form for form, spellings in _FORMS.items() for spelling in spellings}
# Short Latin forms are words of other things too ("AG", "Spa"): they count only at the end.
_ONLY_AT_THE_END = frozenset(["ag", "kg", "spa", "ab", "oy", "sia", "bv", "limited"])
_SPELLINGS = "|".join(re.escape(s) for s in sorted(_FORM_OF, key=len, reverse=True))
_AT_START = "|".join(
    re.escape(s) for s in sorted(_FORM_OF, key=len, reverse=True) if s not in _ONLY_AT_THE_END
)
_FORM_FIRST = re.compile(rf"^\W*({_AT_START})(?=[\s,.:«»\"'“„(]|$)[\s,.:]*(.*)$", re.IGNORECASE)
_FORM_LAST = re.compile(
    rf"^(.*\S)(?:[\s,]+|(?<=[»\"”'])|\s*(?=\())\(?({_SPELLINGS})\)?[\s.,]*$", re.IGNORECASE
)
_COMPANY_WORDS = re.compile(
    r"\b(?:компани[яи]|фирма|корпорация|холдинг|предприятие|организация|завод|фабрика|комбинат|"
    r"магазин|салон|студия|кафе|ресторан|гостиница|отель|клиника|аптека|больница|поликлиника|школа|"
    r"гимназия|лицей|колледж|университет|институт|детский сад|агентство|бюро|банк|фонд|кооператив|"
    r"типография|автосервис|администрация|министерство|управление|торговый дом|и партн[её]ры|и к[оº°]?|"
    r"company|group|holding|studio|hotel|bank|clinic|school|university|solutions|services)\b",
    re.IGNORECASE,
)  # fmt: skip
# Longer texts are no names, and the patterns above take their time with them.
LONGEST_NAME = 400
_QUOTED = re.compile(r"^[«\"“„'‘].+[»\"”“'’]$")
_QUOTES = "«»\"“”„‟'‘’`"
_PAIRS = {"«": "»", '"': '"', "“": "”", "„": "“", "'": "'", "‘": "’"}


@lru_cache(maxsize=16384)
def _is_first_name(word: str) -> bool:
    folded = normalise(word)
    return folded in FIRST_NAMES or (
        "-" in folded and all(part in FIRST_NAMES for part in folded.split("-"))
    )


@lru_cache(maxsize=16384)
def _is_surname(word: str) -> bool:
    """Whether a word ends as surnames do."""
    return bool(_SURNAME.fullmatch(normalise(word)))


@lru_cache(maxsize=16384)
def middle_name_sex(middle: str) -> Sex:
    """Whose patronymic it is; empty when it is none."""
    folded = normalise(middle)
    if _FEMALE_MIDDLE.fullmatch(folded):
        return "f"
    if _MALE_MIDDLE.fullmatch(folded):
        return "m"
    last_word = folded.rsplit(" ", 1)[-1].rsplit("-", 1)[-1]
    turkic = _TURKIC.get(last_word, "")
    return "m" if turkic == "m" else "f" if turkic == "f" else ""


def sex_of(name: PersonName) -> Sex:
    """The sex that the patronymic tells, else the first name; empty when neither does."""
    if name.middle and (sex := middle_name_sex(name.middle)):
        return sex
    first = normalise(name.first)
    if not first or first in EITHER:
        return ""
    male, female = first in MALE, first in FEMALE
    if male == female:
        return ""
    return "m" if male else "f"


def split_person_name(text: str) -> PersonName:
    """The parts of a person's name written in any usual order.

    Words are kept as typed; only a name typed wholly in capitals is put right. What cannot be part
    of a name comes back as `rest`, so nothing is lost.
    """
    text = _TITLE.sub("", clean_line(text)).strip(" .,;-")
    if not text:
        return PersonName()
    return _split(text)


@lru_cache(maxsize=8192)
def _split(text: str) -> PersonName:
    rest = ""
    if "(" in text and (match := re.search(r"\s*\(([^()]*)\)", text)) and match.start() > 0:
        rest, text = match[1].strip(), (text[: match.start()] + text[match.end() :]).strip()
    comma_last = ""
    if "," in text:
        head, tail = (part.strip() for part in text.split(",", 1))
        if head and tail and " " not in head and len(tail.split()) <= 2 and "," not in tail:
            comma_last, text = head, tail
        else:
            text, rest = head, _joined(tail, rest)
    words = _GLUED_INITIALS.sub(r"\1. ", text).split()
    named: list[str] = []
    for index, word in enumerate(words):
        if not _NAME_WORD.fullmatch(word) or (named and _is_a_remark(named[0], word)):
            rest = _joined(" ".join(words[index:]), rest)
            break
        named.append(word)
    if not named:
        return PersonName(last=comma_last, rest=rest)
    if _shouted([comma_last, *named]):
        named = [_capitalised(word) for word in named]
        comma_last = _capitalised(comma_last)
    if comma_last:
        return PersonName(comma_last, named[0], " ".join(named[1:]), rest)
    name = _arrange(_with_particles(named))
    return name._replace(rest=_joined(name.rest, rest))


def _is_a_remark(first: str, word: str) -> bool:
    """A word in small letters after a capitalised one: "Света маникюр"."""
    folded = word.lower()
    return (
        first[0].isupper()
        and word == folded
        and folded not in _TURKIC
        and folded not in _PARTICLES
        and not _is_first_name(word)
        and not middle_name_sex(word)
        and not _is_surname(word)
    )


def _arrange(words: list[str]) -> PersonName:
    """Whole words of a name put in their places."""
    if words[-1].lower() in _TURKIC and len(words) > 2:
        name = _arrange(words[:-2]) if len(words) > 3 else PersonName(first=words[0])
        return name._replace(middle=_joined(name.middle, f"{words[-2]} {words[-1]}"))
    initials = [i for i, word in enumerate(words) if len(word) <= 2 and _INITIAL.fullmatch(word)]
    if initials and len(initials) < len(words):
        return _with_initials(words, initials)
    middles = [i for i, word in enumerate(words) if middle_name_sex(word)]
    if len(words) == 1:
        return _one_word(words[0])
    if len(words) == 2:
        return _two_words(words, middles)
    if middles:
        return _with_middle(words, middles)
    return _without_middle(words)


def _with_initials(words: list[str], initials: list[int]) -> PersonName:
    short = [words[i] if words[i].endswith(".") else f"{words[i]}." for i in initials]
    whole = [word for i, word in enumerate(words) if i not in initials]
    last, rest = whole[0], " ".join(whole[1:])
    first, middle = short[0], " ".join(short[1:])
    if len(whole) == len(short) == 1 and _is_first_name(last):
        # "Сергей Н.": how people are kept apart in phone books.
        return PersonName(last=short[0], first=last)
    if len(whole) == 2 and len(short) == 1:
        # "Иванов Иван И." and "John F. Kennedy": the initial stands for the middle name.
        pair = _two_words(whole, [])
        if initials[0] == 1 and not words[0].isascii() and _is_first_name(whole[1]):
            pair = PersonName(whole[0], whole[1])
        return pair._replace(middle=short[0])
    return PersonName(last, first, middle, rest)


def _one_word(word: str) -> PersonName:
    if _is_first_name(word) or not _is_surname(word):
        return PersonName(first=word)
    return PersonName(last=word)


def _two_words(words: list[str], middles: list[int]) -> PersonName:
    one, two = words
    if middles == [1]:
        if _is_first_name(one) or not _is_surname(one):
            return PersonName(first=one, middle=two)
        return PersonName(last=one, middle=two)
    known = (_is_first_name(one), _is_first_name(two))
    if known == (True, False):
        return PersonName(last=two, first=one)
    if known == (False, True):
        return PersonName(last=one, first=two)
    surnames = (
        _is_surname(one),
        _is_surname(two),
    )
    if surnames[0] != surnames[1]:
        return PersonName(one, two) if surnames[0] else PersonName(two, one)
    # Nothing tells: Russian lists put the surname first, others the first name.
    return PersonName(two, one) if one.isascii() else PersonName(one, two)


def _with_middle(words: list[str], middles: list[int]) -> PersonName:
    at = middles[-1]
    # "Абрамович Роман" or "Иван Петрович Абрамович": a surname may look like a patronymic.
    if (
        len(middles) > 1
        and at == len(words) - 1
        and at - 1 in middles
        and _is_first_name(words[at - 2])
    ):
        at -= 1
    if at == 0:
        # "Петровна Анна Иванова", while Абрамович before a first name is a surname.
        if len(words) == 3 and _FEMALE_MIDDLE.fullmatch(normalise(words[0])):
            pair = _two_words(words[1:], [])
            return pair._replace(middle=words[0])
        if len(words) == 3 and not _is_first_name(words[1]) and _is_first_name(words[2]):
            return PersonName(words[1], words[2], words[0])
        return PersonName(words[0], words[1], " ".join(words[2:]))
    if at == 1:
        return PersonName(words[2], words[0], words[1], " ".join(words[3:]))
    one, two = words[at - 2], words[at - 1]
    extra = _joined(" ".join(words[: at - 2]), " ".join(words[at + 1 :]))
    if _is_first_name(one) and not _is_first_name(two):
        return PersonName(two, one, words[at], extra)
    return PersonName(one, two, words[at], extra)


def _without_middle(words: list[str]) -> PersonName:
    known = [i for i, word in enumerate(words) if _is_first_name(word)]
    if known == [1]:
        return PersonName(words[0], words[1], " ".join(words[2:]))
    if all(word.isascii() for word in words) or not any(_is_surname(word) for word in words):
        return PersonName(words[-1], words[0], " ".join(words[1:-1]))
    if known == [0] or (0 in known and not _is_first_name(words[-1])):
        return PersonName(words[-1], words[0], " ".join(words[1:-1]))
    return PersonName(words[0], words[1], " ".join(words[2:]))


def _with_particles(words: list[str]) -> list[str]:
    """`van der Berg` as one word of the name."""
    if len(words) < 3 or _PARTICLES.isdisjoint(map(str.lower, words)):
        return words
    glued: list[str] = []
    pending: list[str] = []
    for index, word in enumerate(words):
        if (
            word.lower() in _PARTICLES
            and index < len(words) - 1
            and (pending or index > 0 or len(words) > 2)
        ):
            pending.append(word)
        else:
            glued.append(" ".join([*pending, word]))
            pending = []
    return glued


def _shouted(words: list[str]) -> bool:
    text = "".join(words)
    return text.isupper() and any(len(word.strip(".")) > 2 for word in words)


def _capitalised(word: str) -> str:
    if normalise(word) in _TURKIC:
        return word.lower()
    return re.sub(
        r"[^\W\d_]+", lambda m: m[0][0].upper() + m[0][1:].lower(), word
    )  # each part of a double name


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def looks_like_company(text: str) -> bool:
    """Whether a name is of a company: by its legal form, quotes around it, or what it calls itself."""
    text = clean_line(text)
    if _legal_form(text):
        return True
    if _QUOTED.match(text):
        return True
    if _COMPANY_WORDS.search(text):
        return not any(middle_name_sex(word) for word in text.split())
    return False


def _legal_form(text: str) -> tuple[str, str] | None:
    """The legal form at either end and the text without it."""
    if len(text) > LONGEST_NAME:
        return None
    if match := _FORM_FIRST.match(text):
        return _FORM_OF[match[1].lower()], match[2]
    if match := _FORM_LAST.match(text):
        written, form = match[2], _FORM_OF[match[2].lower()]
        # "Smith Ag" or "Смирнова Ано" is a person; "Smith AG" is not.
        sure = len(written) > 3 or written == form or not written.istitle()
        if sure and (written.lower() not in _ONLY_AT_THE_END or written in (form, written.upper())):
            return form, match[1]
    return None


@lru_cache(maxsize=4096)
def parse_company(text: str) -> CompanyName:
    """The legal form and the name without it and without quotes; the form is empty when not given."""
    text = clean_line(text)
    form = ""
    if found := _legal_form(text):
        form, text = found
    name = _unquoted(text.strip(" ,.;"))
    if form == "ИП":
        person = split_person_name(name)
        if person.last or person.first:
            shown = _joined(person.last, person.first, person.middle)
            return CompanyName(form, shown, person)
    return CompanyName(form, name)


def _unquoted(text: str) -> str:
    """The text without the quotes around all of it; quotes inside stay in balance."""
    while len(text) > 2 and text[0] in _PAIRS:
        closing = _PAIRS[text[0]]
        inner = text[1:-1]
        if text[-1] != closing and text[-1] not in _QUOTES:
            break
        if text[0] != closing and inner.count(text[0]) != inner.count(closing):
            # «Торговый дом «Ромашка»: one closing quote for two.
            return inner.strip() + closing if inner.count(text[0]) > inner.count(closing) else text
        text = inner.strip()
    return text.strip()
