"""How deals are merged with their clients: by the general rule, locked before the cards are."""

from orbita.clients.mergers import Merger
from orbita.work.models import Deal

MERGER = Merger("work", first=(Deal,))
