"""What follows from reading more than usual: an event, letters, and by the rules more than that."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from orbita.accounts import policy, watching
from orbita.accounts.actions.roles import service_user
from orbita.accounts.actions.users import close_account
from orbita.accounts.models import Reading, ReadingRules, User
from orbita.core.events import changes, emit
from orbita.core.mail import queue_mail
from orbita.core.models import Company, Event

# The past that is looked at; how much above it is unusual; days without which there is no past yet.
PAST, TIMES, FEWEST_DAYS = 30, 3, 5


def change_reading_rules(
    *, actor: User, cards: int, searches: int, rows: int, copies: int, answer: str
) -> Event | None:
    """Sets what is never unusual, and what follows when it is; None when nothing differs."""
    policy.require(actor, "accounts.manage")
    values: dict[str, object] = {
        "cards": cards,
        "searches": searches,
        "rows": rows,
        "copies": copies,
        "answer": ReadingRules.Answer(answer).value,
    }
    with transaction.atomic():
        row = ReadingRules.objects.select_for_update().first() or ReadingRules(pk=1)
        told = changes({name: getattr(row, name) for name in values}, values)
        if not told["after"]:
            return None
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
        return emit("reading_rules.changed", actor=actor, data=told)


def judge(user_id: int) -> list[str]:
    """Looks at what the person has read today; returns the kinds that are unusual and new."""
    user = User.objects.select_related("role", "team").filter(pk=user_id, is_active=True).first()
    if user is None:
        return []
    today = Company.current().business_date()
    rules = ReadingRules.current()
    now = {kind: count for _user, _day, kind, count in watching.readings_of([user.pk], today)}
    told = set(_told(user, today).values_list("kind", flat=True))
    found = []
    for kind, count in now.items():
        if count <= rules.floor(kind) or f"{watching.TOLD}{kind}" in told:
            continue
        usual = _usual(user, kind, today)
        if count > max(rules.floor(kind), TIMES * usual) and _tell(user, kind, count, usual, today):
            found.append(kind)
    closes = rules.answer == ReadingRules.Answer.CLOSE
    if found and closes and not user.role.is_administrator:
        _close(user)
    return found


def _told(user: User, today: date) -> QuerySet[Reading]:
    return Reading.objects.filter(user=user, day=today, kind__startswith=watching.TOLD)


def let_read_on(*, actor: User, user: User) -> Event | None:
    """Lets one who reads unusually much go on as ever until the day ends; None when he does already."""
    policy.require(actor, "accounts.manage")
    today = Company.current().business_date()
    with transaction.atomic():
        if not _told(user, today).exists():
            return None
        _row, is_new = Reading.objects.get_or_create(
            user=user, day=today, kind=watching.LET_ON, subject_id=0, defaults={"times": 1}
        )
        if not is_new:
            return None
        return emit(
            "user.let_on",
            actor=actor,
            subject_type="user",
            subject_id=user.pk,
            data={"user": user.display_name},
        )


def _usual(user: User, kind: str, today: date) -> int:
    """What a busy day was like in the last month: the person's own, or of those who work with him."""
    others = User.objects.people().filter(is_active=True)
    others = others.filter(team=user.team_id) if user.team_id else others.filter(role=user.role_id)
    ids = [user.pk, *others.exclude(pk=user.pk).values_list("pk", flat=True)[:200]]
    own: list[int] = []
    theirs: list[int] = []
    for reader, day, what, count in watching.readings_of(ids, today - timedelta(days=PAST)):
        if what == kind and day < today:
            (own if reader == user.pk else theirs).append(count)
    return max(_busy(own), _busy(theirs))


def _busy(days: list[int]) -> int:
    """The ninth day of ten, by how much was read; nothing when there are too few days."""
    if len(days) < FEWEST_DAYS:
        return 0
    return sorted(days)[min(len(days) * 9 // 10, len(days) - 1)]


def _tell(user: User, kind: str, count: int, usual: int, today: date) -> bool:
    """Puts it on record and writes to the administrators, once a day."""
    with transaction.atomic():
        _row, is_new = Reading.objects.get_or_create(
            user=user,
            day=today,
            kind=f"{watching.TOLD}{kind}",
            subject_id=0,
            defaults={"times": count},
        )
        if not is_new:
            return False
        emit(
            "user.read_much",
            actor=user,
            subject_type="user",
            subject_id=user.pk,
            data={"user": user.display_name, "kind": kind, "count": count, "usual": usual},
        )
        for boss in User.objects.people().filter(is_active=True, role__is_administrator=True):
            _write(boss, user, kind, count, usual, today)
    return True


def _write(boss: User, user: User, kind: str, count: int, usual: int, today: date) -> None:
    with override(boss.language):
        text = _("%(name)s today: %(what)s %(count)s. A busy day is %(usual)s.") % {
            "name": user.display_name,
            "what": watching.KINDS[kind],
            "count": count,
            "usual": usual or _("not known yet"),
        }
        queue_mail(
            key=f"read-much:{user.pk}:{today}:{kind}:{boss.pk}",
            to=boss.email,
            subject=_("Unusual reading: %(name)s") % {"name": user.display_name},
            text=f"{text}\n{_('See Settings, Staff, Reading.')}",
        )


def _close(user: User) -> None:
    """Ends the sessions and tokens and closes the account until an administrator opens it."""
    with transaction.atomic():
        emit(
            "user.stopped",
            actor=service_user(),
            subject_type="user",
            subject_id=user.pk,
            data={"user": user.display_name, **close_account(user)},
        )


def forget_old_readings() -> int:
    """Deletes what is older than is kept; returns how many rows."""
    edge = Company.current().business_date() - timedelta(days=watching.KEPT)
    gone, _each = Reading.objects.filter(day__lt=edge).delete()
    return gone
