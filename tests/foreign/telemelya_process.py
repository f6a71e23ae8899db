"""Run by the Python that has telemelya: its server, with a Redis and an S3 in the same process, which it needs.

Arguments: three ports, those of the server, of Redis and of S3. telemelya reads the addresses from the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading

import uvicorn
from aiohttp import web
from fakeredis import TcpFakeServer


def storage() -> web.Application:
    """As much of S3 as telemelya uses: one bucket whose files are written and read."""
    files: dict[str, bytes] = {}

    async def answer(request: web.Request) -> web.Response:
        name = request.path
        if request.method == "PUT":
            files[name] = await request.read()
            return web.Response(headers={"ETag": '"1"'})
        if name.count("/") > 1 and name not in files:
            return web.Response(status=404)
        return web.Response(body=files.get(name, b""), headers={"ETag": '"1"'})

    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{name:.*}", answer)
    return application


async def main(port: int, redis_port: int, s3_port: int) -> None:
    """Serves until the process is ended."""
    redis = TcpFakeServer(("127.0.0.1", redis_port))
    threading.Thread(target=redis.serve_forever, daemon=True).start()
    runner = web.AppRunner(storage(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", s3_port).start()
    os.environ["REDIS_URL"] = f"redis://127.0.0.1:{redis_port}/0"
    os.environ["MINIO_ENDPOINT"] = f"127.0.0.1:{s3_port}"
    os.environ["STRICT_EDIT"] = "true"
    from telemelya.server.app import app  # reads the environment when it is imported

    await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
