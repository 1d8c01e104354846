"""The named groups and their places on the map of recency × (frequency and money).

Where each group stands and why there are eleven is decided in
docs/decisions/0004-rfm-groups.md; docs/rfm.md tells it to users.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True)
class Group:
    """A group of clients with the same state and the same thing to do about it.

    `hue` says what to do by colour: keep, grow, watch, save or wake. `meaning` and `steps` are for
    people; a step is (icon, what, why). `hyphened` is a long label that says where a narrow cell of
    the map may break it.
    """

    name: str
    label: Text
    hue: str
    meaning: Text
    steps: tuple[tuple[str, Text, Text], ...]
    at_stake: bool = False
    hyphened: Text = ""

    @property
    def on_map(self) -> Text:
        return self.hyphened or self.label

    @property
    def css(self) -> str:
        return f"g-{self.hue}"


HUES: dict[str, Text] = {
    "keep": pgettext_lazy("what to do", "Keep"),
    "grow": pgettext_lazy("what to do", "Grow"),
    "watch": pgettext_lazy("what to do", "Remind"),
    "save": pgettext_lazy("what to do", "Save"),
    "wake": pgettext_lazy("what to do", "Wake or let go"),
}

_ALL = (
    Group(
        "champions",
        _("Champions"),
        "keep",
        _("Bought recently, buy often and for much."),
        (
            ("star", _("Thank them in person"), _("a call or a note from the owner, no discount")),
            ("users", _("Ask for a friend"), _("those who are content recommend best")),
            ("box", _("Show what is new first"), _("they try it sooner and tell others")),
        ),
    ),
    Group(
        "loyal",
        _("Loyal"),
        "keep",
        _("Buy often or for much and come back in time."),
        (
            ("star", _("Reward the habit"), _("points or a standing price, not a one-off sale")),
            ("cart", _("Offer what goes with it"), _("a dearer version or a second product")),
        ),
    ),
    Group(
        "growing",
        pgettext_lazy("rfm group", "Growing"),
        "grow",
        _("Bought recently and not for the first time, or at once for a lot."),
        (
            ("cart", _("Lead to the next purchase"), _("remind when the last one runs out")),
            ("star", _("Invite to the loyalty programme"), _("the habit is forming now")),
        ),
    ),
    Group(
        "promising",
        pgettext_lazy("rfm group", "Promising"),
        "grow",
        _("Bought lately, seldom and for little so far."),
        (
            ("send", _("Tell how to use what they bought"), _("and what others take with it")),
            ("phone", _("Ask how it was"), _("and answer: it often decides about the second purchase")),
        ),
        hyphened=pgettext_lazy("with a soft hyphen", "Promising"),
    ),
    Group(
        "new",
        pgettext_lazy("rfm group", "New"),
        "grow",
        _("Bought just now, most often for the first time."),
        (
            ("send", _("Welcome them"), _("who we are, how to reach us, what to do if it is wrong")),
            ("calendar", _("Set the second contact"), _("a second purchase makes a buyer a client")),
        ),
    ),
    Group(
        "needs_attention",
        pgettext_lazy("rfm group", "Need attention"),
        "watch",
        _("Middling in everything, and the usual time has passed."),
        (
            ("phone", _("Remind with a reason"), _("a delivery, a season, a thing left in stock")),
            ("send", _("Offer something for a short time"), _("while they still remember you")),
        ),
        at_stake=True,
    ),
    Group(
        "about_to_sleep",
        pgettext_lazy("rfm group", "About to sleep"),
        "watch",
        _("Bought seldom, and it is getting long ago."),
        (
            ("send", _("Write with one simple offer"), _("the best seller, not the catalogue")),
            ("chat", _("Ask what was missing"), _("the answer costs less than a new client")),
        ),
        at_stake=True,
    ),
    Group(
        "at_risk",
        pgettext_lazy("rfm group", "At risk"),
        "save",
        _("Used to buy often or for much but have not come for long."),
        (
            ("send", _("Write to the rest"), _("ask what happened, without a discount")),
            ("alert", _("Look for complaints"), _("check how their last order ended")),
        ),
        at_stake=True,
    ),
    Group(
        "cant_lose",
        pgettext_lazy("rfm group", "Can't lose"),
        "save",
        _("The best buyers of the past, gone for long."),
        (
            ("phone", _("The head calls in person"), _("today: each of them is worth many new ones")),
            ("task", _("Agree on terms"), _("find out who replaced you and what for")),
        ),
        at_stake=True,
    ),
    Group(
        "hibernating",
        pgettext_lazy("rfm group", "Sleeping"),
        "wake",
        _("Bought seldom and for little, long ago."),
        (
            ("send", _("One letter in a season"), _("those who do not open it may be let go")),
        ),
    ),
    Group(
        "lost",
        pgettext_lazy("rfm group", "Lost"),
        "wake",
        _("Bought seldom and for little, longest ago of all."),
        (
            ("send", _("A last letter"), _("then stop spending money and patience on them")),
        ),
        hyphened=pgettext_lazy("with a soft hyphen", "Lost"),
    ),
)  # fmt: skip
GROUPS: dict[str, Group] = {group.name: group for group in _ALL}

# Rows: frequency and money 5 → 1; columns: recency 1 (long ago) → 5 (recently).
_MAP = (
    ("cant_lose", "cant_lose", "loyal", "loyal", "champions"),
    ("at_risk", "at_risk", "loyal", "loyal", "champions"),
    ("at_risk", "at_risk", "needs_attention", "growing", "growing"),
    ("hibernating", "hibernating", "about_to_sleep", "growing", "growing"),
    ("lost", "hibernating", "about_to_sleep", "promising", "new"),
)
MAP_SIZE = len(_MAP)


def on_map(score: int, bands: int) -> int:
    """The column or row of the five-by-five map in which the middle of the band lies."""
    return MAP_SIZE * (2 * score - 1) // (2 * bands) + 1


def combined(f: int | None, m: int) -> int:
    """Frequency and money as one score: their mean rounded down; money alone when f is unknown."""
    return m if f is None else (f + m) // 2


def group_at(r: int, fm: int, bands: int) -> Group:
    """The group of a cell of the map with this many bands."""
    return GROUPS[_MAP[MAP_SIZE - on_map(fm, bands)][on_map(r, bands) - 1]]


def group_of(r: int, f: int | None, m: int, bands: int) -> Group:
    """The group of a client with these scores."""
    return group_at(r, combined(f, m), bands)
