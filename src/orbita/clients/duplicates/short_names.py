"""Everyday forms of first names, and spellings of the same name."""

from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from orbita.clients.duplicates.letters import skeleton
from orbita.clients.first_names import FEMALE, FIRST_NAMES, MALE
from orbita.core.text import normalise

# A line is one name: its full form, then the forms that stand for it.
_LINES = """
александр саша шура саня санек сашка шурик алекс алик сашуля искандер александер
александра саша шура саня сашка шурочка алекса сашенька
алексей алеша леша лешка лёха алешка леха алексий алеха
алена аленка аленушка елена
анастасия настя ася стася настена настюша настька анастасья настасья
анатолий толик толя толян анатолька
ангелина лина геля ангела
андрей андрюша андрюха дрон андрейка андре эндрю
анжела анжелика анжелка лика
анна аня анюта нюра нюша анечка анька ася анка нюся ханна анюша
антон антоша антоха тоха тоша антошка
антонина тоня тося нина антося
аркадий аркаша кадик
арсений сеня арсюша арсен арсентий
артем тема артемий артемка темыч артемон
артур артурчик
борис боря борька
богдан богдаша
вадим вадик вадя димка дима
валентин валя валик валька
валентина валя валюша валюха тина
валерий валера валерка лера
валерия лера валера лерочка лерка
варвара варя варюша варька
василий вася васька васек базиль
василиса вася василина васёна
вера верочка верка веруня
вероника ника вера вероничка рона
виктор витя витек витька вик
виктория вика викуся викуля тори вита
виталий виталик виталя таля
вениамин веня
владимир вова володя вовка вован вовчик влад вовочка
владислав влад владик слава владя
владислава влада слава
всеволод сева
вячеслав слава славик славка вяч
галина галя галка галочка галюня
геннадий гена генка геша
георгий гоша жора гога егор георг джордж юрий
герман гера
григорий гриша гришка гриня
давид дава дэвид дава
даниил данила даня данил данька данилка
дарья даша дашка дашенька дарьюшка дария дашуля
денис дениска ден дэн
диана дина ди
дмитрий дима димка митя димон димыч митька дмитрей
ева евочка
евгений женя женька жека эжен геша
евгения женя женька женечка евгеша
егор егорка гоша жора
екатерина катя катюша катька катенька катерина катрин катюха екатирина
елена лена леночка ленка лёля елёна ленуся алена хелен
елизавета лиза лизка лизавета лизочка лизонька
ефим фима
жанна жанночка жанка
захар захарка
зинаида зина зиночка
зоя зойка
иван ваня ванька ванюша ванечка ян джон
игорь игорек гоша игореха гарик
илья илюша илюха
иннокентий кеша
инна инночка
ирина ира ирка ирочка иришка ириша рина ирэна
иосиф ося йосиф осип
карина кара карюша
кирилл кирюша кира кирюха
клавдия клава
константин костя костик костян костюша
кристина кристя тина кристинка
ксения ксюша ксюха ксана ася оксана аксинья
лариса лара лора ларочка
лев лева левушка
леонид леня ленька лёнчик
лидия лида лидочка
лилия лиля лилечка лили
любовь люба любаша любочка любашка
людмила люда люся мила людочка
маргарита рита марго ритка ритуля
марина мариша маринка мара маришка
мария маша машка маня маруся машенька марья мари муся машуня
максим макс максик максимка
матвей матвейка мотя
михаил миша мишка мишаня мишаня майкл мишель михайло
надежда надя надюша надька наденька
наталья наташа ната наталия наташка таша натка
никита никитка ник
николай коля колька колян никола ник николаша
нина ниночка нинка
олег олежка олежек
олеся леся
оксана ксана ксюша окся аксана
ольга оля олечка олька лёля ольгуня
павел паша пашка павлик павлуша
петр петя петька петруша петро
полина поля полинка полюшка
прасковья паша
раиса рая
роман рома ромка ромчик ромаха
ростислав ростик слава
руслан руслик русик
светлана света светик светка лана светочка
семен сема сеня сёмка
серафима сима
сергей сережа серый серега сережка сергуня серж серёня
софья софия соня софа сонечка софи
станислав стас стасик слава
степан степа степка
стелла стеша
таисия тая тася таисья
тамара тома тамарка
татьяна таня танюша танька танечка тата
тимофей тима тимоша тимоха
тимур тима тимка
ульяна уля ульянка юлиана
федор федя федька
филипп филя фил
эдуард эдик эд
элеонора эля нора
эльвира эля эльза
эмилия мила эми
юлия юля юлечка юлька юляша юла
юрий юра юрик юрка юрец георгий
яков яша
яна яночка янка
ярослав ярик слава
ярослава яра слава
william bill will billy liam
robert bob rob bobby robbie
richard rick dick rich
james jim jimmy jamie
john jack johnny jon
joseph joe joey
thomas tom tommy
michael mike mick mickey
elizabeth liz beth betty eliza lizzie
katherine kate kathy katie catherine kathryn
margaret maggie meg peggy
patricia pat patty trish
jennifer jen jenny
nicholas nick nicolas
christopher chris kris
matthew matt
daniel dan danny
anthony tony
andrew andy drew
charles charlie chuck
edward ed ted eddie
samuel sam sammy
benjamin ben
joshua josh
zachary zach zac
susan sue susie
rebecca becky
deborah debbie deb
"""


