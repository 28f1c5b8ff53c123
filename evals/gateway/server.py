"""A model server that answers at once with one token, as a process of its own.

`python -m interlock.evals.gateway.server` prints its port. The answer takes no time of a
model, so what is measured around the server is all that there is.
"""

import asyncio
import json
import sys
from typing import Any, Final

from aiohttp import web

_ANSWER: Final = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "bench",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "yes"},
        }
    ],
    "usage": {"prompt_tokens": 400, "completion_tokens": 1, "total_tokens": 401},
}


async def serve() -> None:
    """Serve until the process is ended."""
    body = json.dumps(_ANSWER).encode()

    async def respond(request: web.Request) -> web.Response:
        asked: Any = await request.json()
        if not asked["messages"]:
            return web.Response(status=400)
        return web.Response(body=body, content_type="application/json")

    application = web.Application()
    application.router.add_post("/v1/chat/completions", respond)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
