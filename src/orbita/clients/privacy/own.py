"""What this room and those below it keep of clients."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from orbita.clients.actions.grouping import groups_of, refresh_groups
from orbita.clients.fields.in_bulk import unmark
from orbita.clients.models import (
    AcceptedValue,
    AcquisitionSource,
    Address,
    Alias,
    Attachment,
    BankAccount,
    Client,
    ClientFacts,
    ClientMark,
    ClientTag,
    CompanyPerson,
    Consent,
    ConsentText,
    ContactPoint,
    ContactState,
    ContactStop,
    DeadMark,
    DuplicateGroup,
    DuplicatePair,
    DuplicateScan,
    EntryRule,
    Erasure,
    ExternalId,
    FieldDefinition,
    FieldMark,
    Incident,
    LegalHold,
    Merge,
    MergeRun,
    Note,
    NotePosting,
    Posting,
    ProcessingPurpose,
    QualityDay,
    QualitySettings,
    RegionPassport,
    Relation,
    Repair,
    RetentionRule,
    RetentionRun,
    SearchedClient,
    SearchedNote,
    SearchedText,
    Segment,
    StatusRules,
    Tag,
    TextPosting,
    Word,
    WordKey,
    WorkRules,
)
from orbita.clients.privacy.registry import (
    PERSONAL,
    SETTLED,
    STORES,
    TRACES,
    Personal,
    Settled,
    Store,
    Trace,
)
from orbita.clients.search import forget_clients
from orbita.clients.search.index import NOTE, OWNER_BITS
from orbita.clients.tokens import note_words
from orbita.core.models import (
    Backup,
    BackupCopy,
    BackupPlan,
    Company,
    Event,
    EventGap,
    EventPayload,
    EventSeal,
    Job,
    OutgoingMail,
)
from orbita.ui.models import ListChoice, SavedView

if TYPE_CHECKING:
    from orbita.clients.privacy.erasing import Erasing

HIDDEN = "…"


# ---- the search index ----


def _out_of_index(work: "Erasing") -> None:
    """Takes the cards and their notes out of the index; words of nobody go with the cleaning."""
    forget_clients(work.cards)
    unmark(work.cards)
    _notes_out_of_index(work)


def _notes_out_of_index(work: "Erasing") -> None:
    notes = dict(Note.objects.filter(client__in=work.cards).values_list("pk", "text"))
    words = {pk: note_words(text) for pk, text in notes.items()}
    texts = {word for own in words.values() for word in own}
    known = dict(Word.objects.filter(kind=NOTE, text__in=texts).values_list("text", "pk"))
    postings = [
        known[word] << OWNER_BITS | pk for pk, own in words.items() for word in own if word in known
    ]
    NotePosting.objects.filter(pk__in=postings).delete()


# ---- what hangs on the cards ----


def _tags_of_nobody_else(work: "Erasing") -> None:
    """A tag that only this client bears may say as much of him as a note."""
    others = ClientTag.objects.filter(tag=OuterRef("pk")).exclude(client__in=work.cards)
    own = Tag.objects.filter(clienttag__client__in=work.cards).exclude(Exists(others))
    keys = list(own.values_list("pk", flat=True))
    ClientTag.objects.filter(client__in=work.cards).delete()
    work.count(Tag._meta.label_lower, deleted=Tag.objects.filter(pk__in=keys).delete()[0])


def _source_of_nobody_else(work: "Erasing") -> None:
    _out_of_index(work)
    others = Client._base_manager.filter(source=OuterRef("pk")).exclude(pk__in=work.cards)
    own = AcquisitionSource.objects.filter(clients__in=work.cards).exclude(Exists(others))
    keys = list(own.values_list("pk", flat=True))
    Client._base_manager.filter(pk__in=work.cards).update(source=None)
    rows = AcquisitionSource.objects.filter(pk__in=keys)
    work.count(AcquisitionSource._meta.label_lower, deleted=rows.delete()[0])


def _pairs(work: "Erasing") -> None:
    groups = groups_of(work.cards)
    rows = DuplicatePair.objects.filter(Q(a__in=work.cards) | Q(b__in=work.cards))
    work.count(DuplicatePair._meta.label_lower, deleted=rows.delete()[0])
    refresh_groups(groups)


def _attached_files(work: "Erasing") -> None:
    folder = Path(settings.ORBITA_DATA) / "files"
    names = Attachment.objects.filter(client__in=work.cards).values_list("file", flat=True)
    work.files |= {folder / name for name in names if name}


# ---- traces ----


def scrubbed(value: Any, work: "Erasing") -> Any:
    """JSON without the texts that have a value of the person in them."""
    if isinstance(value, dict):
        return {name: scrubbed(one, work) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, work) for one in value]
    return HIDDEN if isinstance(value, str) and work.values.found_in(value) else value


def scrub(*columns: str) -> Any:
    """A step that takes the values out of these columns and leaves the rest of the row."""

    def put(work: "Erasing", rows: Sequence[Any]) -> None:
        for row in rows:
            for name in columns:
                setattr(row, name, scrubbed(getattr(row, name), work))
            row.save(update_fields=list(columns))

    return put


def _names(work: "Erasing", rows: Sequence[Segment]) -> None:
    for row in rows:
        row.rule = scrubbed(row.rule, work)
        # Names of segments are unique.
        row.name = f"{HIDDEN} {row.pk}" if work.values.found_in(row.name) else row.name
        row.save(update_fields=["name", "rule"])


def _finished_jobs(work: "Erasing", rows: Sequence[Job]) -> None:
    over = [row.pk for row in rows if row.status in (Job.Status.DONE, Job.Status.FAILED)]
    Job.objects.filter(pk__in=over).delete()


def _letters(work: "Erasing", rows: Sequence[OutgoingMail]) -> None:
    waiting = [row.pk for row in rows if row.status == OutgoingMail.Status.QUEUED]
    OutgoingMail.objects.filter(pk__in=waiting).update(status=OutgoingMail.Status.FAILED)


def _models(*rooms: str) -> tuple[Any, ...]:
    return tuple(model for room in rooms for model in apps.get_app_config(room).get_models())


CLIENT = (
    *("kind", "name", "last_name", "first_name", "middle_name", "legal_form", "legal_name"),
    *("inn", "kpp", "ogrn", "birthday", "sex", "occupation", "position", "income_level"),
    *("family", "education", "hobbies", "interests", "source", "preferred_channel"),
    *("payment_terms", "delivery_terms", "special_terms", "difficulties", "working_hours"),
    *("time_zone", "comment", "tags", "own", "created_at", "updated_at"),
)
INCIDENT = (
    *("title", "happened", "data", "people", "causes", "harm", "measures", "contact"),
    *("results", "culprits"),
)


def register() -> None:
    """Puts the tables of this room and of those below it into the registries."""
    PERSONAL.register(
        Personal(Client, of=("pk",), told=CLIENT, first=_source_of_nobody_else),
        Personal(ContactPoint, told=("kind", "service", "value", "label", "is_main")),
        Personal(ContactState, of=("contact__client",), told=("contact", "mark", "confirmed_at")),
        Personal(
            Address, told=("kind", "country", "region", "city", "postcode", "text", "is_main")
        ),
        Personal(BankAccount, told=("bank", "bik", "account", "correspondent")),
        Personal(ExternalId, told=("source", "value")),
        Personal(ClientTag, first=_tags_of_nobody_else),
        Personal(CompanyPerson, of=("company", "person"), told=("role", "position", "since")),
        Personal(Relation, of=("client", "other"), told=("kind",)),
        Personal(Note, told=("kind", "happened_at", "text")),
        Personal(Attachment, told=("name", "size", "created_at")),
        Personal(Consent, told=("purpose", "channel", "given", "at", "source", "address", "proof")),
        Personal(ContactStop, told=("at", "reason")),
        Personal(LegalHold, told=("reason", "until")),
        Personal(DeadMark, told=("reason", "look_again_on")),
        Personal(ClientMark, told=("mark", "at")),
        Personal(ClientFacts, told=("orders_count", "gross", "returned", "last_contact_at")),
        Personal(AcceptedValue),
        Personal(SearchedClient),
        Personal(SearchedText),
        Personal(SearchedNote, of=("note__client",)),
        Personal(Alias, of=("client", "survivor")),
        Personal(Merge, of=("keep_id", "drop_id"), empty={"steps": [], "versions": {}}),
        Personal(DuplicatePair, of=("a", "b"), first=_pairs),
    )
    TRACES.register(
        Trace(Segment, ("name", "rule"), empty={}, put=_names),
        Trace(Incident, INCIDENT, empty={}, stay=("sent",), put=scrub(*INCIDENT)),
        Trace(Repair, ("rule",), empty={}, stay=("line",), put=scrub("rule")),
        Trace(
            SavedView,
            ("name", "rule", "text"),
            empty={},
            stay=("list_name", "sort", "columns"),
            put=scrub("name", "rule", "text"),
        ),
        Trace(
            Job,
            ("args", "kwargs", "result", "state", "error"),
            empty={"error": ""},
            stay=("task", "queue", "unique_key", "lease_token"),
            put=_finished_jobs,
        ),
        Trace(
            OutgoingMail,
            ("to", "subject", "text", "error"),
            empty={"to": "erased@example.invalid", "subject": "", "text": "", "error": ""},
            stay=("key", "message_id", "lease_token"),
            put=_letters,
        ),
    )
    STORES.register(Store("attachments", _attached_files))
    SETTLED.register(
        Settled("emptied by the erasure itself, entry by entry", (EventPayload,)),
        Settled(
            "numbers, kinds and moments: what was done, not of whom",
            (
                *(Event, EventSeal, EventGap, Erasure, MergeRun, DuplicateGroup, DuplicateScan),
                RetentionRun,
            ),
        ),
        Settled(
            "deleted by the erasure while they are nobody else's",
            (Tag, AcquisitionSource, Word, WordKey, Posting, NotePosting, TextPosting, FieldMark),
        ),
        Settled(
            "settings of the business",
            (
                *(Company, Backup, BackupCopy, BackupPlan, ConsentText, EntryRule, FieldDefinition),
                *(QualitySettings, RegionPassport, StatusRules, WorkRules, ListChoice),
                *(RetentionRule, ProcessingPurpose),
            ),
        ),
        Settled("counts of the whole base", (QualityDay,)),
        Settled(
            "about those who work here",
            _models("accounts", "auth", "axes", "contenttypes"),
        ),
    )
