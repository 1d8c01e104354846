"""What the addresses of clients answer to whom. The client is the owner's, a manager's."""

import json
from dataclasses import asdict
from datetime import timedelta

from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from orbita.accounts.models import Role
from orbita.accounts.testing import Row, World, answers, only
from orbita.clients.actions import (
    add_note,
    assign_responsible,
    create_client,
    create_segment,
    delete_client,
    delete_segment,
    link_person,
    mark_not_same,
    merge_clients,
    relate,
    update_client,
)
from orbita.clients.actions.pairs import group_pairs, store_pairs
from orbita.clients.actions.regions import save_region
from orbita.clients.contacts import read_contact
from orbita.clients.duplicates import Pair
from orbita.clients.fields.actions import define_field
from orbita.clients.models import (
    Attachment,
    ContactPoint,
    DuplicateGroup,
    Erasure,
    Incident,
    MergeRun,
    ProcessingPurpose,
    Relation,
    RetentionRule,
    RetentionRun,
    StatusRules,
)
from orbita.clients.privacy.consents import add_text, record_consent
from orbita.clients.privacy.erasing import ask_erasure
from orbita.clients.privacy.holds import hold_data
from orbita.clients.quality.actions import change_settings, request_repair
from orbita.clients.status.settings import change_rules
from orbita.clients.tests import access_requests
from orbita.clients.views.duplicates import SALT
from orbita.clients.work.settings import change_work_rules
from orbita.core import context
from orbita.core.events import emit
from orbita.core.models import Event


def prepare(world: World) -> None:
    owner = world.owner
    phones = [read_contact("phone", "89000001427"), read_contact("phone", "89000001428")]
    client = create_client(
        actor=owner, values={"name": "Соколова Ирина", "position": "повар"}, contacts=phones
    )
    company = create_client(actor=owner, values={"name": "ООО Ромашка", "kind": "company"})
    link_person(actor=owner, company=company, person=client, role="decides")
    world["friend"] = create_client(actor=owner, values={"name": "Друг Олег"})
    relate(actor=owner, client=client, other=world["friend"], side="friend")
    world["relation"] = Relation.objects.get()
    file = SimpleUploadedFile("договор.pdf", b"%PDF-1.4")
    add_note(actor=owner, client=client, text="Заметка", files=[file])
    deleted = create_client(actor=owner, values={"name": "Удалённый Пётр"})
    delete_client(actor=world.head, client=deleted)
    gone = create_segment(actor=owner, name="Удалённый", rule={})
    with context.request("a bulk change"):
        bulk = assign_responsible(
            actor=world.administrator, client_ids=[company.pk], responsible=world.owner
        )
    world["client"], world["company"], world["deleted"] = client, company, deleted
    world["contact"] = ContactPoint.objects.filter(client=client, is_main=False).get()
    world["file"] = Attachment.objects.get(client=client)
    world["change"] = update_client(actor=world.head, client=client, values={"position": "шеф"})
    world["segment"] = create_segment(actor=owner, name="Общий", rule={})
    world["segment_deleted"] = delete_segment(actor=owner, segment=gone)
    world["bulk"] = bulk
    boss = world.administrator
    world["own_field"] = define_field(
        actor=boss, subject="client", kind="text", label="Марка", key="car"
    )
    # Seen by a role that nobody of the table has.
    nobody = Role.objects.create(name="Nobody")
    define_field(
        actor=boss,
        subject="client",
        kind="text",
        label="Тайна",
        key="secret",
        see_roles=[nobody.pk],
    )
    rules = change_settings(actor=world.head, weights={}, limits={"phone": 1}, incomplete_below=50)
    world["quality"] = rules
    world["repair"] = request_repair(actor=owner, rule={"fact": "problem", "op": "filled"})
    world["free"] = create_client(
        actor=world.head, values={"name": "Ничья Анна", "responsible": None}
    )
    world["work_rules"] = change_work_rules(
        actor=world.administrator, values={"cadence": {"phone": 3}}
    )
    world["region_saved"] = save_region(
        actor=world.administrator, values={"name": "Татарстан", "economy": "Нефть"}
    )
    world["rules"] = change_rules(actor=world.administrator, numbers={"long_from": 7})
    prepare_duplicates(world)
    prepare_retention(world)
    prepare_registers(world)
    until = timezone.localdate() + timedelta(days=9)
    world["hold"] = hold_data(actor=boss, client=company, reason="Суд", until=until)
    leaving = create_client(actor=boss, values={"name": "Уходящий Пётр"})
    world["erasure"] = ask_erasure(actor=boss, client=leaving, reason="Просьба")
    add_text(actor=boss, purpose="advertising", text="Согласен получать рекламу")
    record_consent(
        actor=boss,
        client=client,
        purpose="advertising",
        channels=["email"],
        given=True,
        source="paper",
    )
    with transaction.atomic():
        emit(
            "privacy.erased",
            actor=boss,
            subject_type="erasure",
            subject_id=900,
            data={"cards": [77], "tables": {"clients.note": [2, 0]}, "files": 0},
        )
    world["act"] = Erasure.objects.create(
        pk=900,
        cards=[77],
        status=Erasure.Status.DONE,
        reason="Просьба",
        erased_at=timezone.now(),
        actor=boss,
        tables={"clients.note": [2, 0], "commerce.order": [0, 3]},
    )
    access_requests.prepare(world)


