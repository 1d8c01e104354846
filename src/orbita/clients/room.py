"""The clients room: people, companies, their contacts, segments."""

from datetime import time, timedelta
from functools import partial

from django.utils.translation import gettext_lazy as _

from orbita.accounts.confining import BOUNDS, Bounds
from orbita.accounts.explaining import RECORDS, RecordKind
from orbita.accounts.field_rights import GUARDED
from orbita.accounts.leaving import BELONGINGS, Belongings
from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.accounts.watching import TRAILS
from orbita.clients import (
    card,
    facts,
    finding,
    guarding,
    jobs,
    lists,
    own_merging,
    recorders,
    rule_facts,
    trail,
    wording,
)
from orbita.clients.audit import room as audit  # noqa: F401 - what the log brings
from orbita.clients.confining import SEGMENTS, within_bounds
from orbita.clients.confining import choices as segments_to_choose
from orbita.clients.derived import DERIVED, Derived
from orbita.clients.entry import ENTRANCES, Answer, Entrance
from orbita.clients.extension import (
    CARD_BUTTONS,
    CARD_PANELS,
    CARD_STRIP,
    TIMELINE_GROUPS,
    TIMELINE_RIGHTS,
    TimelineGroup,
    TimelineRight,
)
from orbita.clients.facts import FOLLOWERS, RECORDERS
from orbita.clients.fields import indexing
from orbita.clients.fields.facts import facts_of
from orbita.clients.fields.subjects import register_subject
from orbita.clients.mergers import COLUMNS, MERGERS
from orbita.clients.models import Client, ClientStatus, ClientWork, StatusMove
from orbita.clients.past import shown as past
from orbita.clients.privacy import room as privacy
from orbita.clients.quality import room as quality
from orbita.clients.status import jobs as status_jobs
from orbita.clients.status import keeping, shown, words
from orbita.clients.status import merging as status_merging
from orbita.clients.views import regions, relations
from orbita.clients.work import contacting, giving
from orbita.clients.work import jobs as work_jobs
from orbita.clients.work import shown as work_shown
from orbita.clients.work import words as work_words
from orbita.clients.work.lists import POOL
from orbita.core.backup import CHECKS, Check
from orbita.core.events import KINDS, SUBSCRIPTIONS, EventKind, Subscription
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.core.models import Origin
from orbita.core.rules import FACTS
from orbita.ui.lists import LISTS
from orbita.ui.menu import MENU, QUICK_CREATE, SEARCH, MenuItem, QuickCreate, SearchProvider

