from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from orbita.clients import search
from orbita.core.jobs import checkpoint, is_cancelled


@task(queue_name="long", atomic=False, max_attempts=3, label=_("Search index"))
def index_missing() -> None:
    """Brings into the search index what was there before it: the first time, the whole base."""
    for progress in search.index_missing():
        with transaction.atomic():
            checkpoint(None, done=progress.clients + progress.notes)
        if is_cancelled():
            return
