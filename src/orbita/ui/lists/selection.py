"""Which rows were selected: those ticked on the page, or all that fit, on every page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from orbita.core.rules import RuleError
from orbita.ui.lists.spec import ListSpec, Rows
from orbita.ui.lists.state import State

MOST_IDS = 900  # Django takes no more than 1,000 fields in a form


class SelectionError(ValueError):
    """Nothing usable was selected; the message is for the user."""


@dataclass(frozen=True)
class Selection:
    """The rows to work on. `queryset` is what the actor sees of them: rights to change come after.

    `fields` are the hidden inputs that carry the selection through a form of several steps; the
    form must post to an address with the same `query`.
    """

    queryset: Rows
    whole: bool
    fields: Sequence[tuple[str, str]]
    query: str

    def count(self) -> int:
        """How many rows exactly: one count, for the page that says what will happen."""
        return self.queryset.count()

    def ids(self) -> Iterable[int]:
        """Ids in ascending order, read in portions."""
        return self.queryset.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=2000)


def selection_of(
    request: HttpRequest, spec: ListSpec, parameters: Mapping[str, str] | None = None
) -> Selection:
    """The selection that a form of the list posted. Raises `SelectionError`."""
    state = State(spec, request.user, parameters if parameters is not None else request.GET.dict())
    if request.POST.get("all") == "1":
        try:
            return Selection(state.matching, True, [("all", "1")], state.query())
        except RuleError as error:
            raise SelectionError(str(error)) from None
    ids = _ids(request.POST.getlist("ids"))
    if not ids:
        raise SelectionError(_("Nothing is selected: tick the rows first."))
    return Selection(
        spec.queryset(request.user).filter(pk__in=ids),
        False,
        [("ids", str(identifier)) for identifier in ids],
        state.query(),
    )


def _ids(texts: Sequence[str]) -> list[int]:
    try:
        ids = [int(text) for text in texts[: MOST_IDS + 1]]
    except ValueError:
        raise SelectionError(_("The selection is damaged: reload the page.")) from None
    if len(ids) > MOST_IDS or any(not 0 < identifier < 2**63 for identifier in ids):
        raise SelectionError(_("The selection is damaged: reload the page."))
    return ids
