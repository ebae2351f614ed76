"""Servers that take messages, on free loopback ports: SMTP and HTTP, as small as they can be."""

import asyncio
import json
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from types import TracebackType
from typing import Self


@dataclass
class Box:
    """A server that tests may close and open again on the same port; `got` is what it took."""

    got: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    asked: int = 0
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def shut(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class Mail(Box):
    """SMTP, without TLS; any login is right."""

    @property
    def url(self) -> str:
        return f"mailto://house:secret@127.0.0.1:{self.port}?from=house@example.org&to=me@example.org&mode=insecure"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        writer.write(b"220 box\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.take(await reader.readuntil(b"\r\n.\r\n"))
            answers = {
                b"EHLO": b"250-box\r\n250 AUTH PLAIN\r\n",
                b"AUTH": b"235 come in\r\n",
                b"QUIT": b"221 bye\r\n",
            }
            writer.write(answers.get(word, b"250 yes\r\n"))
            if word == b"QUIT":
                break
        writer.close()

    def take(self, data: bytes) -> None:
        """A letter."""
        letter = message_from_bytes(data[:-3], policy=default)
        body = letter.get_body(("plain", "html"))
        text = "" if body is None else str(body.get_content())
        self.got.append({"title": str(letter["Subject"]), "text": text, "to": str(letter["To"])})


class Web(Box):
    """HTTP that answers `status`; JSON bodies and plain ones."""

    status = 200

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"

    @property
    def ntfy(self) -> str:
        return f"ntfy://127.0.0.1:{self.port}/house"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sizes = [
            line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length")
        ]
        body = await reader.readexactly(int(sizes[0]) if sizes else 0)
        if self.status == 200:
            content = json.loads(body)
            self.got.append(
                {
                    "path": head.split()[1],
                    "title": str(content["title"]),
                    "text": str(content["message"]),
                    "type": str(content.get("type", content.get("priority", ""))),
                }
            )
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
        await writer.drain()
        writer.close()
