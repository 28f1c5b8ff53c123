"""The results of a job as lines of JSON, for other programs."""

import json
from typing import IO

from interlock.serving.results.row import Results, result


async def write_jsonl(results: Results, target: IO[bytes]) -> int:
    """Write one line a document, and return how many there are."""
    number = 0
    async for item in results.items:
        line = json.dumps(result(item), ensure_ascii=False)
        target.write(f"{line}\n".encode())
        number += 1
    return number
