"""What a merge means to the journal of imports: nothing, until it is undone.

An import's undo first takes back the merges of its cards, and then knows by their versions whether
somebody has changed them. A card that comes out of a merge as it went in has a newer version.
"""

from orbita.clients.mergers import Merger, Work
from orbita.clients.models import Merge
from orbita.gateways.models import Import, ImportChange


def _undo(work: Work, _merge: Merge) -> None:
    # The index of changes begins with the import: naming all of them keeps it in play.
    batches = list(Import.objects.values_list("pk", flat=True)) if work.restored else []
    for client_id, (before, now) in work.restored.items():
        ImportChange.objects.filter(
            batch__in=batches,
            subject=ImportChange.Subject.CLIENT,
            subject_id=client_id,
            version=before,
        ).update(version=now)


MERGER = Merger("imports", undo=_undo)
