"""Measures what docs/performance.md promises. `./orbita bench` runs each measure in a process and a
data directory of its own, so that nobody's base is touched."""

from orbita.bench.command import main

__all__ = ["main"]
