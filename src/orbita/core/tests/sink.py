"""An SMTP server as a process of its own, which can kill whoever talks to it.

`python -m orbita.core.tests.sink FOLDER [STEP VICTIM]` listens on a free port, writes it to
FOLDER/port and every accepted letter to FOLDER/letters as one line: its Message-ID. At STEP it
kills the process VICTIM once: connect, EHLO, MAIL, RCPT, DATA (before the content), dot (content
accepted, not yet answered), dropped (content read but not accepted), QUIT.
FOLDER/answers may hold JSON: command → reply instead of the usual one.
"""

import asyncio
import json
import os
import signal
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, folder: Path, step: str) -> None:
        self.folder, self.step = folder, step

    def strike(self, step: str) -> bool:
        """Kills the sender named in FOLDER/victim when this is its step; once."""
        victim = self.folder / "victim"
        if step != self.step or not victim.exists():
            return False
        process = int(victim.read_text())
        victim.unlink()
        os.kill(process, signal.SIGKILL)
        (self.folder / "struck").touch()
        return True

    def answer(self, command: str, usual: str) -> str:
        path = self.folder / "answers"
        answers: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return answers.get(command, usual)

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.strike("EHLO")
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.strike("MAIL")
        envelope.mail_from = address
        return self.answer("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.strike("RCPT")
        envelope.rcpt_tos.append(address)
        return self.answer("RCPT", "250 OK")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.strike("dropped"):
            return "451 gone"
        reply = self.answer("dot", "250 OK")
        if reply.startswith("250"):
            letter = message_from_bytes(envelope.content)
            with (self.folder / "letters").open("a") as file:
                file.write(f"{letter['Message-ID']}\n")
            (self.folder / "last").write_bytes(envelope.original_content)
        self.strike("dot")
        return reply


class Server(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler.strike("connect")
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self.event_handler.strike("DATA")
        await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        self.event_handler.strike("QUIT")
        await super().smtp_QUIT(arg)


async def main(folder: Path, step: str) -> None:
    sink = Sink(folder, step)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(sink, loop=loop), "127.0.0.1", 0)
    (folder / "port.new").write_text(str(server.sockets[0].getsockname()[1]))
    (folder / "port.new").rename(folder / "port")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
