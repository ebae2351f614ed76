"""Asks mbmd over HTTP, in a thread: the standard library's client waits."""

import asyncio
import http.client
import socket

from gridward_kit.errors import BadFrame, DeviceError, NoAnswer

PATIENCE = 5.0
LONGEST = 1_000_000


async def get(host: str, port: int, path: str) -> str:
    """The text of a page; raises NoAnswer and DeviceError in words, mbmd's own where it says some."""
    return await asyncio.to_thread(_get, host, port, path)


def _get(host: str, port: int, path: str) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        text = answer.read(LONGEST).decode("utf-8", "replace")
    except TimeoutError as error:
        raise NoAnswer(f"mbmd at {host}:{port} did not answer within {PATIENCE:g} s") from error
    except socket.gaierror as error:
        raise DeviceError(f"the name {host!r} cannot be resolved") from error
    except ConnectionRefusedError as error:
        raise NoAnswer(f"nothing listens at {host}:{port}; does mbmd run, with --api?") from error
    except OSError as error:
        raise NoAnswer(f"{host}:{port} cannot be reached: {error.strerror or error}") from error
    except http.client.HTTPException as error:
        raise BadFrame(f"what answers at {host}:{port} is no HTTP server") from error
    finally:
        connection.close()
    if answer.status == http.client.BAD_REQUEST:
        raise NoAnswer(f"mbmd says: {' '.join(text.split())[:120]}")
    if answer.status != http.client.OK:
        raise DeviceError(f"{host}:{port}{path} answers with {answer.status} {answer.reason}: is that mbmd?")
    return text
