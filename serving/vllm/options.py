"""Options of vLLM that a catalogue may state: none of ours, none that loads code or opens a way."""

from typing import Final, TypeAlias

Option: TypeAlias = bool | int | float | str
#: What the server is told by fields of its own, or by us: it has one origin each
_OURS: Final = frozenset(
    {
        "api-key",
        "chat-template",
        "dtype",
        "enable-auto-tool-choice",
        "enable-lora",
        "enable-prefix-caching",
        "enable-prompt-tokens-details",
        "host",
        "lora-modules",
        "max-lora-rank",
        "max-model-len",
        "model",
        "otlp-traces-endpoint",
        "pipeline-parallel-size",
        "port",
        "revision",
        "served-model-name",
        "shutdown-timeout",
        "structured-outputs-config",
        "tensor-parallel-size",
        "tool-call-parser",
        "tool-strict-level",
    }
)
#: A module, a class or a function of the environment by its name, or code that comes with weights
_CODE: Final = frozenset(
    {
        "additional-config",
        "code-revision",
        "compilation-config",
        "distributed-executor-backend",
        "ec-manager-config",
        "ec-transfer-config",
        "io-processor-plugin",
        "kv-transfer-config",
        "log-config-file",
        "logging-config",
        "logits-processors",
        "middleware",
        "model-class-overrides",
        "model-loader-extra-config",
        "plugins",
        "reasoning-parser-plugin",
        "scheduler-cls",
        "spec-method",
        "spec-model",
        "speculative-config",
        "tool-parser-plugin",
        "trust-remote-code",
        "weight-transfer-config",
        "worker-cls",
        "worker-extension-cls",
    }
)
#: What nobody may switch on: options from elsewhere, the texts in a log or on a socket, templates
#: and objects of whoever asks, secrets on the command line, tools and files of the server's own,
#: another way in
_REFUSED: Final = frozenset(
    {
        "allowed-local-media-path",
        "config",
        "enable-log-outputs",
        "enable-log-requests",
        "enable-mm-embeds",
        "enable-prompt-embeds",
        "grpc-port",
        "hf-token",
        "kv-events-config",
        "profiler-config",
        "ssl-ca-certs",
        "ssl-certfile",
        "ssl-keyfile",
        "tool-server",
        "trust-request-chat-template",
        "trust-request-mm-kwargs",
        "uds",
    }
)
#: The whole name of a harmless option, and the beginning of a refused one
_WHOLE: Final = frozenset({"reasoning-parser"})


class LoadsCode(ValueError):
    """An option has the server load code that nobody decided on."""

    def __init__(self) -> None:
        super().__init__(
            "the option has the server load code: see docs/howto/serve-models.md"
        )


def option(name: str) -> str:
    """Return the name of an option; raises for one that a catalogue may not state.

    The server takes the beginning of a name for the whole, so a beginning is refused as well (fails
    closed).
    """
    if name.startswith("-") or not name.replace("-", "").isalnum():
        raise ValueError("write a name such as max-num-seqs, without dashes before it")
    begun = name.removeprefix("no-")
    if begun in _WHOLE:
        return name
    if any(known.startswith(begun) for known in _CODE):
        raise LoadsCode
    if any(known.startswith(begun) for known in _OURS):
        raise ValueError("a field or this program sets the option")
    if any(known.startswith(begun) for known in _REFUSED):
        raise ValueError("the option may not be set: see docs/howto/serve-models.md")
    return name


def value(stated: Option) -> Option:
    """Return the value of an option; raises ValueError for what may be read as one more option."""
    if isinstance(stated, str) and stated.lstrip().startswith("-"):
        # After a switch the server would take the value for one more option.
        raise ValueError(
            "a value does not begin with a dash: the server may take it for an option"
        )
    return stated
