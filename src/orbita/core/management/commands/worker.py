import logging
import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from orbita.core.jobs import Worker


class Command(BaseCommand):
    help = "Run background jobs and the schedule until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--poll", type=float, default=1.0, help="seconds between looks into an empty queue"
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=8.0,
            help="seconds that running jobs get after SIGTERM before they are handed back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker(options["poll"])
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: worker.stopping.set())
        if not worker.run_forever(options["grace"]):
            # A job is still at work in its thread. It has lost its lease; end it with the process.
            logging.shutdown()
            os._exit(0)
