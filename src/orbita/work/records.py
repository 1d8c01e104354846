"""Plain records that deals are made of: what the actions take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(slots=True, kw_only=True)
class DealData:
    """One deal. `amount` is in minor units of `currency` ("" is the base), None when not known.

    `stage_id` is where a new deal begins; left out, it is the first stage of the pipeline, and without
    a pipeline, of the first one. A deal that exists changes its stage by `move_deal` only. `own` are
    values of own fields by name; those that are not named stay as they are.
    """

    name: str = ""
    client_id: int | None = None
    pipeline_id: int | None = None
    stage_id: int | None = None
    amount: int | None = None
    currency: str = ""
    expected_on: date | None = None
    source_id: int | None = None
    responsible_id: int | None = None
    helper_ids: Sequence[int] = ()
    next_step: str = ""
    next_step_on: date | None = None
    comment: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Closing:
    """What is said of a deal as it is lost: why, in what words, and when to come back."""

    reason_id: int | None = None
    comment: str = ""
    come_back_on: date | None = None
