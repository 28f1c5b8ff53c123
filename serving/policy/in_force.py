"""The policy in force in a workspace, and the roles it grants to people."""

from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.policy.overlay import overlaid
from interlock.serving.settings import Settings

#: The role that every person has without being given it
EVERYONE = "everyone"


def in_force(settings: Settings) -> Bundle:
    """Return the configured bundle, with what the workspace lays over the bundle.

    Raises `GuardFailed` when either cannot be used (fails closed).
    """
    bundle = load(settings.bundle)
    if settings.policies is None:
        return bundle
    return overlaid(bundle, settings.policies)


def roles(bundle: Bundle) -> frozenset[str] | None:
    """Return the roles that the policy grants acts of people to, or None if the policy lists none.

    What a person does at an application outside counts as well.
    A policy without grants decides by other means, so that no role can be called unknown.
    """
    config = bundle.data["rails"].get("config", {})
    if "grants" not in config:
        return None
    acts = config.get("acts", {})
    outside = {
        name
        for name, rules in config.get("tools", {}).items()
        if rules["egress"] == "external"
    }
    entitled = set()
    for role, names in config["grants"].items():
        if role == EVERYONE:
            continue
        if not acts or not (acts.keys() | outside).isdisjoint(names):
            entitled.add(role)
    return frozenset(entitled)


def granting(bundle: Bundle | None, act: str) -> frozenset[str]:
    """Return the roles that the policy grants *act* to; none when the policy lists no grants."""
    config = {} if bundle is None else bundle.data["rails"].get("config", {})
    grants = config.get("grants", {})
    return frozenset(role for role, names in grants.items() if act in names)


def effects_of(bundle: Bundle) -> frozenset[str]:
    """Return the kinds of effect that a tool of the policy has; none where its data list none."""
    tools = bundle.data["rails"].get("config", {}).get("tools", {})
    return frozenset(
        kind
        for rules in tools.values()
        for effect in rules.get("effect", ())
        for kind in ([effect] if isinstance(effect, str) else effect)
    )
