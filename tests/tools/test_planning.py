"""The how-to about plans is right: its test passes, and its plan is one."""

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from interlock.runtime.door.plan.plan import Plan, tools_of
from interlock.runtime.door.tool import schema_digest
from interlock.tools.planning import planning

_PAGE: Final = Path(__file__).parents[2] / "docs/howto/plan-before-reading.md"


def _block(language: str) -> str:
    text = _PAGE.read_text("utf-8")
    (block,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(block)


async def test_the_test_of_the_page_passes(tmp_path: Path) -> None:
    """What the page has its reader write is run as it stands."""
    names: dict[str, Any] = {"__name__": "test_bills"}
    exec(compile(_block("python"), "test_bills.py", "exec"), names)  # noqa: S102 - our own page

    await names["test_a_plan_proves_what_it_stated"](tmp_path)


def test_the_plan_and_the_entry_of_the_page_fit_the_tool() -> None:
    """The page's plan fits the schema, and its entry lists the tool's arguments and class."""
    plan = Plan.model_validate(json.loads(_block("json")))
    entry = yaml.safe_load(_block("yaml"))["tools"][planning.name]

    assert tools_of(plan) == ("bill.list", "bill.pay")
    assert entry["action_class"] == planning.action_class
    assert entry["arguments"].keys() == planning.arguments.model_fields.keys()
    assert len(schema_digest(planning)) == 64
