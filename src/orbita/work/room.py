"""The work room: pipelines and deals."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from orbita.accounts.confining import BOUNDS, Bounds
from orbita.accounts.explaining import RECORDS, RecordKind
from orbita.accounts.policy import AREAS, PERMISSIONS, Area, Permission
from orbita.accounts.tabs import SETTINGS_TABS, Tab
from orbita.clients.extension import (
    CARD_BUTTONS,
    CARD_PANELS,
    TIMELINE_GROUPS,
    TIMELINE_RIGHTS,
    CardButton,
    CardPanel,
    TimelineGroup,
    TimelineRight,
)
from orbita.clients.fields.facts import facts_of
from orbita.clients.fields.subjects import register_subject
from orbita.clients.mergers import MERGERS
from orbita.core.events import KINDS, EventKind
from orbita.core.rules import FACTS
from orbita.ui.lists import LISTS
from orbita.ui.menu import MENU, QUICK_CREATE, SEARCH, MenuItem, QuickCreate, SearchProvider
from orbita.work import card, confining, lists, merging, privacy, rule_facts, search, words
from orbita.work.models import Deal

RECORDS.register(
    RecordKind(
        "deal",
        _("Deal"),
        lambda pk: Deal.objects.select_related("client").filter(pk=pk).first(),
        "deals",
        lambda user, deal: Deal.objects.filter(pk=deal.pk).visible_to(user).exists(),
    )
)
AREAS.register(Area("work", _("Deals"), ("deals",), order=25))
PERMISSIONS.register(
    Permission(
        "deals.view",
        _("see deals"),
        starter={
            "head": "all",
            "manager": "team",
            "marketer": "all",
            "support": "all",
            "viewer": "all",
        },
    ),
    Permission(
        "deals.edit", _("add, change and move deals"), starter={"head": "all", "manager": "own"}
    ),
    Permission("deals.delete", _("delete deals"), starter={"head": "all"}),
    Permission("deals.export", _("export deals"), starter={"head": "all"}),
    Permission(
        "deals.pipelines",
        _("change pipelines, stages and reasons of loss"),
        scoped=False,
        starter={"head": "all"},
    ),
)
BOUNDS.register(Bounds(confining.PIPELINES, _("Only deals of the pipelines"), confining.choices))
MERGERS.register(merging.MERGER)
FACTS.register("deal", *rule_facts.DEAL_FACTS)
FACTS.register("client", *rule_facts.CLIENT_FACTS)
register_subject("deal", Deal)
FACTS.add_source("deal", partial(facts_of, "deal"))
KINDS.register(
    EventKind("deal.created", _("Deal"), "deals", "deals", words.deal_made),
    EventKind("deal.changed", _("Deal changed"), "deals", "changes", words.deal_changed),
    EventKind("deal.moved", _("Deal moved on"), "deals", "deals", words.deal_moved),
    EventKind("deal.won", _("Deal won"), "deals", "deals", words.deal_won),
    EventKind("deal.lost", _("Deal lost"), "deals", "deals", words.deal_lost),
    EventKind("deal.reopened", _("Deal reopened"), "deals", "deals", words.deal_reopened),
    EventKind("deal.deleted", _("Deal deleted"), "deals", "changes", words.deal_deleted),
    EventKind("deal.restored", _("Deal restored"), "deals", "changes", words.deal_restored),
    *(
        EventKind(name, label, "deals", group="settings", erase=())
        for name, label in (
            ("pipeline.created", _("Pipeline added")),
            ("pipeline.changed", _("Pipeline changed")),
            ("stage.created", _("Stage added")),
            ("stage.changed", _("Stage changed")),
            ("stage.removed", _("Stage removed")),
            ("loss_reason.saved", _("Reason of loss saved")),
        )
    ),
)
LISTS.register(lists.DEALS, lists.DEALS_BIN)
SEARCH.register(SearchProvider("deals", _("Deals"), search.deals, "deals.view"))
TIMELINE_RIGHTS.register(TimelineRight("deal", "deals.view", confining.seen_deals))
TIMELINE_GROUPS.register(TimelineGroup("deals", _("Deals"), order=25))
CARD_PANELS.register(CardPanel("deals", card.deals, order=15))
CARD_BUTTONS.register(
    CardButton("deal", _("New deal"), card.new_deal_url, "deals", "deals.edit", order=15)
)
SETTINGS_TABS.register(
    Tab("pipelines", _("Pipelines"), "deals.pipelines", "work:pipelines", 22, "company")
)
MENU.register(
    MenuItem("deals", _("Deals"), "work:deals-home", "deals", "deals.view", order=20, phone=True)
)
QUICK_CREATE.register(
    QuickCreate("deal", _("Deal"), "work:deal-new", "deals", "deals.edit", order=15, dialog=True)
)
privacy.register()
