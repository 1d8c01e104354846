"""`python -m orbita.devtools.screenshots`: takes the pictures of the documentation anew.

It starts the demo company and an empty installation in a temporary place, walks through them like
a newcomer and writes `PAGE-LANGUAGE-WIDTH-THEME.png` into docs/images.
"""

import argparse
import base64
import json
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from orbita.devtools import ROOT, browser, plain_environment, say

LANGUAGES = {"ru": "ru-RU", "en": "en-US"}
SIZES = {1440: 900, 390: 844}
THEMES = ("light", "dark")
SIGN_IN = re.compile(r"password (\S+) as:")
PLAIN = {
    "clients": "/clients/",
    "rfm": "/rfm/",
    "import-file": "/import/",
    "roles": "/settings/roles/",
    "log": "/settings/log/",
    "requests": "/requests/",
}
PICTURES = ("set-up", *PLAIN, "card", "role", "backups", "import-columns", "import-result")
# The client whose card is shown: a regular company that has gone quiet tells the most.
CARD_RULE = {"fact": "rfm_group", "op": "in", "value": ["cant_lose"]}
CARD_FROM = "/clients/?" + urlencode({"view": "all", "sort": "-gross", "f": json.dumps(CARD_RULE)})

# Pages have few colours besides the edges of letters: the 255 most common, the rest go to the
# nearest of them. A picture takes a third of the space then.
TO_PALETTE = """
async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  const seen = new Map();
  for (let i = 0; i < pixels.length; i += 4) {
    const colour = (pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2];
    seen.set(colour, (seen.get(colour) || 0) + 1);
  }
  const common = [...seen].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
  const apart = (a, b) => ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2
    + ((a & 255) - (b & 255)) ** 2;
  const palette = [];
  for (const colour of common) {
    if (palette.length < 96 || !palette.some((taken) => apart(taken, colour) < 90)) palette.push(colour);
    if (palette.length === COLOURS) break;
  }
  const place = new Map(palette.map((colour, index) => [colour, index]));
  for (const colour of common) {
    if (place.has(colour)) continue;
    let best = 0;
    for (let i = 1; i < palette.length; i++) {
      if (apart(palette[i], colour) < apart(palette[best], colour)) best = i;
    }
    place.set(colour, best);
  }
  let text = "";
  for (let i = 0; i < pixels.length; i += 4) {
    text += String.fromCharCode(place.get((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]));
  }
  return { width: image.width, height: image.height, palette, pixels: btoa(text) };
}
"""
COLOURS = 160
# Whose machine took the picture says nothing to the reader.
TO_USUAL_FOLDER = """
() => document.querySelectorAll("main code").forEach((code) => {
  code.textContent = code.textContent.replace(/^.*\\/demo(?=\\/)/, "/var/lib/orbita");
})
"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="orbita.devtools.screenshots", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", action="append", choices=PICTURES, help="a picture; several")
    options = parser.parse_args(argv)
    chromium = browser.find_chromium()
    if not chromium:
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as directory:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        camera = Camera(opened, options.output, set(options.only or PICTURES))
        if camera.wants("set-up"):
            with service("serve", Path(directory, "empty")) as (_url, greeting):
                camera.shoot("set-up", greeting[-1].strip())
        if camera.only - {"set-up"}:
            with service("demo", Path(directory, "demo")) as (url, greeting):
                tour(camera, url, greeting, Path(directory, "demo", "samples", "salon.xlsx"))
        opened.close()
    return 0


@contextmanager
def service(command: str, data: Path) -> Iterator[tuple[str, list[str]]]:
    """A running `orbita COMMAND` with data of its own: its address and what it printed."""
    output = data.with_suffix(".txt")
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "orbita", command, "--port", "0"],
            env=plain_environment() | {"ORBITA_DATA": str(data), "PYTHONPATH": str(ROOT / "src")},
            stdout=out,
        )
    try:
        while not output.read_text() and process.poll() is None:
            time.sleep(0.2)
        first, *greeting = output.read_text().splitlines() or [""]
        if not first.startswith("Orbita is ready: "):
            raise SystemExit(f"orbita {command} did not start")
        yield first.split()[-1], greeting
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


class Camera:
    def __init__(self, opened: Browser, output: Path, only: set[str]) -> None:
        self._browser = opened
        self._output = output
        self._darkroom = opened.new_page()
        self.only = only
        self.state: str | None = None  # a file with the cookies of who signed in

    def wants(self, name: str) -> bool:
        return name in self.only

    def context(self, language: str, width: int = 1440, theme: str = "light") -> BrowserContext:
        return self._browser.new_context(
            viewport={"width": width, "height": SIZES[width]},
            locale=LANGUAGES[language],
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=self.state,
        )

    def shoot(self, name: str, address: str, languages: Sequence[str] = tuple(LANGUAGES)) -> None:
        """One page in every theme and width; does nothing when the picture is not wanted."""
        if not self.wants(name):
            return
        for language in languages:
            for width in SIZES:
                for theme in THEMES:
                    with self.context(language, width, theme) as context:
                        page = context.new_page()
                        answer = page.goto(address)
                        if answer is None or not answer.ok:
                            raise SystemExit(f"{name}: {address} does not open")
                        page.wait_for_timeout(300)
                        page.evaluate(TO_USUAL_FOLDER)
                        self._develop(page, f"{name}-{language}-{width}-{theme}.png")

    def _develop(self, page: Page, name: str) -> None:
        taken = base64.b64encode(page.screenshot()).decode()
        script = TO_PALETTE.replace("COLOURS", str(COLOURS))
        picture = self._darkroom.evaluate(script, f"data:image/png;base64,{taken}")
        path = self._output / name
        path.write_bytes(
            indexed_png(
                picture["width"],
                picture["height"],
                picture["palette"],
                base64.b64decode(picture["pixels"]),
            )
        )
        say(f"{name}: {path.stat().st_size // 1024} KB")


def indexed_png(width: int, height: int, palette: Sequence[int], pixels: bytes) -> bytes:
    """A PNG with one byte per pixel. Format: PNG specification, third edition, W3C 2025."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(
        b"\0" + pixels[start : start + width] for start in range(0, width * height, width)
    )
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", b"".join(colour.to_bytes(3, "big") for colour in palette)),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        ]
    )


