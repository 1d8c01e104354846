"""The seals of the event log: what makes a change to it by the back door visible.

`sealing` links batches of events into a chain, `checkpoints` signs how far it has come, `checking`
reads everything again, `protection` has PostgreSQL refuse changes to it. docs/security.md says what
this does and does not prove.
"""

from . import checkpoints, protection, state
from .checking import verify
from .problems import Verified
from .sealing import keep_sealed, seal_all, seal_next

__all__ = [
    "Verified",
    "checkpoints",
    "keep_sealed",
    "protection",
    "seal_all",
    "seal_next",
    "state",
    "verify",
]
