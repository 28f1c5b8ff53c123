"""A server made with the package that most servers are made with: it keeps notes in a file.

Its first word is the file; a second is the port on which it serves HTTP, instead of its streams.
"""

import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("notes")
notes = Path(sys.argv[1])


@server.tool()
def add(text: str, times: int = 1) -> str:
    """Add a note."""
    with notes.open("a", encoding="utf-8") as file:
        file.write(f"{text}\n" * times)
    return f"added {text}"


@server.tool()
def count() -> dict[str, int]:
    """Count the notes."""
    return {"notes": len(notes.read_text("utf-8").splitlines())}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    server.run("stdio")