def prepare_retention(world: World) -> None:
    boss = world.administrator
    tagged = {"fact": "tag", "op": "in", "value": ["отказ"]}
    world["kept_segment"] = create_segment(actor=boss, name="Отказались", rule=tagged)
    world["keeping"] = RetentionRule.objects.create(
        name="Отказались", segment=world["kept_segment"], since="activity", months=12
    )
    world["keeping_run"] = RetentionRun.objects.create(
        rule=world["keeping"], actor=boss, cutoff=timezone.localdate(), mark="x", status="done"
    )


def was(world: World, back: int) -> int:
    """The client's newest change, or the one so many before it."""
    rows = Event.objects.filter(client_id=world["client"].pk, kind__startswith="client.")
    return int(rows.order_by("-pk").values_list("pk", flat=True)[back])


def prepare_registers(world: World) -> None:
    world["purpose"] = ProcessingPurpose.objects.create(name="Продажа", data="Имя")
    world["incident"] = Incident.objects.create(
        title="Письмо ушло не тому",
        happened="Выгрузка на чужой адрес",
        found_at=timezone.now() - timedelta(hours=2),
        responsible=world.administrator,
    )


def of_purpose(world: World) -> dict[str, int]:
    return {"pk": world["purpose"].pk}


def of_incident(world: World) -> dict[str, int]:
    return {"pk": world["incident"].pk}


def of_rule(world: World) -> dict[str, int]:
    return {"pk": world["keeping"].pk}


def of_run(world: World) -> dict[str, int]:
    return {"pk": world["keeping_run"].pk}


def prepare_duplicates(world: World) -> None:
    pair = [
        create_client(actor=world.owner, values={"name": "Двойник Иван", "sex": sex})
        for sex in ("m", "")
    ]
    store_pairs([Pair(pair[0].pk, pair[1].pk, 0.9, ("first_name", "conflict_sex"))])
    group_pairs()
    world["pair"], world["group"] = pair, DuplicateGroup.objects.get()
    twins = [create_client(actor=world.owner, values={"name": "Слитый Иван"}) for _n in range(2)]
    merge = merge_clients(actor=world.owner, keep=twins[0], drop=twins[1])
    world["unmerge"] = signing.dumps([merge.pk], salt=SALT)
    apart = [create_client(actor=world.owner, values={"name": "Разный Иван"}) for _n in range(2)]
    mark_not_same(actor=world.owner, clients=apart)
    world["apart"] = signing.dumps([client.pk for client in apart], salt=SALT)
    world["run"] = MergeRun.objects.create(actor=world.head, threshold=0.99, status="done")


def of_pair(world: World) -> dict[str, str]:
    return {"ids": ",".join(str(client.pk) for client in world["pair"])}


