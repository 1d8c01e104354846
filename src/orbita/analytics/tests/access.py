"""Who may open what in analytics: seen by those with the permission, changed by fewer."""

from orbita.accounts.testing import Row, World, answers
from orbita.analytics import actions
from orbita.core.models import Event

# Support works without analytics; everybody in the table has it.
SETTINGS = {"bands": "5", "months": "", "net": "gross", "preview": "1"}


def prepare(world: World) -> None:
    event = actions.change_settings(
        actor=world.administrator, bands=4, months=None, net=False, fixed={}
    )
    assert event is not None
    world["rfm_change"] = Event.objects.get(pk=event)


ROWS = [
    Row("analytics:rfm", answers(200)),
    Row("analytics:rfm-moves", answers(200)),
    Row("analytics:rfm-progress", answers(200)),
    Row("analytics:rfm-refresh", answers(302), method="POST"),
    Row("analytics:rfm-settings", answers(200)),
    Row(
        "analytics:rfm-settings",
        answers(200, viewer=403, owner=403, teammate=403, stranger=403),
        method="POST",
        data=lambda w: SETTINGS,
    ),
    Row(
        "analytics:rfm-settings-undo",
        answers(302, viewer=403, owner=403, teammate=403, stranger=403),
        method="POST",
        kwargs=lambda w: {"pk": w["rfm_change"].pk},
    ),
]
