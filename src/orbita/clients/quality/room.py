"""What quality brings to the room of clients."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from orbita.accounts.policy import PERMISSIONS, Permission
from orbita.clients.actions.undo import UNDOERS
from orbita.clients.extension import CARD_BUTTONS, CARD_PANELS, TIMELINE_RIGHTS, TimelineRight
from orbita.clients.facts import RECORDERS
from orbita.clients.lists import BULK, VIEWS, add_column
from orbita.clients.mergers import MERGERS
from orbita.clients.quality import card, jobs, lists, merging, record, rule_facts, wording
from orbita.clients.quality.actions.dead import undo_dead
from orbita.clients.quality.actions.fixes import undo_acceptance
from orbita.clients.quality.actions.marks import undo_marks
from orbita.core.events import KINDS, SUBSCRIPTIONS, EventKind, Subscription
from orbita.core.jobs import SCHEDULES, Schedule
from orbita.core.models import Origin
from orbita.core.rules import FACTS
from orbita.ui.menu import MENU, MenuItem


def register() -> None:
    """Called by the room's own `room.py`, so that everything is in place once."""
    PERMISSIONS.register(
        Permission(
            "quality.edit",
            _("change what a whole card is and how old contacts may grow"),
            scoped=False,
            starter={"head": "all"},
        )
    )
    KINDS.register(
        EventKind("contact.marked", _("Contact marked"), icon="phone", sentence=wording.marked),
        EventKind(
            "contact.confirmed", _("Contact confirmed"), icon="check", sentence=wording.confirmed
        ),
        EventKind("client.died", _("Client put aside"), icon="clock", sentence=wording.died),
        EventKind("client.revived", _("Client is worked with again"), icon="refresh"),
        EventKind(
            "client.look_again", _("Time to look again"), icon="bell", sentence=wording.look_again
        ),
        EventKind(
            "client.value_accepted", _("Value found right"), icon="check", sentence=wording.accepted
        ),
        EventKind("client.value_doubted", _("Value doubted again"), icon="undo"),
        EventKind("quality.repair_started", _("Repair of cards started"), icon="bolt", erase=()),
        EventKind("quality.repair_undone", _("Repair of cards undone"), icon="undo", erase=()),
        EventKind("quality.counted", _("Count of the base asked for"), icon="chart", erase=()),
        EventKind(
            "quality.settings_changed",
            _("Rules of quality changed"),
            group="settings",
            icon="gear",
            erase=(),
        ),
    )
    RECORDERS.register(record.RECORDER)
    MERGERS.register(merging.MERGER)
    FACTS.register("client", *rule_facts.FACTS)
    CARD_PANELS.register(*card.PANELS)
    CARD_BUTTONS.register(card.DEAD)
    TIMELINE_RIGHTS.register(TimelineRight("contact", "clients.view"))
    UNDOERS.update(
        {
            "contact.marked": undo_marks,
            "contact.confirmed": undo_marks,
            "client.died": undo_dead,
            "client.revived": undo_dead,
            "client.value_accepted": undo_acceptance,
        }
    )
    add_column(lists.COMPLETENESS, after="responsible")
    add_column(lists.PROBLEMS, after="completeness")
    add_column(lists.CHECK_ON, after="problems")
    VIEWS.extend(lists.VIEWS)
    BULK.insert(-1, lists.PUT_RIGHT)
    BULK.insert(-1, lists.CONFIRM)
    SCHEDULES.register(
        Schedule("look-again", jobs.look_again, at=time(5)),
        Schedule("state-of-the-base", jobs.take_stock, at=time(5, 10)),
    )
    SUBSCRIPTIONS.register(
        Subscription(
            "state-after-import",
            frozenset({"import.finished", "import.undone"}),
            jobs.take_stock_after,
            origins=frozenset(Origin.values),
        ),
        Subscription(
            "weights-after-fields",
            frozenset({"field.changed", "field.archived", "field.restored"}),
            jobs.weigh_after,
        ),
    )
    MENU.register(
        MenuItem(
            "quality",
            _("State of the base"),
            "clients:quality",
            "shield",
            "clients.view",
            order=5,
            section="insight",
        )
    )