def decided(world: World) -> dict[str, str | list[str]]:
    return {"do": "merge", "with": [str(client.pk) for client in world["pair"]]}


def of_region(world: World) -> dict[str, int]:
    return {"pk": world["region_saved"].subject_id}


def rules_form(**numbers: int) -> dict[str, str]:
    """The form of the rules of statuses as it stands, with other numbers."""
    rules = StatusRules.current().rules
    places = {f"place_{name}": place for place, name in enumerate(rules.precedence, 1)}
    values = asdict(rules.numbers) | places | numbers
    return {name: str(value) for name, value in values.items()}


def of_client(world: World) -> dict[str, int]:
    return {"pk": world["client"].pk}


def of_company(world: World) -> dict[str, int]:
    return {"pk": world["company"].pk}


def of_person(world: World) -> dict[str, int]:
    return {"pk": world["company"].pk, "person": world["client"].pk}


def of_relation(world: World) -> dict[str, int]:
    return of_client(world) | {"relation": world["relation"].pk}


def of_segment(world: World) -> dict[str, int]:
    return {"pk": world["segment"].pk}


def of_field(world: World) -> dict[str, object]:
    return of_client(world) | {"name": "position"}


def of_own_field(world: World) -> dict[str, object]:
    return of_client(world) | {"name": "own_car"}


def of_closed_field(world: World) -> dict[str, object]:
    return of_client(world) | {"name": "own_secret"}


def of_definition(world: World) -> dict[str, int]:
    return {"pk": world["own_field"].pk}


def chosen(world: World, **more: str) -> dict[str, str | list[str]]:
    return {"ids": [str(world["client"].pk)], "go": "1", **more}


