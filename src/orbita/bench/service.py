"""Measures that need real processes: the service at rest, an import beside a person at work."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import xlsxwriter

from orbita.bench.generate import FIRST, LAST, MIDDLE, city_of

STEP = 0.1  # seconds between looks at memory
REST = 20.0  # seconds the service is left alone before its memory is read


def write_workbook(path: Path, rows: int) -> None:
    """A sheet of clients as people keep them; not part of any timing."""
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Клиенты")
    sheet.write_row(
        0, 0, ["Код", "ФИО", "Телефон", "E-mail", "Дата рождения", "Город", "Комментарий"]
    )
    for number in range(1, rows + 1):
        name = " ".join(words[number * 31 % len(words)] for words in (LAST, FIRST, MIDDLE))
        sheet.write_row(
            number,
            0,
            [
                f"K{number}",
                name,
                f"8 (9{number // 10**7 % 100:02d}) {number // 10**4 % 1000:03d}-"
                f"{number // 100 % 100:02d}-{number % 100:02d}",
                f"k{number}@mail.example",
                f"{number % 28 + 1:02d}.{number % 12 + 1:02d}.{1950 + number % 55}",
                city_of(number),
                "просила звонить после шести" if number % 5 == 0 else "",
            ],
        )
    book.close()


class Memory(threading.Thread):
    """Follows the summed proportional memory of a process and its children; `peak_mb` at the end."""

    def __init__(self, process: "subprocess.Popen[Any]") -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(process.pid)
        self._stopped = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        while not self._stopped.wait(STEP):
            self.peak_mb = max(self.peak_mb, tree_megabytes(self._process))

    def stop(self) -> float:
        self._stopped.set()
        self.join()
        return round(self.peak_mb, 1)


def tree_megabytes(root: psutil.Process) -> float:
    """Proportional set size of a process and all its children, in MiB: shared pages count once."""
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
    except psutil.Error:
        return 0.0
    return total / 2**20


def import_file(path: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Imports a workbook by the command, end to end. Seconds, rows a second, peak memory."""
    started = time.perf_counter()
    process = start_import(path, environment)
    memory = Memory(process)
    memory.start()
    output, _ = process.communicate()
    seconds = time.perf_counter() - started
    counts = json.loads(output)
    return {
        "rows": counts["rows"],
        "created": counts["created"],
        "seconds": round(seconds, 1),
        "rows_per_second": round(counts["rows"] / seconds),
        "peak_mb": memory.stop(),
    }


def start_import(path: Path, environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "orbita",
            "import",
            str(path),
            "--kind",
            "clients",
            "--format",
            "json",
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def idle_memory(environment: dict[str, str]) -> dict[str, float]:
    """Memory of `serve` with nobody at work, in MiB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "orbita", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout:
            process.stdout.readline()  # printed once the pages answer
        time.sleep(REST)
        return {"idle_mb": round(tree_megabytes(psutil.Process(process.pid)), 1)}
    finally:
        process.terminate()
        process.wait(30)
