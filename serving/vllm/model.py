"""A served model: what vLLM is told of it, and how its replicas are kept."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from interlock.serving.section import HttpUrl, Section
from interlock.serving.vllm.options import Option, option, value

DType: TypeAlias = Literal["auto", "bfloat16", "float16", "float32"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_024)]
#: Variables that open routes to anybody who reaches the port, write texts into a log, load code, or
#: are not the server's matter
_NO_VARIABLES: Final = (
    "INTERLOCK_",
    "LD_AUDIT",
    "LD_PRELOAD",
    "VLLM_API_KEY",
    "VLLM_PLUGINS",
)
_OPENING: Final = frozenset(
    {
        "VLLM_ALLOW_INSECURE_SERIALIZATION",
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING",
        "VLLM_CUDART_SO_PATH",
        "VLLM_DEBUG_LOG_API_SERVER_RESPONSE",
        "VLLM_LOGGING_CONFIG_PATH",
        "VLLM_NCCL_SO_PATH",
        "VLLM_RUST_FRONTEND_PATH",
        "VLLM_SERVER_DEV_MODE",
    }
)
_LAST_PORT: Final = 65_535


def _variable(name: str) -> str:
    if name in _OPENING or name.startswith(_NO_VARIABLES):
        raise ValueError("the variable may not be set: see docs/howto/serve-models.md")
    return name


class Patience(Section):
    """How long a replica may take, and how often it is started anew."""

    start_s: Seconds = 900
    probe_every_s: Seconds = 10
    probe_s: Seconds = 30
    #: So many probes without an answer, one after the other, and the server is hung
    silent_probes: Count = 3
    #: How long a replica that drains may need for what it has
    drain_s: Seconds = 120
    #: From the mark "draining" to the first look: a router may have sent just before it
    settle_s: Seconds = 2
    #: So many restarts within the window, and the replica has failed
    restarts: Annotated[int, Field(ge=0, le=100)] = 5
    restarts_within_s: Seconds = 3_600
    first_pause_s: Seconds = 1
    longest_pause_s: Seconds = 60


class ServedModel(Section):
    """One model of `models.yaml`."""

    #: A folder of weights, or the name of a model at the hub
    weights: Annotated[str, StringConstraints(min_length=1)]
    #: Whether vLLM may ask the hub for it; without it nothing is asked for
    from_hub: bool = False
    revision: str | None = None
    #: The Python of the environment in which vLLM is installed
    python: Path
    #: The replicas are at this port and those that follow it
    port: Annotated[int, Field(ge=1, le=_LAST_PORT)]
    replicas: Annotated[int, Field(ge=1, le=64)] = 1
    #: The devices of each replica, as CUDA_VISIBLE_DEVICES has them
    devices: tuple[str, ...] = Field((), strict=False)
    dtype: DType = "auto"
    #: The longest text, in tokens; what the model was made for if None
    context: Annotated[int, Field(ge=1)] | None = None
    prefix_caching: bool = True
    structured_outputs: Literal["auto", "xgrammar", "guidance"] = "auto"
    tool_parser: str | None = None
    chat_template: Path | None = None
    lora: dict[Name, Path] = Field({}, strict=False)
    lora_rank: Count = 16
    #: A file that holds the key which the server asks for
    key_file: Path | None = None
    #: Where the server sends its spans, by OTLP over HTTP
    traces: HttpUrl | None = None
    tensor_parallel: Count = 1
    pipeline_parallel: Count = 1
    options: dict[
        Annotated[str, AfterValidator(option)],
        Annotated[Option, AfterValidator(value)],
    ] = Field({})
    environment: dict[Annotated[str, AfterValidator(_variable)], str] = Field({})
    patience: Patience = Patience()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.port + self.replicas - 1 > _LAST_PORT:
            raise ValueError("its replicas need ports beyond 65535")
        if self.devices and len(self.devices) != self.replicas:
            raise ValueError("devices names those of each replica, or of none")
        if self.revision is not None and not self.from_hub:
            raise ValueError("a revision is of the hub: say from_hub, or leave it out")
        return self

    @property
    def ports(self) -> range:
        """The ports of its replicas, in their order."""
        return range(self.port, self.port + self.replicas)
