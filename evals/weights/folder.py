"""A folder of weights as Transformers and vLLM read it, made of one GGUF file.

Known are models of the architecture "llama" with a byte-level tokenizer, such as SmolLM2.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.evals.weights.gguf import Gguf, NotGguf, Numbers

#: The names of a layer's tensors: in GGUF, and in the folder
_LAYER: Final = {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
}
#: The output is tied to the embedding, so there is one matrix for both
_OTHERS: Final = {
    "output_norm.weight": "model.norm.weight",
    "token_embd.weight": "model.embed_tokens.weight",
}
_CONTROL: Final = 3
_UNIT: Final = 8


def write(source: Path, folder: Path) -> None:
    """Write the folder; raises `NotGguf` for a model that is not known here."""
    gguf = Gguf.read(source)
    fields = gguf.fields
    if fields["general.architecture"] != "llama" or _kind(fields) != "smollm":
        raise NotGguf(f"{source}: neither this architecture nor its tokenizer is known")
    folder.mkdir(parents=True, exist_ok=True)
    _write_weights(gguf, folder / "model.safetensors")
    _dump(folder / "config.json", _config(fields))
    _dump(folder / "generation_config.json", _ends(fields))
    _dump(folder / "tokenizer.json", _tokenizer(fields))
    _dump(folder / "tokenizer_config.json", _tokenizer_config(fields))


def _kind(fields: Any) -> str:
    return str(fields.get("tokenizer.ggml.pre"))


def _dump(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def _write_weights(gguf: Gguf, file: Path) -> None:
    """Write the tensors one after the other, behind a head that says where each is."""
    head: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, source in _named(gguf):
        shape = gguf.tensors[source].shape
        end = place + 4 * int(np.prod(shape))
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % _UNIT)
    with file.open("wb") as target:
        target.write(struct.pack("<Q", len(text)) + text)
        for name, source in _named(gguf):
            target.write(_numbers(gguf, name, source).tobytes())


def _named(gguf: Gguf) -> Iterator[tuple[str, str]]:
    """Yield each tensor's name in the folder and in the file."""
    for source in gguf.tensors:
        if source in _OTHERS:
            yield _OTHERS[source], source
            continue
        _, number, kind = source.split(".", 2)
        yield f"model.layers.{number}.{_LAYER[kind]}", source


def _numbers(gguf: Gguf, name: str, source: str) -> Numbers:
    numbers = np.ascontiguousarray(gguf.numbers(source), dtype=np.float32)
    fields = gguf.fields
    if name.endswith("q_proj.weight"):
        return _unwoven(numbers, fields["llama.attention.head_count"])
    if name.endswith("k_proj.weight"):
        return _unwoven(numbers, fields["llama.attention.head_count_kv"])
    return numbers


def _unwoven(numbers: Numbers, heads: int) -> Numbers:
    """Return the rows as Transformers has them: GGUF pairs the halves that are rotated together."""
    rows, columns = numbers.shape
    pairs = numbers.reshape(heads, rows // heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, columns))


def _config(fields: Any) -> dict[str, Any]:
    theta = float(fields["llama.rope.freq_base"])
    epsilon = float(fields["llama.attention.layer_norm_rms_epsilon"])
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": fields["llama.embedding_length"],
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": fields["llama.attention.head_count"],
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "rms_norm_eps": round(epsilon, 9),
        "rope_theta": theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "max_position_embeddings": fields["llama.context_length"],
        "vocab_size": len(fields["tokenizer.ggml.tokens"]),
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "float32",
        **_ends(fields),
    }


def _ends(fields: Any) -> dict[str, int]:
    return {
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "pad_token_id": fields["tokenizer.ggml.padding_token_id"],
    }


def _tokenizer(fields: Any) -> dict[str, Any]:
    """Return the tokenizer: bytes, single digits, the merges of the file, its control tokens."""
    tokens = fields["tokenizer.ggml.tokens"]
    bytewise = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    digits = {"type": "Digits", "individual_digits": True}
    pieces = bytewise | {"add_prefix_space": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _control(number, token)
            for number, token in enumerate(tokens)
            if fields["tokenizer.ggml.token_type"][number] == _CONTROL
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [digits, pieces]},
        "post_processor": pieces | {"trim_offsets": False},
        "decoder": pieces,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": fields["tokenizer.ggml.merges"],
        },
    }


def _control(number: int, token: str) -> dict[str, Any]:
    return {
        "id": number,
        "content": token,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def _tokenizer_config(fields: Any) -> dict[str, Any]:
    tokens = fields["tokenizer.ggml.tokens"]
    ends = _ends(fields)
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": tokens[ends["bos_token_id"]],
        "eos_token": tokens[ends["eos_token_id"]],
        "pad_token": tokens[ends["pad_token_id"]],
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": fields["llama.context_length"],
        "chat_template": fields["tokenizer.chat_template"],
    }