def _table() -> dict[str, tuple[int, ...]]:
    """The numbers of names by the skeletons of all their forms."""
    numbers: dict[str, int] = {}
    forms: dict[str, set[int]] = {}
    for line in _LINES.strip().splitlines():
        full, *short = (skeleton(word) for word in line.split())
        number = numbers.setdefault(full, len(numbers))
        for form in (full, *short):
            forms.setdefault(form, set()).add(number)
    listed = frozenset(forms)
    for word in sorted(FIRST_NAMES):
        form = skeleton(word)
        if form not in listed:
            number = numbers.setdefault(form, len(numbers))
            forms.setdefault(form, set()).add(number)
    for full, number in numbers.items():
        # A full name that is a form of another too (Алена) goes by itself first.
        forms[full] = {number} | forms[full]
    return {
        form: tuple(sorted(found, key=lambda n: (numbers.get(form) != n, n)))
        for form, found in forms.items()
    }


_FORMS = _table()
_LISTED = [tuple(map(normalise, line.split())) for line in _LINES.strip().splitlines()]
_SPELT = {skeleton(word): word for line in reversed(_LISTED) for word in reversed(line)}
_KNOWN = sorted(_FORMS)
_SEXES = {skeleton(word): "m" for word in MALE} | {skeleton(word): "f" for word in FEMALE}
for _word in (MALE & FEMALE) | {"саша", "шура", "женя", "валя", "слава", "паша"}:
    _SEXES.pop(skeleton(_word), None)
MOST = 4


@lru_cache(maxsize=65536)
def names_of(form: str) -> tuple[int, ...]:
    """The numbers of the first names that a skeleton may stand for; none when it is no known one."""
    return _FORMS.get(form, ())[:MOST]


@lru_cache(maxsize=65536)
def nearest(form: str) -> str:
    """The known form that a mistyped one is one slip away from; empty when there is no single one."""
    if form in _FORMS:
        return form
    if len(form) < 4:
        return ""
    near = process.extract(form, _KNOWN, scorer=OSA.distance, score_cutoff=1, limit=3)
    found = {_FORMS[name] for name, _distance, _index in near}
    return near[0][0] if len(found) == 1 else ""


@lru_cache(maxsize=4096)
def forms_of(word: str) -> tuple[str, ...]:
    """The forms in which a first name as typed may stand in the base, its own first."""
    own = normalise(word)
    found = {own: None}
    for line in _LISTED:
        # Short forms of the same full name, and the full names of a short form.
        if own == line[0]:
            found |= dict.fromkeys(line)
        elif own in line:
            found |= dict.fromkeys((line[0], *line[1:]))
    return tuple(found)


def written_as(form: str) -> str:
    """The Russian spelling of a first name by its skeleton; empty when it is no known one."""
    return _SPELT.get(form, "")


def sex_of_form(form: str) -> str:
    """The sex that a first name tells by its skeleton; empty when it does not."""
    return _SEXES.get(form, "")
