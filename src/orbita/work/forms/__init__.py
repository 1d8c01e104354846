from .deal import DealForm
from .move import MoveForm

__all__ = ["DealForm", "MoveForm"]
