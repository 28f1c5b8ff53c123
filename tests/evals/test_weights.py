"""Weights: a GGUF file is read as its form says, and made into a folder that Transformers reads."""

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from interlock.evals.weights import package
from interlock.evals.weights.folder import write
from interlock.evals.weights.gguf import Gguf, NotGguf
from interlock.runtime.errors import GuardFailed

F32, Q4_1, Q8_0 = 0, 3, 8
TOKENS: Final = ["<|im_start|>", "<|im_end|>", "a", "b", "ab"]
FIELDS: Final[dict[str, Any]] = {
    "general.architecture": "llama",
    "llama.block_count": 1,
    "llama.context_length": 64,
    "llama.embedding_length": 32,
    "llama.feed_forward_length": 32,
    "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 1,
    "llama.rope.freq_base": 10_000.0,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.token_type": [3, 3, 1, 1, 1],
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.ggml.bos_token_id": 0,
    "tokenizer.ggml.eos_token_id": 1,
    "tokenizer.ggml.padding_token_id": 1,
    "tokenizer.chat_template": "{{ messages }}",
}


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def field(value: Any) -> bytes:
    match value:
        case str():
            return struct.pack("<I", 8) + text(value)
        case int():
            return struct.pack("<IQ", 10, value)
        case float():
            return struct.pack("<If", 6, value)
        case [str(), *_]:
            head = struct.pack("<IIQ", 9, 8, len(value))
            return head + b"".join(text(item) for item in value)
        case _:
            head = struct.pack("<IIQ", 9, 5, len(value))
            return head + b"".join(struct.pack("<i", item) for item in value)


def gguf(
    file: Path, tensors: dict[str, tuple[int, tuple[int, ...], bytes]], **more: Any
) -> Path:
    """Write a file with these tensors: kind, shape with the outermost number first, bytes."""
    fields = FIELDS | {name.replace("__", "."): value for name, value in more.items()}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    for name, value in fields.items():
        head += text(name) + field(value)
    body = b""
    for name, (kind, shape, data) in tensors.items():
        sizes = b"".join(struct.pack("<Q", size) for size in reversed(shape))
        place = struct.pack("<IQ", kind, len(body))
        head += text(name) + struct.pack("<I", len(shape)) + sizes + place
        body += data + b"\0" * (-len(data) % 32)
    file.write_bytes(head + b"\0" * (-len(head) % 32) + body)
    return file


def plain(numbers: Any) -> tuple[int, tuple[int, ...], bytes]:
    array = np.asarray(numbers, dtype=np.float32)
    return F32, array.shape, array.tobytes()


def test_numbers_are_read_as_they_were_stored(tmp_path: Path) -> None:
    """Plain numbers, bytes with a scale, and halves of bytes with a scale and a least number."""
    half = struct.pack("<e", 0.5)
    eight = half + bytes(range(32))
    packed = bytes(low | (15 - low) << 4 for low in range(16))
    four = half + struct.pack("<e", -1.0) + packed
    file = gguf(
        tmp_path / "w.gguf",
        {
            "plain": plain([[1.5, -2.0]]),
            "eight": (Q8_0, (1, 32), eight),
            "four": (Q4_1, (1, 32), four),
        },
    )
    read = Gguf.read(file)
    ascending = [0.5 * step - 1 for step in range(16)]

    assert read.numbers("plain").tolist() == [[1.5, -2.0]]
    assert read.numbers("eight").tolist() == [[0.5 * number for number in range(32)]]
    assert read.numbers("four").tolist() == [ascending + ascending[::-1]]
    assert read.fields["tokenizer.ggml.tokens"] == TOKENS


def test_what_is_not_known_is_refused(tmp_path: Path) -> None:
    """Another file, another version, another kind of tensor and another architecture."""
    other = tmp_path / "other"
    other.write_bytes(b"GGUF" + struct.pack("<IQQ", 2, 0, 0))
    unknown = gguf(tmp_path / "w.gguf", {"x": (14, (1, 256), b"\0" * 210)})
    foreign = gguf(tmp_path / "f.gguf", {}, general__architecture="gemma")

    with pytest.raises(NotGguf):
        Gguf.read(other)
    with pytest.raises(NotGguf, match="kind 14"):
        Gguf.read(unknown).numbers("x")
    with pytest.raises(NotGguf, match="architecture"):
        write(foreign, tmp_path / "folder")


def test_a_folder_has_the_weights_in_their_places(tmp_path: Path) -> None:
    """Tensors have the names of Transformers, and the rows of queries and keys their own order."""
    rows = np.arange(32, dtype=np.float32)
    woven = np.repeat(rows[:, None], 32, axis=1)
    file = gguf(
        tmp_path / "w.gguf",
        {
            "token_embd.weight": plain(np.ones((5, 32))),
            "blk.0.attn_q.weight": plain(woven),
            "blk.0.attn_v.weight": plain(woven),
        },
    )
    write(file, tmp_path / "folder")
    weights = safetensors(tmp_path / "folder" / "model.safetensors")
    queries = weights["model.layers.0.self_attn.q_proj.weight"][:, 0].tolist()
    config = json.loads((tmp_path / "folder" / "config.json").read_text())

    # Two heads of 16 rows: in the file the halves of each alternate.
    one = [*range(0, 16, 2), *range(1, 16, 2)]
    assert queries == [*one, *(16 + row for row in one)]
    assert np.array_equal(weights["model.layers.0.self_attn.v_proj.weight"], woven)
    assert weights["model.embed_tokens.weight"].shape == (5, 32)
    assert config["num_key_value_heads"] == 1
    assert config["eos_token_id"] == 1


def safetensors(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8 : 8 + length])
    head.pop("__metadata__")
    body = data[8 + length :]
    return {
        name: np.frombuffer(
            body[slice(*place["data_offsets"])], dtype=np.float32
        ).reshape(place["shape"])
        for name, place in head.items()
    }


def test_control_tokens_are_whole(tmp_path: Path) -> None:
    """The tokenizer keeps the tokens that mark turns in one piece, and knows the merges."""
    file = gguf(tmp_path / "w.gguf", {})
    write(file, tmp_path / "folder")
    tokenizer = json.loads((tmp_path / "folder" / "tokenizer.json").read_text())

    marks = [token["content"] for token in tokenizer["added_tokens"]]
    assert marks == ["<|im_start|>", "<|im_end|>"]
    assert tokenizer["model"]["merges"] == ["a b"]
    assert tokenizer["model"]["vocab"]["ab"] == 4


def test_weights_that_were_not_tried_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the package holds other weights than those of the digest, nothing is written."""
    other = gguf(tmp_path / "w.gguf", {})
    monkeypatch.setattr(package, "_fetched", lambda place: other)
    with pytest.raises(GuardFailed, match="its weights are"):
        package.smollm2(tmp_path / "folder")

    assert not (tmp_path / "folder").exists()
