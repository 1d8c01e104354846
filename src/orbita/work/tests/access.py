"""What every address of the room answers to whom."""

from collections.abc import Callable

from orbita.accounts.testing import Kwargs, Row, World, answers, only
from orbita.clients.actions import create_client
from orbita.work import actions
from orbita.work.models import LossReason, Stage
from orbita.work.records import DealData


def prepare(world: World) -> None:
    pipeline = actions.begin_with(actor=world.administrator, names=["new"])[0]
    client = create_client(actor=world.owner, values={"name": "Dealer of Alice"})
    world["pipeline"] = pipeline
    world["stages"] = list(pipeline.stages.order_by("position"))
    world["dealer"] = client
    data = DealData(name="Machine", client_id=client.pk, amount=100_00)
    world["deal"] = actions.create_deal(actor=world.owner, data=data)
    gone = actions.create_deal(actor=world.owner, data=data)
    world["deleted deal"] = actions.delete_deal(actor=world.head, deal=gone)
    world["reason"] = LossReason.objects.filter(parent=None).first()
    spare = actions.save_stage(
        actor=world.head, pipeline=pipeline, values={"name": "Spare", "probability": 50}
    )
    world["spare stage"] = spare
    taken = actions.save_stage(
        actor=world.head, pipeline=pipeline, values={"name": "Taken off", "probability": 50}
    )
    world["removed stage"] = actions.remove_stage(actor=world.head, stage=taken)


def _deal(world: World) -> Kwargs:
    return {"pk": world["deal"].pk}


def _deleted(world: World) -> Kwargs:
    return {"pk": world["deleted deal"].pk}


def _pipeline(world: World) -> Kwargs:
    return {"pk": world["pipeline"].pk}


def _stage(name: str) -> Callable[[World], Kwargs]:
    def kwargs(world: World) -> Kwargs:
        stage: Stage = world[name]
        return {"pk": stage.pk}

    return kwargs


def _next_stage(world: World) -> Kwargs:
    return {"pk": world["deal"].pk, "stage": world["stages"][1].pk}


def _place(world: World) -> Kwargs:
    return {"pk": world["spare stage"].pk, "place": 0}


def _reason(world: World) -> Kwargs:
    return {"pk": world["reason"].pk}


def _form(world: World) -> Kwargs:
    return {
        "name": "Machine for the office",
        "client_id": "",
        "stage": world["stages"][0].pk,
        "responsible": world.owner.pk,
        "version": "",
    }


def _new_form(world: World) -> Kwargs:
    return {"name": "New machine", "stage": world["stages"][0].pk, "responsible": ""}


def _stage_form(world: World) -> Kwargs:
    return {"name": "Contract", "kind": "open", "colour": "grey", "probability": 60}


SEEN = answers(200, stranger=404)
OPENED = answers(200, viewer=403, teammate=403, stranger=404)
CHANGED = answers(302, viewer=403, teammate=403, stranger=404)
DELETED = answers(403, head=302, administrator=302, stranger=404)
SET = only("head", "administrator")
SAVED = only("head", "administrator", status=302)

ROWS = [
    Row("work:deals", answers(200)),
    Row("work:deals", answers(200), query=lambda world: {"view": "mine"}),
    Row("work:deals-bin", only("head", "administrator")),
    Row("work:deals-assign", answers(302, viewer=403), method="POST"),
    Row(
        "work:deals-undelete",
        answers(403, head=302, administrator=302),
        method="POST",
        kwargs=lambda world: {"moment": 1},
    ),
    Row("work:deals-home", answers(302)),
    Row("work:board", answers(200), kwargs=_pipeline),
    Row("work:deal", SEEN, kwargs=_deal),
    Row("work:deal-new", answers(200, viewer=403)),
    Row("work:deal-new", answers(302, viewer=403), method="POST", data=_new_form),
    Row("work:deal-edit", OPENED, kwargs=_deal),
    Row("work:deal-edit", CHANGED, method="POST", kwargs=_deal, data=_form),
    Row("work:deal-move", OPENED, kwargs=_next_stage),
    Row("work:deal-move", CHANGED, method="POST", kwargs=_next_stage),
    Row("work:deal-delete", DELETED, method="POST", kwargs=_deal),
    Row(
        "work:deal-restore",
        only("head", "administrator", status=302),
        method="POST",
        kwargs=_deleted,
    ),
    Row("work:pipelines", SET),
    Row("work:pipelines-begin", SAVED, method="POST", data=lambda world: {"ready": ["repeat"]}),
    Row("work:pipeline", SET, kwargs=_pipeline),
    Row("work:pipeline", SAVED, method="POST", kwargs=_pipeline, data=lambda w: {"name": "Sales"}),
    Row("work:pipeline-archive", SAVED, method="POST", kwargs=_pipeline),
    Row("work:stage-new", SET, kwargs=_pipeline),
    Row("work:stage-new", SAVED, method="POST", kwargs=_pipeline, data=_stage_form),
    Row("work:stage", SET, kwargs=_stage("spare stage")),
    Row("work:stage", SAVED, method="POST", kwargs=_stage("spare stage"), data=_stage_form),
    Row("work:stage-move", SAVED, method="POST", kwargs=_place),
    Row("work:stage-remove", SAVED, method="POST", kwargs=_stage("spare stage")),
    Row("work:stage-restore", SAVED, method="POST", kwargs=_stage("removed stage")),
    Row("work:reason-new", SET),
    Row("work:reason-new", SAVED, method="POST", data=lambda world: {"name": "Weather"}),
    Row("work:reason", SET, kwargs=_reason),
    Row("work:reason", SAVED, method="POST", kwargs=_reason, data=lambda w: {"name": "Cost"}),
]
