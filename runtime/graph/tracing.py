"""Nobody listens to a governed run: LangChain's tracers would send what it reads to others.

Such a tracer asks no policy and writes no record, so none is let near a run.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from langchain_core.callbacks import CallbackManager
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tracers.context import tracing_v2_callback_var
from langsmith.run_helpers import tracing_context

from interlock.runtime.errors import Overheard
from interlock.runtime.graph.tripwire import Tripwire


@contextmanager
def untraced(run_id: str) -> Iterator[None]:
    """Run the block, and the tasks and threads that it starts, with every tracer off.

    LangSmith's tracer is off whatever switched it on, and nothing is inherited from a LangChain
    call around the block. Raises `Overheard` when a listener is left that the process attaches to
    everything (fails closed: the block does not begin).
    """
    callback = tracing_v2_callback_var.set(None)
    around = var_child_runnable_config.set(None)
    try:
        with tracing_context(enabled=False, parent=False):
            _refuse_listeners(run_id)
            yield
    finally:
        var_child_runnable_config.reset(around)
        tracing_v2_callback_var.reset(callback)


def _refuse_listeners(run_id: str) -> None:
    """Raise `Overheard` unless the tripwire is all that listens to LangChain here."""
    for handler in CallbackManager.configure().handlers:
        if not isinstance(handler, Tripwire):
            raise Overheard(listener=type(handler).__name__, run_id=run_id)
