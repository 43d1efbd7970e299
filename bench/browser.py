"""A browser made of little, for bench/survey.py: it shares the machine with the server that it measures."""

import asyncio


class Browser:
    """One kept connection of HTTP/1.1 and one cookie."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.cookie = ""

    async def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> tuple[int, str, bytes]:
        """(status, Location, content)."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self._port}", f"Content-Length: {len(body)}"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"Cookie: {self.cookie}"] if self.cookie else []
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        for attempt in range(3):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            try:
                writer.write(message)
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()  # the server closed a connection that had been idle
                if attempt == 2:
                    raise
        headers = dict(line.lower().split(": ", 1)[:1] + line.split(": ", 1)[1:] for line in head.split("\r\n")[1:-2])
        if headers.get("transfer-encoding", "").lower() == "chunked":
            content = await read_chunks(reader)
        else:
            content = await reader.readexactly(int(headers.get("content-length", 0)))
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].split(";")[0]
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(head.split(" ", 2)[1]), headers.get("location", ""), content

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while size := int(await reader.readline(), 16):
        content += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return content
