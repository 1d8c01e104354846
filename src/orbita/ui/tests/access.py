"""Who may open what of the interface room."""

from orbita.accounts.testing import Row, World, answers, only
from orbita.ui.actions import delete_view, save_view


def prepare(world: World) -> None:
    view = save_view(actor=world.owner, list_name="kit", name="Mine", rule={})
    delete_view(actor=world.owner, view=view)
    world["view"] = view


ROWS = [
    Row("ui:search", answers(200)),
    Row("ui:palette", answers(200)),
    Row("ui:more", answers(200)),
    Row(
        "ui:preferences",
        answers(302),
        method="POST",
        data=lambda world: {"theme": "dark", "next": "/"},
    ),
    Row(
        "ui:restore-view",
        answers(404, owner=302),
        method="POST",
        kwargs=lambda world: {"pk": world["view"].pk},
    ),
    Row("ui:components", only("administrator")),
    Row("ui:components-list", only("administrator")),
    Row("ui:components-dialog", only("administrator")),
]