AREAS.register(
    Area("clients", _("Clients"), ("clients", "quality", "segments", "fields"), order=10)
)
PERMISSIONS.register(
    Permission(
        "clients.view",
        _("see clients"),
        starter={
            "head": "all",
            "manager": "team",
            "marketer": "all",
            "support": "all",
            "viewer": "all",
        },
    ),
    Permission(
        "clients.edit",
        _("add and change clients"),
        starter={"head": "all", "manager": "own", "support": "all"},
    ),
    Permission(
        "clients.note",
        _("write notes about clients"),
        starter={"head": "all", "manager": "team", "marketer": "all", "support": "all"},
    ),
    Permission(
        "clients.regions",
        _("write passports of regions"),
        scoped=False,
        starter={"head": "all", "marketer": "all"},
    ),
    Permission(
        "clients.take",
        _("take clients from the free pool"),
        scoped=False,
        starter={"head": "all", "manager": "all"},
    ),
    Permission(
        "clients.rules",
        _("change the rules of statuses and of work with clients"),
        scoped=False,
        starter={"head": "all"},
    ),
    Permission("clients.delete", _("delete clients"), starter={"head": "all"}),
    Permission(
        "clients.merge",
        _("merge duplicates and take merges back"),
        starter={"head": "all", "manager": "own"},
    ),
    Permission("clients.export", _("export clients"), starter={"head": "all", "marketer": "all"}),
    Permission(
        "clients.import",
        _("import clients and purchases"),
        scoped=False,
        starter={"head": "all"},
        whole=True,
    ),
    Permission(
        "clients.reveal",
        _("show masked fields of clients whole"),
        starter={"head": "team", "manager": "own"},
    ),
    Permission("fields.edit", _("add and change own fields"), scoped=False),
    Permission(
        "segments.edit",
        _("make and change segments"),
        starter={"head": "all", "marketer": "all", "manager": "own"},
    ),
)
GUARDED.register(*guarding.guarded())
KINDS.register(
    EventKind("client.created", _("Card made"), icon="users", sentence=wording.created),
    EventKind("client.changed", _("Card changed"), icon="edit", sentence=wording.changed),
    EventKind(
        "client.revealed",
        _("Masked field shown"),
        group="files",
        icon="eye",
        sentence=wording.revealed,
        erase=(),
    ),
    EventKind("client.deleted", _("Card put into the recycle bin"), icon="trash", erase=()),
    EventKind("client.restored", _("Card taken out of the recycle bin"), icon="undo", erase=()),
    EventKind("client.merged", _("Cards merged"), icon="users", sentence=wording.merged),
    EventKind("client.unmerged", _("Merge taken back"), icon="undo", sentence=wording.unmerged),
    EventKind("client.not_same", _("Not the same client"), icon="users", sentence=wording.not_same),
    EventKind("duplicates.merge_started", _("Merging of duplicates started"), erase=()),
    EventKind("duplicates.search_asked", _("Search for duplicates started"), erase=()),
    EventKind(
        "duplicates.rule_set",
        _("Rule for new clients changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind("client.marked", _("Marks changed"), icon="check", sentence=words.marked),
    EventKind("client.status_changed", _("Status changed"), icon="up", sentence=words.moved),
    EventKind(
        "client.release_warned", _("Time limit is near"), icon="clock", sentence=work_words.warned
    ),
    EventKind(
        "client.contact_stopped",
        _("Not to be contacted"),
        icon="x",
        group="talks",
        sentence=work_words.stopped,
    ),
    EventKind(
        "client.contact_allowed",
        _("May be contacted again"),
        icon="check",
        group="talks",
        sentence=work_words.allowed,
    ),
    EventKind("client.unloaded", _("Card removed with its import"), icon="trash", erase=()),
    EventKind("note.added", _("Note"), icon="chat", group="talks", sentence=wording.note),
    EventKind("note.deleted", _("Note deleted"), icon="chat", erase=()),
    EventKind("note.restored", _("Note restored"), icon="chat", erase=()),
    EventKind("file.added", _("File added"), icon="file", group="talks", sentence=wording.files),
    EventKind("file.deleted", _("File deleted"), icon="file", sentence=wording.files),
    EventKind(
        "field.created",
        _("Own field added"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind(
        "field.changed",
        _("Own field changed"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind(
        "field.moved",
        _("Own field moved"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind(
        "field.archived",
        _("Own field archived"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind(
        "field.restored",
        _("Own field back in use"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind(
        "fields.set_added",
        _("Set of own fields added"),
        group="settings",
        icon="cols",
        erase=(),
    ),
    EventKind("region.saved", _("Passport of a region saved"), icon="globe", erase=()),
    EventKind("region.deleted", _("Passport of a region deleted"), icon="globe", erase=()),
    EventKind(
        "work_rules.changed",
        _("Rules of work changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind(
        "status_rules.changed",
        _("Rules of statuses changed"),
        group="settings",
        icon="gear",
        erase=(),
    ),
    EventKind("segment.created", _("Segment made"), icon="grid", erase=()),
    EventKind("segment.changed", _("Segment changed"), icon="grid", erase=()),
    EventKind("segment.deleted", _("Segment deleted"), icon="grid", erase=()),
    EventKind("segment.restored", _("Segment restored"), icon="grid", erase=()),
)
RECORDERS.register(recorders.PLACE, recorders.TALKS)
MERGERS.register(own_merging.MERGER, status_merging.MERGER)
COLUMNS.register(*own_merging.COLUMNS)
ENTRANCES.register(
    Entrance("form", _("Added by hand"), Answer.WARN, Answer.WARN, asks=True),
    Entrance("api", _("Through the API"), Answer.QUEUE, Answer.QUEUE),
)
FOLLOWERS.register(keeping.FOLLOWER)
keeping.SOURCES.register(keeping.MARKS, keeping.PEOPLE, keeping.DEAD)
SCHEDULES.register(Schedule("statuses", status_jobs.keep_statuses, at=time(3)))
SCHEDULES.register(Schedule("give-out", work_jobs.give_out_new, every=timedelta(minutes=5)))
SCHEDULES.register(Schedule("time-limits", work_jobs.keep_time_limits, at=time(4)))
DERIVED.register(
    Derived("statuses", ClientStatus),
    Derived("moves on the ladder", StatusMove),
    Derived("work with clients", ClientWork),
)
contacting.CONTACTS.register(contacting.NOTES)
CARD_PANELS.register(shown.PANEL, shown.MOVES, work_shown.WARNING, work_shown.PANEL)
CARD_PANELS.register(regions.PANEL, relations.PANEL)
CARD_BUTTONS.register(work_shown.HAND_OVER, work_shown.STOP, past.BUTTON)
FACTS.register("client", *rule_facts.FACTS)
register_subject("client", Client)
TRAILS.register(trail.TRAIL)
BELONGINGS.register(Belongings("clients", _("Clients"), giving.led_by, giving.hand_all_over))
RECORDS.register(
    RecordKind(
        "client",
        _("Client"),
        lambda pk: Client.objects.select_related("responsible").filter(pk=pk).first(),
        "clients",
        lambda user, client: Client.objects.filter(within_bounds(user), pk=client.pk).exists(),
    )
)
BOUNDS.register(Bounds(SEGMENTS, _("Only clients of the segments"), segments_to_choose))
FACTS.add_source("client", partial(facts_of, "client"))
SCHEDULES.register(Schedule("own-field-indexes", indexing.mend_indexes, at=indexing.AT))
SUBSCRIPTIONS.register(
    Subscription(
        "duplicates-after-import",
        frozenset({"import.finished"}),
        jobs.find_after_import,
        origins=frozenset(Origin.values),
    )
)
SCHEDULES.register(
    Schedule("duplicates", jobs.find_duplicates, at=time(3, 30)),
    Schedule("late-rows", jobs.gather_late_rows, at=time(3)),
)
CARD_STRIP.register(*card.STRIP)
TIMELINE_RIGHTS.register(
    *(TimelineRight(name, "clients.view") for name in ("client", "note", "file")),
)
TIMELINE_GROUPS.register(
    TimelineGroup("talks", _("Notes and talks"), order=10),
    TimelineGroup("changes", _("Changes"), order=90),
)
SETTINGS_TABS.register(
    Tab("fields", _("Own fields"), "fields.edit", "clients:fields", 30, "clients"),
    Tab("statuses", _("Statuses"), "clients.rules", "clients:statuses", 31, "clients"),
    Tab("work", _("Rules of work"), "clients.rules", "clients:work-rules", 32, "clients"),
    Tab("entry", _("New clients"), "core.settings", "clients:entry-rules", 33, "clients"),
    Tab(
        "quality", _("Rules of quality"), "quality.edit", "clients:quality-settings", 34, "clients"
    ),
)
LISTS.register(lists.CLIENTS, lists.BIN, POOL)
MENU.register(
    MenuItem("clients", _("Clients"), "clients:list", "users", "clients.view", 20, phone=True),
    MenuItem("duplicates", _("Duplicates"), "clients:duplicates", "merge", "clients.merge", 22),
    MenuItem("pool", _("Free pool"), "clients:pool", "inbox", "clients.take", 33),
    MenuItem(
        "regions",
        _("Regions"),
        "clients:regions",
        "globe",
        "clients.regions",
        order=64,
        section="settings",
    ),
    MenuItem("segments", _("Segments"), "clients:segments", "filter", "clients.view", 24),
)
QUICK_CREATE.register(
    QuickCreate(
        "client", _("Client"), "clients:quick", "person", "clients.edit", order=10, dialog=True
    ),
)
SEARCH.register(
    SearchProvider("clients", _("Clients"), finding.clients, "clients.view"),
    SearchProvider("notes", _("Notes"), finding.notes, "clients.view"),
)
SCHEDULES.register(Schedule("search index", jobs.index_missing, every=timedelta(days=1)))
CHECKS.register(Check("facts", _("sums and dates of clients"), facts.sample_agrees))
quality.register()
privacy.register_all()