def tour(camera: Camera, url: str, greeting: Sequence[str], workbook: Path) -> None:
    password = next(found[1] for line in greeting if (found := SIGN_IN.search(line)))
    email = next(line.split()[0] for line in greeting if "@" in line)
    with camera.context("ru") as context:
        page = context.new_page()
        page.goto(f"{url}/sign-in/")
        page.fill("input[name=username]", email)
        page.fill("input[name=password]", password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{url}/clients/**")
        camera.state = str(workbook.parent / "signed-in.json")
        context.storage_state(path=camera.state)
        page.goto(f"{url}{CARD_FROM}")
        link = page.locator("main tbody a[href^='/clients/']").first.get_attribute("href")

        def in_both_languages(pictures: dict[str, str]) -> None:
            for language in LANGUAGES:
                speak(page, url, language)
                for name, path in pictures.items():
                    camera.shoot(name, f"{url}{path}", [language])

        role = _role_of_managers(page, url)
        in_both_languages({**PLAIN, "card": str(link), "role": role})
        if camera.wants("backups"):
            _make_a_backup(page, url)
            in_both_languages({"backups": "/settings/backups/"})
        if not camera.only & {"import-columns", "import-result"}:
            return
        page.goto(f"{url}/import/")
        page.set_input_files("input[type=file]", workbook)
        page.wait_for_url("**/columns/")
        columns = page.url.removeprefix(url)
        in_both_languages({"import-columns": columns})
        # Reasons are kept in the language of who brought the file, which is like its cells.
        speak(page, url, "ru")
        page.goto(f"{url}{columns}")
        page.locator("button[formaction$='/run/']").first.click()
        page.locator(".g-sum").wait_for(timeout=120_000)
        in_both_languages({"import-result": page.url.removeprefix(url)})


def _role_of_managers(page: Page, url: str) -> str:
    page.goto(f"{url}/settings/roles/")
    links = page.locator("main th a[href^='/settings/roles/']")
    return str(links.nth(2).get_attribute("href"))


def _make_a_backup(page: Page, url: str) -> None:
    """Begins one on the page and waits until it was restored and compared."""
    page.goto(f"{url}/settings/backups/")
    page.locator("form[action$='/backups/now/'] button").first.click()
    for _second in range(120):
        page.goto(f"{url}/settings/backups/")
        if page.locator("form[action$='/download/']").count():
            return
        page.wait_for_timeout(1000)
    raise SystemExit("no backup was proved")


def speak(page: Page, url: str, language: str) -> None:
    """Sets the language of the person who is signed in."""
    page.goto(f"{url}/profile/")
    token = page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    page.request.post(
        f"{url}/preferences/",
        form={"language": language, "csrfmiddlewaretoken": token},
        headers={"Referer": f"{url}/profile/"},
    )


if __name__ == "__main__":
    sys.exit(main())
