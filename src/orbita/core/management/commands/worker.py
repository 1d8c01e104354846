import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from orbita.core.jobs import Worker

GRACE = 8.0  # seconds for the running jobs after SIGTERM; less than the supervisor waits


class Command(BaseCommand):
    help = "Run background jobs and schedules until stopped (serve starts one by itself)."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker()
        asked_to_stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked_to_stop.set())
        lanes = threading.Thread(target=worker.run_forever, daemon=True)
        lanes.start()
        # A short wait in a loop: setting an event from a handler while its owner sleeps in it is
        # safe only between two waits.
        while lanes.is_alive() and not asked_to_stop.wait(1.0):
            pass
        worker.stopping.set()
        lanes.join(GRACE)
        if lanes.is_alive():
            worker.hand_back()
            # The job's thread cannot be stopped otherwise; its open transaction rolls back.
            os._exit(0)
