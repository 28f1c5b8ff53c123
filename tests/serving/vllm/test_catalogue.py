"""The catalogue of served models: one clear error for what cannot be, with its line."""

from pathlib import Path

import pytest

from interlock.runtime.errors import GuardFailed
from interlock.serving.vllm.catalogue import (
    Fault,
    Unusable,
    missing,
    model_of,
    read,
)
from interlock.serving.vllm.command import command, environment, key
from interlock.serving.vllm.model import ServedModel

LEAST = """\
models:
  small:
    weights: weights/small
    python: /opt/vllm/bin/python
    port: 8123
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "models.yaml"
    file.write_text(text, "utf-8")
    return file


def served(folder: Path, more: str = "") -> ServedModel:
    return read(written(folder, LEAST + more)).models["small"]


def refused(folder: Path, text: str) -> Unusable:
    with pytest.raises(Unusable) as refusal:
        read(written(folder, text))
    return refusal.value


def test_paths_begin_at_the_folder_of_the_file(tmp_path: Path) -> None:
    """What the catalogue names is found from whatever folder it is read in."""
    model = served(tmp_path, "    chat_template: small.jinja\n")

    assert model.weights == str(tmp_path / "weights/small")
    assert model.chat_template == tmp_path / "small.jinja"


@pytest.mark.parametrize(
    ("more", "line", "place"),
    [
        ("    colour: red\n", 6, "colour"),
        ("    dtype: int1\n", 6, "dtype"),
        ("    replicas: 0\n", 6, "replicas"),
        ("    patience: {start_s: 0}\n", 6, "patience.start_s"),
        ("    options:\n      host: 0.0.0.0\n", 7, "options.host"),
        ("    options:\n      hos: 0.0.0.0\n", 7, "options.hos"),
        ("    options:\n      no-enable-pref: 1\n", 7, "options.no-enable-pref"),
        ("    options:\n      --port: 1\n", 7, "options.--port"),
        ("    options:\n      config: other.yaml\n", 7, "options.config"),
        ("    options:\n      eager: --trust-remote-code\n", 7, "options.eager"),
        ("    options:\n      eager: ' -h'\n", 7, "options.eager"),
        (
            "    environment:\n      VLLM_DEBUG_LOG_API_SERVER_RESPONSE: a\n",
            7,
            "environment.VLLM_DEBUG_LOG_API_SERVER_RESPONSE",
        ),
        ("    environment:\n      INTERLOCK_KEY: a\n", 7, "environment.INTERLOCK_KEY"),
        ("    environment:\n      LD_PRELOAD: a\n", 7, "environment.LD_PRELOAD"),
        ("    environment:\n      LD_AUDIT: a\n", 7, "environment.LD_AUDIT"),
        (
            "    environment:\n      VLLM_LOGGING_CONFIG_PATH: a\n",
            7,
            "environment.VLLM_LOGGING_CONFIG_PATH",
        ),
        (
            "    environment:\n      VLLM_RUST_FRONTEND_PATH: a\n",
            7,
            "environment.VLLM_RUST_FRONTEND_PATH",
        ),
        ("    options:\n      enable-mm-e: true\n", 7, "options.enable-mm-e"),
    ],
)
def test_what_a_model_cannot_be_is_named_with_its_line(
    tmp_path: Path, more: str, line: int, place: str
) -> None:
    """The first thing that is wrong is told with the file, the line and the field."""
    error = refused(tmp_path, LEAST + more)

    whole = f"models.small.{place}"
    assert (error.fault, error.line, error.place) == ("unfit", line, whole)
    assert f"{tmp_path / 'models.yaml'}, line {line}: {whole}" in str(error)


@pytest.mark.parametrize(
    "option",
    [
        "trust-remote-code: true",
        "trust-remote: 1",
        "tool-parser-plugin: /tmp/parser.py",
        "tool-p: parser.py",
        "reasoning-parser-plugin: parser.py",
        "plugins: evil",
        "middleware: evil.Middleware",
        "worker-cls: evil.Worker",
        "worker-extension-cls: evil.Worker",
        "logits-processors: evil.Processor",
        "kv-transfer-config: '{}'",
        "log-config-file: log.json",
        "no-trust-remote-code: 1",
        "spec-model: evil.Proposer",
        "spec-method: custom_class",
        "speculative-config: '{}'",
        "ec-manager-config: '{}'",
    ],
)
def test_an_option_that_loads_code_is_refused_with_a_code_of_its_own(
    tmp_path: Path, option: str
) -> None:
    """Whoever may write the catalogue cannot have the server run code of their choice, neither by a
    whole name nor by a beginning that the server takes for one.
    """
    error = refused(tmp_path, LEAST + f"    options:\n      {option}\n")

    name = option.partition(":")[0]
    assert (error.fault, error.line) == ("loads_code", 7)
    assert error.place == f"models.small.options.{name}"
    assert error.data["fault"] == "loads_code"


def test_a_harmless_option_may_begin_as_a_refused_one_does(tmp_path: Path) -> None:
    """A whole name is that option and no other."""
    model = served(tmp_path, "    options:\n      reasoning-parser: qwen3\n")

    assert model.options == {"reasoning-parser": "qwen3"}


@pytest.mark.parametrize(
    "more",
    [
        "replicas: 2\n    devices: ['0']",
        "revision: abc",
        "replicas: 60\n    port: 65530",
    ],
)
def test_fields_that_contradict_each_other_are_named_with_the_model(
    tmp_path: Path, more: str
) -> None:
    """What no single field is to blame for is told at the line of the model."""
    text = LEAST.replace("    port: 8123\n", "") if "port" in more else LEAST
    error = refused(tmp_path, f"{text}    {more}\n")

    assert (error.fault, error.line, error.place) == ("unfit", 2, "models.small")


@pytest.mark.parametrize("name", ["Big", "a b", "../a", ""])
def test_a_model_has_a_plain_name(tmp_path: Path, name: str) -> None:
    """The name of a model is also that of its files."""
    error = refused(tmp_path, LEAST.replace("small:", f"{name!r}:"))

    assert error.fault == "unfit"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "unfit"),
        ("models: {}\n", "unfit"),
        ("models: [\n", "no_yaml"),
        (LEAST + "    port: 8124\n", "no_yaml"),
        (LEAST + LEAST.partition("\n")[2].replace("small", "other"), "port_taken"),
        (
            LEAST.replace("8123", "8122\n    replicas: 2")
            + LEAST.partition("\n")[2].replace("small", "other"),
            "port_taken",
        ),
    ],
)
def test_a_catalogue_that_is_none_is_refused(
    tmp_path: Path, text: str, fault: Fault
) -> None:
    """No model, no plain YAML, and one port for two replicas are refused with a code."""
    assert refused(tmp_path, text).fault == fault


def test_a_catalogue_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A file that nobody can read is told as such."""
    with pytest.raises(Unusable) as refusal:
        read(tmp_path / "models.yaml")

    assert refusal.value.fault == "unreadable"


