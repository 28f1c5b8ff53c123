"""Every reason has words, and every word has a reason."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from interlock.runtime.policy.engine.archive import unpack
from interlock.serving.policy.build import BUNDLES, POLICIES, sources

_RULES = {
    path.split("/")[-2]: text.decode()
    for path, text in sources(POLICIES).items()
    if path.endswith(".rego")
}
_LIBRARIES = {"approvals", "catalogue", "doubts", "reading"}
_CODE = re.compile(r'"code": "(\w+)", "parameters": (\{.*?\}\}?|\{\n(?:\t+.*\n)+?\})')
_MESSAGES = json.loads(unpack(BUNDLES[POLICIES].read_bytes())["data.json"])["rails"][
    "reasons"
]


def _emitted(text: str) -> dict[str, set[str]]:
    """The codes a rule can give, with the names of their parameters, read from its source."""
    return {
        code: set(re.findall(r'"(\w+)": ', parameters))
        for code, parameters in _CODE.findall(text)
    }


@pytest.mark.parametrize("rule", sorted({*_RULES} - _LIBRARIES))
def test_codes_and_messages_are_the_same_set(rule: str) -> None:
    """Every code a rule can give has a message in the bundle, and every message a code."""
    assert _emitted(_RULES[rule]).keys() == _MESSAGES[rule].keys()


@pytest.mark.parametrize("rule", sorted({*_RULES} - _LIBRARIES))
def test_messages_name_parameters_the_code_has(rule: str) -> None:
    """A message can always be rendered: it asks for no parameter that its code does not give."""
    for code, parameters in _emitted(_RULES[rule]).items():
        assert set(re.findall(r"\{(\w+)\}", _MESSAGES[rule][code])) <= parameters


def test_no_rule_is_without_words() -> None:
    """The bundle has messages for every rule folder and for the composition, and for
    nothing else.
    """
    assert {*_RULES} - _LIBRARIES == {*_MESSAGES}


def test_every_answer_renders(
    embedded: Callable[[bytes], Any],
    denied: Mapping[str, Any],
    permitted: Mapping[str, Any],
) -> None:
    """The reasons the compiled bundle really gives find their messages."""
    for document in [*denied.values(), *permitted.values(), {}]:
        for reason in embedded(json.dumps(document).encode())["reasons"]:
            assert _MESSAGES[reason["rule"]][reason["code"]].format(
                **reason["parameters"]
            )
