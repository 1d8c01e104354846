"""One region, however it is written: «Московская обл.», «обл. Московская», «Московская область»."""

import re
from functools import lru_cache

from orbita.core.text import normalise

LONGEST = 100
_WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# What kind of region it is tells none from another: no two are called the same without it.
_KINDS = frozenset(
    ["обл", "область", "край", "кр", "респ", "республика", "г", "гор", "город", "ао", "аобл", "автономный", "автономная", "округ", "окр", "федерального", "значения"]
)  # fmt: skip
# Names that the words alone do not bring together, as those that follow leave them.
_SAME = {
    "чувашская": "чувашия",
    "чувашская чувашия": "чувашия",
    "чувашия чувашская": "чувашия",
    "удмуртская": "удмуртия",
    "чеченская": "чечня",
    "кабардино-балкарская": "кабардино-балкария",
    "карачаево-черкесская": "карачаево-черкесия",
    "саха якутия": "якутия",
    "якутия саха": "якутия",
    "саха": "якутия",
    "северная осетия алания": "северная осетия",
    "северная осетия-алания": "северная осетия",
    "алания": "северная осетия",
    "кемеровская кузбасс": "кемеровская",
    "кузбасс": "кемеровская",
    "ханты-мансийский югра": "ханты-мансийский",
    "хмао": "ханты-мансийский",
    "хмао югра": "ханты-мансийский",
    "хмао-югра": "ханты-мансийский",
    "югра": "ханты-мансийский",
    "янао": "ямало-ненецкий",
    "подмосковье": "московская",
    "мо": "московская",
    "ленобласть": "ленинградская",
    "спб": "санкт-петербург",
    "питер": "санкт-петербург",
    "санкт петербург": "санкт-петербург",
}


@lru_cache(maxsize=4096)
def region_name_key(name: str) -> str:
    """What two spellings of one region share; "" for an empty name."""
    plain = normalise(name)
    words = _WORDS.findall(plain)
    telling = " ".join(word for word in words if word not in _KINDS)
    return _SAME.get(telling, telling or plain)[:LONGEST]
