"""What a policy may call: the builtins that are pure and native to both engines, and nothing else.

Native means that the Wasm module computes them itself; any other would be a call into the host,
which would have to agree with OPA for ever. Pure means that a recorded input gives the recorded
answer.
"""

import json
from pathlib import Path
from typing import Any, Final

from interlock.serving.policy.opa import Opa

CAPABILITIES: Final = (
    Path(__file__).resolve().parents[2] / "policies" / "capabilities.json"
)

_NATIVE: Final = {
    "comparison": "assign eq equal neq lt lte gt gte internal.member_2 internal.member_3",
    "arithmetic": "plus minus mul div rem abs ceil floor round numbers.range",
    "collections": "count sum product max min sort and or set_diff",
    "arrays": "array.concat array.slice array.reverse",
    "objects": "object.filter object.get object.keys object.remove object.union object.union_n",
    "json": "json.filter json.remove",
    "strings": "concat contains startswith endswith indexof lower upper replace split substring",
    "numbers": "format_int to_number",
    "trimming": "trim trim_left trim_right trim_prefix trim_suffix trim_space",
    "types": "is_array is_boolean is_null is_number is_object is_set is_string type_name",
}
_ALLOWED: Final = {name for names in _NATIVE.values() for name in names.split()}


def capabilities(opa: Opa) -> bytes:
    """Return the capabilities file: what *opa* can do, cut down to what a policy may call."""
    current = json.loads(opa.run("capabilities", "--current"))
    allowed = [
        builtin for builtin in current["builtins"] if builtin["name"] in _ALLOWED
    ]
    document = {
        "builtins": sorted(allowed, key=_name),
        "features": ["keywords_in_refs", "rego_v1"],
        "allow_net": [],
    }
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"


def _name(builtin: dict[str, Any]) -> str:
    return str(builtin["name"])