MERGES = answers(200, viewer=403)
SEEN = answers(200, stranger=404)
MAKES = answers(200, viewer=403)
# May the actor change the owner's client: the owner himself, the head, the administrator.
EDITS = {"viewer": 403, "teammate": 403, "stranger": 404}
FORM = answers(200, **EDITS)
SAVES = answers(302, **EDITS)
OF_ANOTHER = answers(404, viewer=403, owner=200, head=200, administrator=200)
DELETES = answers(403, stranger=404, head=302, administrator=302)
# Erasing is the administrator's.
ERASES = answers(403, stranger=404, administrator=200)
ROWS = [
    *access_requests.ROWS,
    Row("clients:privacy", SEEN, kwargs=of_client),
    Row("clients:consent-new", answers(200, viewer=403, stranger=404), kwargs=of_client),
    Row(
        "clients:consent-new",
        answers(302, viewer=403, stranger=404),
        method="POST",
        kwargs=of_client,
        data=lambda w: {
            "about": ["advertising:email"],
            "given": "no",
            "source": "phone",
            "day": str(timezone.localdate()),
        },
    ),
    Row(
        "clients:privacy-copy",
        answers(403, stranger=404, administrator=200),
        method="POST",
        kwargs=of_client,
    ),
    Row("clients:privacy-hold", ERASES, kwargs=of_client),
    Row(
        "clients:privacy-hold",
        answers(403, stranger=404, administrator=302),
        method="POST",
        kwargs=of_client,
        data=lambda w: {
            "reason": "Суд",
            "until": str(timezone.localdate() + timedelta(days=3)),
        },
    ),
    Row(
        "clients:privacy-release",
        answers(403, stranger=404, administrator=302),
        method="POST",
        kwargs=lambda w: {"pk": w["company"].pk, "hold": w["hold"].pk},
    ),
    Row("clients:privacy-erase", ERASES, kwargs=of_client),
    Row(
        "clients:privacy-erase",
        answers(403, stranger=404, administrator=302),
        method="POST",
        kwargs=of_client,
        data=lambda w: {"reason": "Просьба", "number": str(w["client"].pk)},
    ),
    Row("clients:erasures", only("head", "administrator")),
    Row("clients:erasure", only("head", "administrator"), kwargs=lambda w: {"pk": w["erasure"].pk}),
    Row("clients:erasure", only("head", "administrator"), kwargs=lambda w: {"pk": w["act"].pk}),
    Row("clients:retention", only("administrator")),
    Row("clients:retention-new", only("administrator")),
    Row(
        "clients:retention-new",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {
            "name": "Отказались",
            "segment": w["kept_segment"].pk,
            "since": "activity",
            "months": 12,
            "most": 50,
            "responsible": w.administrator.pk,
            "notice_days": 3,
        },
    ),
    Row("clients:retention-rule", only("administrator"), kwargs=of_rule),
    Row("clients:retention-edit", only("administrator"), kwargs=of_rule),
    Row(
        "clients:retention-switch",
        only("administrator", status=302),
        method="POST",
        kwargs=of_rule,
        data=lambda w: {},
    ),
    Row(
        "clients:retention-run-now",
        only("administrator", status=302),
        method="POST",
        kwargs=of_rule,
        data=lambda w: {"token": "чужой"},
    ),
    Row("clients:retention-run", only("administrator"), kwargs=of_run),
    Row("clients:retention-stop", only("administrator", status=302), method="POST", kwargs=of_run),
    Row(
        "clients:retention-archive",
        only("administrator", status=302),
        method="POST",
        kwargs=of_rule,
    ),
    Row("clients:purposes", only("head", "administrator")),
    Row("clients:purposes-document", only("head", "administrator")),
    Row("clients:purpose-new", only("administrator")),
    Row(
        "clients:purpose-new",
        only("administrator", status=302),
        method="POST",
        data=lambda w: dict.fromkeys(("name", "data", "people", "ground", "term"), "Продажа"),
    ),
    Row("clients:purposes-ready", only("administrator", status=302), method="POST"),
    Row("clients:purpose", only("administrator"), kwargs=of_purpose),
    Row(
        "clients:purpose-archive",
        only("administrator", status=302),
        method="POST",
        kwargs=of_purpose,
    ),
    Row("clients:incidents", only("administrator")),
    Row("clients:incident-new", only("administrator")),
    Row(
        "clients:incident-new",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {
            "title": "Письмо ушло не тому",
            "found_at": f"{timezone.localtime() - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "happened": "Выгрузку отправили на чужой адрес",
            "responsible": w.administrator.pk,
            "in_russia": "on",
        },
    ),
    Row("clients:incident", only("administrator"), kwargs=of_incident),
    Row("clients:incident-edit", only("administrator"), kwargs=of_incident),
    Row(
        "clients:incident-sent",
        only("administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["incident"].pk, "clock": "first"},
        data=lambda w: {"at": f"{timezone.localtime():%Y-%m-%dT%H:%M}"},
    ),
    Row(
        "clients:incident-close",
        only("administrator", status=302),
        method="POST",
        kwargs=of_incident,
    ),
    Row("clients:consent-texts", only("head", "administrator")),
    Row(
        "clients:consent-texts",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {"purpose": "advertising", "text": "Согласен на рекламу"},
    ),
    Row("clients:list", answers(200)),
    Row("clients:list", answers(200), query=lambda w: {"part": "counts"}),
    Row("clients:bin", only("head", "administrator")),
    Row("clients:new", MAKES),
    Row(
        "clients:new",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: {"kind": "person", "last_name": "Новый"},
    ),
    Row("clients:quick", MAKES),
    Row(
        "clients:quick",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: {"kind": "person", "name": "Новый Пётр"},
    ),
    Row("clients:options", answers(200), query=lambda w: {"name": "соко"}),
    Row("clients:link-options", answers(200), query=lambda w: {"as": "own_x", "own_x": "соко"}),
    Row(
        "clients:bulk-assign",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: chosen(w, responsible="nobody"),
    ),
    Row(
        "clients:bulk-tag",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: chosen(w, tag="Опт"),
    ),
    Row(
        "clients:bulk-segment",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: chosen(w, name="Избранные"),
    ),
    Row("clients:card", SEEN, kwargs=of_client),
    Row("clients:card", answers(404), kwargs=lambda w: {"pk": w["deleted"].pk}),
    Row("clients:history", SEEN, kwargs=of_client),
    Row("clients:past", SEEN, kwargs=of_client),
    Row("clients:past", SEEN, kwargs=of_client, query=lambda w: {"event": was(w, 0), "all": "1"}),
    Row("clients:past", SEEN, kwargs=of_client, query=lambda w: {"event": was(w, 1), "all": "1"}),
    Row("clients:edit", FORM, kwargs=of_client),
    Row(
        "clients:edit",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"last_name": "Другая", "responsible": str(w.owner.pk)},
    ),
    Row("clients:field", FORM, kwargs=of_field),
    Row(
        "clients:field",
        SAVES,
        method="POST",
        kwargs=of_field,
        data=lambda w: {"position": "су-шеф"},
    ),
    Row("clients:contact-new", FORM, kwargs=of_client),
    Row(
        "clients:contact-new",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"type": "phone:", "value": "89000001429"},
    ),
    Row(
        "clients:contact",
        SAVES,
        method="POST",
        kwargs=lambda w: of_client(w) | {"contact": w["contact"].pk},
        data=lambda w: {"do": "main"},
    ),
    Row(
        "clients:reveal",
        answers(200, viewer=403, teammate=403, stranger=404),
        method="POST",
        kwargs=of_client,
        data=lambda w: {"field": "phone", "contact": w["contact"].pk},
    ),
    Row(
        "clients:note",
        answers(302, viewer=403, stranger=404),
        method="POST",
        kwargs=of_client,
        data=lambda w: {"kind": "call", "text": "Поговорили"},
    ),
    Row("clients:file", SEEN, kwargs=lambda w: {"pk": w["file"].pk}),
    Row("clients:person-new", FORM, kwargs=of_company),
    Row(
        "clients:person-new",
        SAVES,
        method="POST",
        kwargs=of_company,
        data=lambda w: {"name": "Петров Пётр"},
    ),
    Row("clients:person", FORM, kwargs=of_person),
    Row("clients:person", SAVES, method="POST", kwargs=of_person, data=lambda w: {"role": "pays"}),
    Row(
        "clients:contact-mark",
        SAVES,
        method="POST",
        kwargs=lambda w: of_client(w) | {"contact": w["contact"].pk},
        data=lambda w: {"do": "wrong"},
    ),
    Row("clients:confirm", SAVES, method="POST", kwargs=of_client),
    Row(
        "clients:fix",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"trouble": "capitals", "value": "gone"},
    ),
    Row("clients:dead", FORM, kwargs=of_client),
    Row(
        "clients:dead",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"reason": "Закрылись", "how": "good"},
    ),
    Row("clients:quality", answers(200)),
    Row("clients:quality-count", answers(302), method="POST"),
    Row("clients:repair", answers(200, viewer=403), kwargs=lambda w: {"name": "capitals"}),
    Row(
        "clients:repair",
        answers(302, viewer=403),
        method="POST",
        kwargs=lambda w: {"name": "capitals"},
    ),
    Row("clients:repair", answers(404, viewer=403), kwargs=lambda w: {"name": "stale"}),
    Row("clients:repair-result", OF_ANOTHER, kwargs=lambda w: {"pk": w["repair"].pk}),
    Row(
        "clients:repair-undo",
        answers(404, viewer=403, owner=302, head=302, administrator=302),
        method="POST",
        kwargs=lambda w: {"pk": w["repair"].pk},
    ),
    Row("clients:quality-settings", only("head", "administrator")),
    Row(
        "clients:quality-settings",
        only("head", "administrator", status=422),
        method="POST",
        data=lambda w: {},
    ),
    Row(
        "clients:quality-settings-undo",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["quality"].pk},
    ),
    Row("clients:undo-last", SAVES, method="POST", kwargs=of_client),
    Row("clients:undo", SAVES, method="POST", kwargs=lambda w: {"pk": w["change"].pk}),
    Row(
        "clients:undo-many",
        answers(302, viewer=403),
        method="POST",
        query=lambda w: {"token": w["bulk"].undo_token},
    ),
    Row("clients:delete", DELETES, method="POST", kwargs=of_client),
    Row(
        "clients:restore",
        answers(403, head=302, administrator=302),
        method="POST",
        kwargs=lambda w: {"pk": w["deleted"].pk},
    ),
    Row("clients:field", answers(200, **EDITS), kwargs=of_own_field),
    Row(
        "clients:field",
        SAVES,
        method="POST",
        kwargs=of_own_field,
        data=lambda w: {"own_car": "Lada"},
    ),
    Row(
        "clients:field",
        answers(404, viewer=403, teammate=403, administrator=200),
        kwargs=of_closed_field,
    ),
    Row("clients:audit", only("administrator")),
    Row("clients:audit", only("administrator"), query=lambda w: {"q": "127.0.0.1"}),
    Row(
        "clients:audit-event",
        only("administrator"),
        kwargs=lambda w: {"pk": w["change"].pk},
    ),
    Row("clients:audit-check", only("administrator", status=302), method="POST"),
    Row("clients:audit-checkpoint", only("administrator", status=404)),
    Row("clients:fields", only("administrator")),
    Row("clients:field-new", only("administrator")),
    Row("clients:field-new", only("administrator"), query=lambda w: {"kind": "text"}),
    Row(
        "clients:field-new",
        only("administrator", status=302),
        method="POST",
        query=lambda w: {"kind": "text"},
        data=lambda w: {"label": "Новое"},
    ),
    Row("clients:field-settings", only("administrator"), kwargs=of_definition),
    Row(
        "clients:field-settings",
        only("administrator", status=302),
        method="POST",
        kwargs=of_definition,
        data=lambda w: {"label": "Иначе"},
    ),
    Row(
        "clients:field-move",
        only("administrator", status=302),
        method="POST",
        kwargs=of_definition,
        data=lambda w: {"do": "up"},
    ),
    Row(
        "clients:field-archive",
        only("administrator", status=302),
        method="POST",
        kwargs=of_definition,
    ),
    Row("clients:field-templates", only("administrator")),
    Row(
        "clients:field-templates",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {"trade": "salon"},
    ),
    Row(
        "clients:hints",
        answers(200, viewer=403),
        method="POST",
        data=lambda w: {"name": "Двойник Иван"},
    ),
    Row("clients:duplicates", MERGES),
    Row(
        "clients:duplicate-group",
        answers(404, viewer=403, owner=200, head=200, administrator=200),
        kwargs=lambda w: {"pk": w["group"].pk},
    ),
    Row("clients:compare", answers(200, viewer=403, stranger=404), query=of_pair),
    Row(
        "clients:compare",
        answers(302, viewer=403, teammate=403, stranger=404),
        method="POST",
        query=of_pair,
        data=decided,
    ),
    Row(
        "clients:unmerge",
        answers(302, viewer=403, teammate=403, stranger=403),
        method="POST",
        query=lambda w: {"token": w["unmerge"]},
    ),
    Row(
        "clients:same-again",
        answers(302, viewer=403, teammate=403),
        method="POST",
        query=lambda w: {"token": w["apart"]},
    ),
    Row("clients:duplicates-search", answers(302, viewer=403), method="POST"),
    Row("clients:merge-sure", MERGES),
    Row(
        "clients:merge-sure",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: {"threshold": "99"},
    ),
    Row("clients:merge-run", MERGES, kwargs=lambda w: {"pk": w["run"].pk}),
    Row(
        "clients:merge-run-undo",
        answers(403, head=302, administrator=302),
        method="POST",
        kwargs=lambda w: {"pk": w["run"].pk},
    ),
    Row("clients:entry-rules", only("administrator")),
    Row(
        "clients:entry-rules",
        only("administrator", status=302),
        method="POST",
        data=lambda w: {
            "form-exact": "warn",
            "form-likely": "warn",
            "api-exact": "queue",
            "api-likely": "queue",
        },
    ),
    Row("clients:relation-options", SEEN, kwargs=of_client, query=lambda w: {"name": "друг"}),
    Row("clients:relation-new", FORM, kwargs=of_client),
    Row(
        "clients:relation-new",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"side": "brought", "other": str(w["friend"].pk)},
    ),
    Row("clients:relation", FORM, kwargs=of_relation),
    Row(
        "clients:relation",
        SAVES,
        method="POST",
        kwargs=of_relation,
        data=lambda w: {"do": "remove"},
    ),
    Row("clients:statuses", answers(200)),
    Row(
        "clients:statuses",
        only("head", "administrator", status=302),
        method="POST",
        data=lambda w: rules_form(regular_from=4),
    ),
    Row(
        "clients:statuses-undo",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["rules"].pk},
    ),
    Row(
        "clients:mark",
        SAVES,
        method="POST",
        kwargs=lambda w: of_client(w) | {"mark": "offer"},
    ),
    Row(
        "clients:side-by-side",
        answers(200, stranger=404),
        query=lambda w: {"ids": f"{w['client'].pk},{w['company'].pk}"},
    ),
    Row("clients:regions", answers(200)),
    Row("clients:region-new", only("head", "administrator")),
    Row(
        "clients:region-new",
        only("head", "administrator", status=302),
        method="POST",
        data=lambda w: {"name": "Самарская область", "economy": "Химия"},
    ),
    Row("clients:region", only("head", "administrator"), kwargs=of_region),
    Row(
        "clients:region",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=of_region,
        data=lambda w: {"name": "Татарстан", "economy": "Нефть, химия"},
    ),
    Row(
        "clients:region-delete",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=of_region,
    ),
    Row(
        "clients:region-undo",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"event": w["region_saved"].pk},
    ),
    Row("clients:pool", answers(200, viewer=403)),
    Row(
        "clients:pool",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: {"do": "bulk", "action": "take", "ids": [str(w["free"].pk)]},
    ),
    Row("clients:work-rules", only("head", "administrator")),
    Row(
        "clients:work-rules",
        only("head", "administrator", status=302),
        method="POST",
        data=lambda w: {"mode": "off", "result": "order", "warn_days": "9"},
    ),
    Row(
        "clients:work-rules-undo",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=lambda w: {"pk": w["work_rules"].pk},
    ),
    Row("clients:hand-over", FORM, kwargs=of_client),
    Row(
        "clients:hand-over",
        SAVES,
        method="POST",
        kwargs=of_client,
        data=lambda w: {"responsible": str(w.teammate.pk), "reason": "отпуск"},
    ),
    Row("clients:stop", answers(200, viewer=403, stranger=404), kwargs=of_client),
    Row(
        "clients:stop",
        answers(302, viewer=403, stranger=404),
        method="POST",
        kwargs=of_client,
        data=lambda w: {"reason": "просил не звонить"},
    ),
    Row("clients:allow", SAVES, method="POST", kwargs=of_client),
    Row("clients:segments", answers(200)),
    Row("clients:segments", answers(200), query=lambda w: {"count": w["segment"].pk}),
    Row("clients:segment-new", answers(200, viewer=403)),
    Row(
        "clients:segment-new",
        answers(302, viewer=403),
        method="POST",
        data=lambda w: {
            "name": "Новый",
            "rule": json.dumps({"fact": "orders", "op": "gte", "value": 1}),
        },
    ),
    Row("clients:segment", answers(403, owner=200, head=200, administrator=200), kwargs=of_segment),
    Row(
        "clients:segment",
        answers(403, owner=302, head=302, administrator=302),
        method="POST",
        kwargs=of_segment,
        data=lambda w: {"name": "Иначе"},
    ),
    Row(
        "clients:segment-delete",
        answers(403, owner=302, head=302, administrator=302),
        method="POST",
        kwargs=of_segment,
    ),
    Row(
        "clients:segment-restore",
        answers(403, owner=302, head=302, administrator=302),
        method="POST",
        kwargs=lambda w: {"event": w["segment_deleted"].pk},
    ),
]
