"""The command line: `interlock COMMAND`.

Only what `main` needs is imported here, so that Ctrl-C is quiet from the first moment on.
"""

import gc
import sys

#: Ctrl-C, as shells count: 128 and the number of the signal
INTERRUPTED = 130


def main() -> None:
    """Run the command line and end the process with its exit code."""
    gc.disable()  # imports leave nothing to collect; on again before a command is begun
    try:
        from interlock.serving.cli.application import run_command

        code = run_command()
    except KeyboardInterrupt:
        sys.stderr.write("interlock: stopped before anything was begun.\n")
        code = INTERRUPTED
    sys.exit(code)
