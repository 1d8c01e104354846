from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orbita.accounts.models import User
from orbita.clients.actions import add_note, create_client, create_segment, delete_client, relate
from orbita.clients.contacts import read_contact
from orbita.clients.models import Client, ClientFacts, Segment
from orbita.clients.status.keeping import keep
from orbita.core.rules import FACTS, RuleError, describe

pytestmark = pytest.mark.django_db


def found(actor: User, *conditions: dict[str, Any] | tuple[str, str, Any]) -> list[str]:
    rule = {
        "all": [
            item
            if isinstance(item, dict)
            else dict(zip(("fact", "op", "value"), item, strict=True))
            for item in conditions
        ]
    }
    rows = Client.objects.visible_to(actor).matching(rule, actor=actor)
    return sorted(rows.values_list("first_name", flat=True))


@pytest.fixture
def base(alice: User, bob: User, head: User) -> dict[str, Client]:
    anna = create_client(
        actor=alice,
        values={
            "last_name": "Ёлкина",
            "first_name": "Анна",
            "birthday": "1990-01-02",
            "source": "Сайт",
            "occupation": "Главный Бухгалтер",
            "preferred_channel": "telegram",
            "sex": "f",
        },
        contacts=[read_contact("phone", "89000001427"), read_contact("messenger", "@anna")],
        addresses=[{"city": "Нижний Новгород", "region": "Нижегородская область"}],
        tags=["Опт", "VIP"],
        external_ids=[{"value": "A-17"}],
    )
    boris = create_client(
        actor=bob,
        values={"last_name": "Белов", "first_name": "Борис", "sex": "m", "birthday": "2000-12-30"},
        contacts=[read_contact("email", "boris@example.org")],
        addresses=[{"city": "Казань"}],
    )
    vera = create_client(
        actor=head,
        values={"last_name": "Весна", "first_name": "Вера", "responsible": None},
    )
    ClientFacts.objects.filter(client=anna).update(
        orders_count=4,
        gross=400_00,
        returned=100_00,
        first_order_on="2026-01-01",
        last_order_on="2026-09-01",
    )
    ClientFacts.objects.filter(client=boris).update(
        orders_count=1, gross=50_00, first_order_on="2026-03-01", last_order_on="2026-03-01"
    )
    with transaction.atomic():
        keep([anna.pk, boris.pk, vera.pk], cause="facts")
    return {"anna": anna, "boris": boris, "vera": vera}


@pytest.mark.parametrize(
    ("fact", "op", "value", "expected"),
    [
        ("name", "contains", "ЕЛКИН", ["Анна"]),
        ("name", "starts", "бел", ["Борис"]),
        ("city", "eq", "нижний  новгород", ["Анна"]),
        ("city", "in", ["КАЗАНЬ", "Самара"], ["Борис"]),
        ("city", "empty", None, ["Вера"]),
        ("city", "ne", "Казань", ["Анна", "Вера"]),
        ("region", "contains", "нижегород", ["Анна"]),
        ("region", "ne", "Нижегородская область", ["Борис", "Вера"]),
        ("region", "empty", None, ["Борис", "Вера"]),
        ("tag", "in", ["опт"], ["Анна"]),
        ("tag", "not_in", ["vip"], ["Борис", "Вера"]),
        ("tag", "empty", None, ["Борис", "Вера"]),
        ("source", "eq", "сайт", ["Анна"]),
        ("source", "ne", "сайт", ["Борис", "Вера"]),
        ("source", "empty", None, ["Борис", "Вера"]),
        ("kind", "eq", "person", ["Анна", "Борис", "Вера"]),
        ("sex", "in", ["f"], ["Анна"]),
        ("sex", "empty", None, ["Вера"]),
        ("responsible", "in", ["me"], ["Анна"]),
        ("responsible", "in", ["team"], ["Анна", "Борис"]),
        ("responsible", "in", ["nobody"], ["Вера"]),
        ("responsible", "not_in", ["me"], ["Борис", "Вера"]),
        ("has_phone", "eq", True, ["Анна"]),
        ("has_phone", "eq", False, ["Борис", "Вера"]),
        ("has_email", "eq", True, ["Борис"]),
        ("has_messenger", "eq", True, ["Анна"]),
        ("phone", "eq", "8 (900) 000 14 27", ["Анна"]),
        ("phone", "filled", None, ["Анна"]),
        ("phone", "contains", "1427", ["Анна"]),
        ("email", "contains", "EXAMPLE.org", ["Борис"]),
        ("preferred_channel", "in", ["telegram"], ["Анна"]),
        ("occupation", "contains", "бухгалтер", ["Анна"]),
        ("external_id", "eq", "A-17", ["Анна"]),
        ("orders", "gte", 2, ["Анна"]),
        ("gross", "between", ["50", "100,50"], ["Борис"]),
        ("net", "eq", 300, ["Анна"]),
        ("average", "gte", 75, ["Анна"]),
        ("average", "lt", 75, ["Борис"]),
        ("status", "in", ["regular"], ["Анна"]),
        ("status", "in", ["bought", "recorded"], ["Борис", "Вера"]),
        ("last_order", "before", "2026-04-01", ["Борис"]),
        ("first_order", "between", ["2026-01-01", "2026-02-01"], ["Анна"]),
        ("last_contact", "empty", None, ["Анна", "Борис", "Вера"]),
        ("created", "last_days", 1, ["Анна", "Борис", "Вера"]),
        ("birthday", "on", "1990-01-02", ["Анна"]),
    ],
)
def test_a_fact_finds_its_clients(
    alice: User,
    base: dict[str, Client],
    make_user: Any,
    retail: Any,
    fact: str,
    op: str,
    value: Any,
    expected: list[str],
) -> None:
    alice.role = make_user("Hanna", "head", retail).role
    assert found(alice, (fact, op, value)) == expected


