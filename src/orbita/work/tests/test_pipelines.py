import pytest
from django.core.exceptions import ValidationError

from orbita.accounts import policy
from orbita.accounts.models import User
from orbita.work import actions
from orbita.work.models import Deal, LossReason, Pipeline, Stage
from orbita.work.ready import PIPELINES
from orbita.work.tests.test_deals import Make, Stages

pytestmark = pytest.mark.django_db


def names(pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in pipeline.stages.filter(removed_at=None)]


def test_every_ready_pipeline_can_be_begun_with(admin: User) -> None:
    made = actions.begin_with(actor=admin, names=[ready.name for ready in PIPELINES])
    assert [one.name for one in made] == ["New sales", "Repeat sales", "Service", "Refunds"]
    assert LossReason.objects.filter(parent=None).count() == 5
    assert names(made[0])[-2:] == ["Won", "Lost"]


def test_beginning_twice_makes_no_second_reasons(admin: User) -> None:
    actions.begin_with(actor=admin, names=["new"])
    count = LossReason.objects.count()
    actions.begin_with(actor=admin, names=["repeat"])
    assert LossReason.objects.count() == count


def test_two_pipelines_of_one_name_are_refused(admin: User, pipeline: Pipeline) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.begin_with(actor=admin, names=["new"])
    assert list(refused.value.message_dict) == ["name"]


def test_a_new_stage_stands_before_won_and_lost(admin: User, pipeline: Pipeline) -> None:
    actions.save_stage(actor=admin, pipeline=pipeline, values={"name": "Contract"})
    assert names(pipeline)[-3:] == ["Contract", "Won", "Lost"]


def test_a_stage_goes_where_it_is_put_but_never_behind_the_ends(
    admin: User, pipeline: Pipeline, stages: Stages
) -> None:
    actions.move_stage(actor=admin, stage=stages["agreeing"], place=0)
    assert names(pipeline)[:2] == ["Agreeing", "New request"]
    actions.move_stage(actor=admin, stage=stages["agreeing"], place=99)
    assert names(pipeline)[-3:] == ["Agreeing", "Won", "Lost"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"probability": 101}, "probability"),
        ({"limit_days": 0}, "limit_days"),
        ({"colour": "pink"}, "colour"),
        ({"required": ["shoe size"]}, "required"),
        ({"entry": {"fact": "nothing", "op": "eq", "value": 1}}, "entry"),
    ],
)
def test_a_stage_that_makes_no_sense_is_refused_by_field(
    admin: User, pipeline: Pipeline, stages: Stages, values: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.save_stage(actor=admin, pipeline=pipeline, stage=stages["needs"], values=values)
    assert list(refused.value.message_dict) == [field]


def test_a_pipeline_keeps_one_stage_of_each_kind(
    admin: User, pipeline: Pipeline, stages: Stages
) -> None:
    with pytest.raises(ValidationError):
        actions.remove_stage(actor=admin, stage=stages["won"])
    assert Stage.objects.get(pk=stages["won"].pk).removed_at is None


def test_a_stage_with_deals_is_neither_removed_nor_made_another_kind(
    admin: User, pipeline: Pipeline, stages: Stages, make_deal: Make
) -> None:
    make_deal()
    with pytest.raises(ValidationError):
        actions.remove_stage(actor=admin, stage=stages["request"])
    with pytest.raises(ValidationError):
        actions.save_stage(
            actor=admin, pipeline=pipeline, stage=stages["request"], values={"kind": "won"}
        )


def test_a_removed_stage_comes_back_to_its_place(
    admin: User, pipeline: Pipeline, stages: Stages
) -> None:
    before = names(pipeline)
    actions.remove_stage(actor=admin, stage=stages["needs"])
    assert "Needs found out" not in names(pipeline)
    actions.restore_stage(actor=admin, stage=stages["needs"])
    assert sorted(names(pipeline)) == sorted(before)


def test_one_pipeline_stays_in_use(admin: User, pipeline: Pipeline) -> None:
    with pytest.raises(ValidationError):
        actions.archive_pipeline(actor=admin, pipeline=pipeline)
    [repeat] = actions.begin_with(actor=admin, names=["repeat"])
    actions.archive_pipeline(actor=admin, pipeline=pipeline)
    assert [one.name for one in Pipeline.objects.filter(archived_at=None)] == [repeat.name]


def test_deals_do_not_begin_in_a_pipeline_out_of_use(
    admin: User, pipeline: Pipeline, make_deal: Make
) -> None:
    actions.begin_with(actor=admin, names=["repeat"])
    actions.archive_pipeline(actor=admin, pipeline=pipeline)
    assert make_deal().pipeline.name == "Repeat sales"
    with pytest.raises(ValidationError):
        make_deal(pipeline_id=pipeline.pk)
    assert Deal.objects.count() == 1


def test_reasons_stand_in_two_levels(admin: User, reason: LossReason) -> None:
    with pytest.raises(ValidationError):
        actions.save_reason(actor=admin, name="Too deep", parent=reason)


def test_managers_change_no_pipelines(alice: User, pipeline: Pipeline, stages: Stages) -> None:
    with pytest.raises(policy.Denied):
        actions.save_stage(
            actor=alice, pipeline=pipeline, stage=stages["needs"], values={"name": "Mine"}
        )
