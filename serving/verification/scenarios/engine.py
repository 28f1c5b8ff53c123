"""What stands around the policy engine and LangChain, and policies that must not go unnoticed."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tools import StructuredTool

from interlock.runtime.errors import Ungoverned
from interlock.runtime.graph.tripwire import governing
from interlock.runtime.policy.decision import Decision, Effect, Reason
from interlock.runtime.policy.engine import answer
from interlock.runtime.policy.engine.question import listed, question
from interlock.runtime.policy.request import AccessRequest
from interlock.serving.desk import decision_point
from interlock.serving.settings import BUNDLE
from interlock.serving.verification import jobs, probes, rules
from interlock.serving.verification.starts import starts
from interlock.serving.verification.trial import Trial, WentThrough, refused
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import escapes

_WORDS: Final = "words of a probe"
_GOOD: Final[Mapping[str, Any]] = {
    "effect": "permit",
    "obligations": [],
    "revision": "0",
    "reasons": [
        {
            "code": "granted",
            "rule": "probe",
            "parameters": {},
        }
    ],
}
_GARBLED: Final[tuple[Any, ...]] = (
    None,
    {},
    [],
    "permit",
    {"effect": "permit"},
    {**_GOOD, "reasons": []},
    {**_GOOD, "extra": 1},
)


async def other_revision(trial: Trial) -> None:
    """Stops everything when the engine answers under another revision than the one insisted on."""
    home = trial.home
    settings = home.settings
    requests = starts(home.bundle, home.pep.tools, tenant=settings.tenant)
    other = replace(home.bundle, revision="0" * 64)
    async with AsyncExitStack() as stack:
        point = await decision_point(settings, other, stack)
        for request in requests.values():
            decision = await point.decide(request)
            _denied(decision, "pdp_revision")
    if not requests:
        raise WentThrough("there was nothing to ask, so this proves nothing")


async def garbled_answer(trial: Trial) -> None:
    """Stops what the engine answers in any other form than exactly one decision."""
    for garbled in _GARBLED:
        decision = _read(garbled)
        _denied(decision, "pdp_malformed")
    good = _read(dict(_GOOD))
    if good.effect != "permit":
        raise WentThrough("a good answer was not taken, so the others prove nothing")


async def side_door(trial: Trial) -> None:
    """Stops a LangChain model or tool that is called beside the door."""
    called: list[str] = []

    def note(text: str) -> None:
        called.append(text)

    model = FakeListChatModel(responses=["probe"])
    spare = StructuredTool.from_function(note, description="probe")
    with _unlogged("langchain_core.callbacks.manager"), governing():
        with refused("a model", Ungoverned):
            await model.ainvoke("probe")
        with refused("a tool", Ungoverned):
            await spare.ainvoke({"text": "probe"})
    if called:
        raise WentThrough("the tool ran")


async def unread_text(trial: Trial) -> None:
    """Stops the text of an argument that no rule reads from reaching the engine."""
    home = trial.home
    entries = listed(home.bundle.data)
    requests = starts(home.bundle, home.pep.tools, tenant=home.settings.tenant)
    tried = 0
    for request in requests.values():
        known = entries.get(request.action.tool, {})
        unread = [name for name, is_shown in known.items() if not is_shown]
        arguments = {**request.action.arguments, **dict.fromkeys(unread, _WORDS)}
        action = replace(request.action, arguments=arguments)
        resource = replace(request.resource, id=_WORDS)
        asked = question(replace(request, action=action, resource=resource), entries)
        tried += len(unread)
        if unread and _WORDS.encode() in asked:
            raise WentThrough(f"it was shown a text of {request.action.tool}")
    if not tried:
        raise WentThrough("no argument is unread, so this proves nothing")


async def permissive_policy(trial: Trial) -> None:
    """Stops a policy that permits everything from passing the proofs of its rules."""
    home = trial.home
    point = _Careless(effect="permit", revision=home.pdp.revision)
    findings = await rules.proved(
        point,
        home.bundle,
        home.pep.tools,
        probes=probes.stated([BUNDLE.parent]),
        tenant=home.settings.tenant,
    )
    passed = [finding.check for finding in findings if finding.ok]
    unnoticed = set(passed) - {"rule grants"}
    if unnoticed:
        raise WentThrough(f"these passed: {', '.join(sorted(unnoticed))}")


async def crippled_policy(trial: Trial) -> None:
    """Stops a policy that denies the main job from passing, however safe it is."""
    home = trial.home
    point = _Careless(effect="deny", revision=home.pdp.revision)
    findings = await jobs.proved(
        point,
        home.bundle,
        home.pep.tools,
        jobs={},
        tenant=home.settings.tenant,
    )
    passed = [finding.check for finding in findings if finding.ok]
    if passed or not findings:
        raise WentThrough(f"these passed: {', '.join(passed)}")


async def hostile_document(trial: Trial) -> None:
    """Stops the process that parses documents from reaching network, files and other processes."""
    escaped = await escapes(Limits())
    if escaped:
        raise WentThrough(", ".join(escaped))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Careless:
    """A policy that answers everything alike."""

    effect: Effect
    revision: str
    engine: str = "probe"

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the one answer."""
        return Decision(
            effect=self.effect,
            reasons=(Reason(code="granted", rule="grants"),),
            obligations=(),
            revision=self.revision,
            engine=self.engine,
        )


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    """Silence a logger, which would report the refusals that are provoked here."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _read(content: Any) -> Decision:
    return answer.read(
        content,
        revision="0",
        engine="probe",
        messages={},
    )


def _denied(decision: Decision, code: str) -> None:
    codes = [reason.code for reason in decision.reasons]
    if decision.effect != "deny" or codes != [code]:
        said = " ".join((decision.effect, *codes))
        raise WentThrough(f"it should be a deny with {code}, it is {said}")


ENGINE: Final = {
    "other-revision": other_revision,
    "garbled-answer": garbled_answer,
    "side-door": side_door,
    "unread-text": unread_text,
    "permissive-policy": permissive_policy,
    "crippled-policy": crippled_policy,
    "hostile-document": hostile_document,
}