@pytest.mark.parametrize(
    ("today", "days", "expected"),
    [
        ("2026-12-29", 1, ["Борис"]),
        ("2026-12-29", 4, ["Анна", "Борис"]),
        ("2026-12-31", 5, ["Анна"]),
        ("2026-06-01", 30, []),
        ("2026-06-01", 365, ["Анна", "Борис"]),
    ],
)
def test_birthdays_are_found_across_the_new_year(
    head: User,
    base: dict[str, Client],
    monkeypatch: pytest.MonkeyPatch,
    today: str,
    days: int,
    expected: list[str],
) -> None:
    noon = datetime.fromisoformat(f"{today}T12:00").replace(tzinfo=ZoneInfo("Europe/Moscow"))
    monkeypatch.setattr(timezone, "now", lambda: noon)
    assert found(head, ("birthday_within", "lte", days)) == expected


@pytest.mark.parametrize(
    ("today", "op", "value", "expected"),
    [
        ("2026-01-01", "eq", 35, ["Анна"]),
        ("2026-01-02", "eq", 36, ["Анна"]),
        ("2026-01-02", "gte", 36, ["Анна"]),
        ("2026-01-02", "gt", 36, []),
        ("2026-01-02", "lt", 30, ["Борис"]),
        ("2026-01-02", "between", [20, 40], ["Анна", "Борис"]),
        ("2024-02-29", "lte", 23, ["Борис"]),
    ],
)
def test_age_is_counted_in_full_years(
    head: User,
    base: dict[str, Client],
    monkeypatch: pytest.MonkeyPatch,
    today: str,
    op: str,
    value: Any,
    expected: list[str],
) -> None:
    noon = datetime.fromisoformat(f"{today}T12:00").replace(tzinfo=ZoneInfo("Europe/Moscow"))
    monkeypatch.setattr(timezone, "now", lambda: noon)
    assert found(head, ("age", op, value)) == expected


def test_a_recent_talk_is_found_by_its_day(head: User, base: dict[str, Client]) -> None:
    moment = timezone.now() - timedelta(days=10)
    add_note(actor=head, client=base["vera"], text="Да", kind="call", happened_at=moment)
    assert found(head, ("last_contact", "older_days", 9)) == ["Вера"]
    assert found(head, ("last_contact", "last_days", 9)) == []


def test_relations_are_facts_of_both_sides(
    alice: User, head: User, base: dict[str, Client]
) -> None:
    anna, boris, vera = base["anna"], base["boris"], base["vera"]
    relate(actor=head, client=anna, other=boris, side="recommended_by")
    relate(actor=head, client=boris, other=vera, side="sibling")
    assert found(head, ("recommended", "eq", True)) == ["Анна"]
    assert found(head, ("has_brought", "eq", True)) == ["Борис"]
    assert found(head, ("has_brought", "eq", False)) == ["Анна", "Вера"]
    assert found(head, ("has_family", "eq", True)) == ["Борис", "Вера"]
    delete_client(actor=head, client=boris)
    assert found(head, ("recommended", "eq", True)) == []
    assert found(head, ("has_family", "eq", False)) == ["Анна", "Вера"]