def test_a_catalogue_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A file that every account may write says nothing about which program is run."""
    file = written(tmp_path, LEAST)
    file.chmod(0o666)
    with pytest.raises(Unusable) as refusal:
        read(file)

    assert refusal.value.fault == "foreign"


def test_a_model_that_nobody_listed_is_refused(tmp_path: Path) -> None:
    """A name that is not in the catalogue is told with those that are."""
    file = written(tmp_path, LEAST)
    with pytest.raises(Unusable, match="there are small"):
        model_of(read(file), file, "large")


def test_what_is_named_and_not_there_is_listed_with_its_line(tmp_path: Path) -> None:
    """Weights, programs, templates and adapters that do not exist are all told."""
    more = "    chat_template: a.jinja\n    lora:\n      canary: adapters/canary\n"
    file = written(tmp_path, LEAST + more)
    found = [(error.line, error.place) for error in missing(read(file), file)]

    assert found == [
        (4, "models.small.python"),
        (3, "models.small.weights"),
        (6, "models.small.chat_template"),
        (8, "models.small.lora.canary"),
    ]


def test_the_server_listens_at_this_machine_alone(tmp_path: Path) -> None:
    """Each replica has a port of its own, on loopback."""
    model = served(tmp_path, "    replicas: 2\n")
    words = command("small", model, number=1)

    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert words[words.index("--port") + 1] == "8124"


def test_fields_become_options_of_the_server(tmp_path: Path) -> None:
    """Prefix cache, strict tools, adapters, parallelism and free options reach vLLM."""
    more = """\
    context: 4096
    tool_parser: hermes
    tensor_parallel: 2
    lora: {canary: adapters/canary}
    options: {max-num-seqs: 16, enforce-eager: true, async-scheduling: false}
"""
    said = " ".join(command("small", served(tmp_path, more), number=0))

    assert "--enable-prefix-caching" in said
    assert "--max-model-len 4096" in said
    assert "--tool-call-parser hermes --tool-strict-level parameter" in said
    assert "--tensor-parallel-size 2" in said
    assert f"--lora-modules canary={tmp_path}/adapters/canary" in said
    assert "--max-num-seqs 16 --enforce-eager --no-async-scheduling" in said


def test_the_prefix_cache_can_be_switched_off(tmp_path: Path) -> None:
    """Without the cache the server is told so, because its default is another."""
    words = command("small", served(tmp_path, "    prefix_caching: false\n"), number=0)

    assert "--no-enable-prefix-caching" in words
    assert "--enable-prefix-caching" not in words


def test_the_key_is_in_no_word_of_the_command(tmp_path: Path) -> None:
    """Everybody on the machine may list a command; the key goes by the environment."""
    (tmp_path / "key").write_text("s3cret\n")
    model = served(tmp_path, "    key_file: key\n")

    assert "s3cret" not in " ".join(command("small", model, number=0))
    assert environment(model, number=0, ours={})["VLLM_API_KEY"] == "s3cret"


@pytest.mark.parametrize("content", ["", "\n", "two words", "\u00e4"])
def test_a_server_is_not_started_without_the_key_that_it_should_ask_for(
    tmp_path: Path, content: str
) -> None:
    """A key file that holds no key is no reason to serve everybody."""
    (tmp_path / "key").write_text(content)
    with pytest.raises(GuardFailed):
        key(served(tmp_path, "    key_file: key\n"))


def test_the_server_gets_nothing_of_our_environment_but_what_it_needs(
    tmp_path: Path,
) -> None:
    """Secrets of ours stay here, and nothing is asked of a hub or told to a maker."""
    ours = {"PATH": "/bin", "INTERLOCK_OPA_TOKEN": "s3cret", "HF_TOKEN": "t0ken"}
    variables = environment(served(tmp_path), number=0, ours=ours)

    assert set(variables) == {
        "PATH",
        "DO_NOT_TRACK",
        "VLLM_NO_USAGE_STATS",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
    }
    assert variables["PATH"] == "/opt/vllm/bin:/bin"


def test_each_replica_has_its_devices(tmp_path: Path) -> None:
    """The devices of a replica are those that the catalogue gives it."""
    model = served(tmp_path, "    replicas: 2\n    devices: ['0,1', '2,3']\n")

    assert [
        environment(model, number=number, ours={})["CUDA_VISIBLE_DEVICES"]
        for number in range(2)
    ] == ["0,1", "2,3"]
