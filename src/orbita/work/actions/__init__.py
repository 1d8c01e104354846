"""Everything that changes pipelines and deals."""

from .beginning import begin_with
from .deals import create_deal, delete_deal, restore_deal, update_deal
from .many import assign_deals, delete_deals, restore_chosen_deals, restore_deals
from .moving import move_deal
from .pipelines import (
    archive_pipeline,
    create_pipeline,
    move_stage,
    remove_stage,
    restore_stage,
    save_pipeline,
    save_reason,
    save_stage,
)

__all__ = [
    "archive_pipeline",
    "assign_deals",
    "begin_with",
    "create_deal",
    "create_pipeline",
    "delete_deal",
    "delete_deals",
    "move_deal",
    "move_stage",
    "remove_stage",
    "restore_chosen_deals",
    "restore_deal",
    "restore_deals",
    "restore_stage",
    "save_pipeline",
    "save_reason",
    "save_stage",
    "update_deal",
]