def test_a_branch_is_found_and_its_head_office_is_not(alice: User) -> None:
    names = ("ООО Ромашка", "Ромашка Казань")
    top, branch = (
        create_client(actor=alice, values={"name": name, "kind": "company"}) for name in names
    )
    relate(actor=alice, client=top, other=branch, side="branch")
    rule = {"fact": "is_branch", "op": "eq", "value": True}
    assert list(Client.objects.matching(rule, actor=alice)) == [branch]


def test_a_segment_is_a_condition_of_another(head: User, base: dict[str, Client]) -> None:
    inner = create_segment(
        actor=head, name="Покупали", rule={"fact": "orders", "op": "gte", "value": 1}
    )
    assert found(head, ("segment", "in", [inner.pk])) == ["Анна", "Борис"]
    assert found(head, ("segment", "not_in", [inner.pk])) == ["Вера"]
    assert found(head, ("segment", "in", [10**9])) == []


def test_segments_that_name_each_other_do_not_hang(head: User) -> None:
    rows = [Segment.objects.create(name=name, rule={}, author=head) for name in "аб"]
    for row, other in ((rows[0], rows[1]), (rows[1], rows[0])):
        Segment.objects.filter(pk=row.pk).update(
            rule={"fact": "segment", "op": "eq", "value": other.pk}
        )
    with pytest.raises(RuleError):
        found(head, ("segment", "eq", rows[0].pk))


def test_another_persons_private_segment_is_no_condition(
    alice: User, charlie: User, base: dict[str, Client]
) -> None:
    private = create_segment(actor=charlie, name="Моё", rule={}, is_shared=False)
    assert found(alice, ("segment", "eq", private.pk)) == []


def test_a_rule_never_shows_clients_that_are_not_the_actors(
    charlie: User, base: dict[str, Client]
) -> None:
    assert found(charlie, ("name", "filled", None)) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"fact": "responsible", "op": "in", "value": ["1 OR 1=1"]},
        {"fact": "orders", "op": "gte", "value": "много"},
        {"fact": "password", "op": "eq", "value": "1"},
        {"fact": "responsible__password", "op": "eq", "value": "1"},
        {"fact": "name", "op": "regex", "value": "(a+)+$"},
        {"fact": "birthday", "op": "on", "value": "31.31.3131"},
    ],
)
def test_a_hostile_condition_is_refused_in_words(head: User, rule: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"\w{3}"):
        Client.objects.all().matching(rule, actor=head).count()


def test_quotes_percents_and_zero_bytes_are_plain_text(head: User, base: dict[str, Client]) -> None:
    for fact in ("name", "city", "region", "email", "phone", "occupation", "comment", "inn", "tag"):
        for hostile in ("' OR 1=1 --", "%", "_", "\0", "\\"):
            op = "eq" if fact == "tag" else "contains"
            everything = {"Анна", "Борис", "Вера"} if hostile == "\0" else set()
            assert set(found(head, (fact, op, hostile))) <= everything


def test_every_fact_can_be_put_into_words(head: User, base: dict[str, Client]) -> None:
    for fact in FACTS.of("client"):
        op = "filled" if "filled" in fact.operators else fact.operators[0]
        value: Any = {"bool": True}.get(fact.kind, 1)
        rule = {"fact": fact.name, "op": op, "value": [value] if op in ("in", "not_in") else value}
        assert str(fact.label) in describe("client", rule, actor=head)


def test_city_with_last_order_reads_its_index(head: User) -> None:
    rule = {
        "all": [
            {"fact": "city", "op": "eq", "value": "Казань"},
            {"fact": "last_order", "op": "after", "value": date(2026, 1, 1).isoformat()},
        ]
    }
    many = Client.objects.bulk_create(Client(name=f"Иванов {n}") for n in range(4000))
    ClientFacts.objects.bulk_create(
        ClientFacts(
            client=client,
            city_key="казань" if n % 100 == 0 else f"город {n % 100}",
            last_order_on=date(2025, 1, 1) + timedelta(days=n % 500),
        )
        for n, client in enumerate(many)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clients_client")
        cursor.execute("ANALYZE clients_clientfacts")
    rows = Client.objects.visible_to(head).matching(rule, actor=head)
    assert "facts_city_last_order" in rows.explain()
