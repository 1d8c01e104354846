from .deal import Deal, DealHelper, DealPerson, StageStay
from .pipeline import LossReason, Pipeline, Stage

__all__ = [
    "Deal",
    "DealHelper",
    "DealPerson",
    "LossReason",
    "Pipeline",
    "Stage",
    "StageStay",
]
