# METADATA
# title: Intent
# description: >-
#   A run whose request has words has the effects that these ask for, and no others, whatever it reads: what is outside
#   is denied, and nobody is asked. What the words name for one effect is no object of another for which they name
#   something else: a person who attends is asked. The words were read before the run began. A form without words
#   asks for nothing in particular, so the grants of its agent are the intent. What takes an effect back needs no
#   words. A person who attends the run is asked about what its words leave out and its plan, stated before anything
#   was read, has. A request of version 1 to 6 was recorded before intent was a fact, and is not held to it when it
#   is replayed.
# custom:
#   codes:
#     intent_unknown: "What the request asks for is not known."
#     effect_unknown: "What {tool} does to the world is not stated, or the policy has no words for it."
#     another_object: "The request names what {argument} takes for something else, and another thing for this."
#     outside_intent: "The request does not ask for {effects}; whoever asked may add it: interlock run widen."
#     beyond_intent: "The request asks for {limit} of {effect}; whoever asked may add to it: interlock run widen."
package rails.rules.intent

import data.rails.lib.approvals
import data.rails.lib.catalogue

tool := input.action.tool

# METADATA
# title: Asked for
# description: A tool with effects, or that does not state them, needs the words to ask for each, by one of its kinds.
deny contains {"code": "intent_unknown", "parameters": {}} if {
	is_held
	not is_known
}

deny contains {"code": "effect_unknown", "parameters": {"tool": tool}} if {
	is_held
	not is_stated
}

deny contains {"code": "outside_intent", "parameters": {"effects": concat(", ", named)}} if {
	is_held
	count(named) > 0
	not can_be_asked
}

deny contains {"code": "beyond_intent", "parameters": {"effect": effect, "limit": kinds[effect]}} if {
	is_held
	some effect in exhausted
}

deny contains {"code": "another_object", "parameters": {"argument": argument}} if {
	not catalogue.is_attended
	some argument in misplaced
}

# METADATA
# title: Object
# description: The person who attends is asked whether what the words name for one effect is meant for another.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	catalogue.is_attended
	count(misplaced) > 0
	not is_approved
}

# METADATA
# title: Planned
# description: What the words leave out and the plan has waits for the person who attends the run.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	is_held
	count(named) > 0
	can_be_asked
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

can_be_asked if {
	catalogue.is_attended
	catalogue.is_planned
}

is_held if {
	catalogue.is_tool
	not catalogue.reads
	not is_free
}

is_free if input.context.intent.spoken == false

is_free if input.context.proposer == "undo"

is_free if input.context.version in {1, 2, 3, 4, 5, 6}

is_free if catalogue.is_external

is_known if {
	input.context.intent.spoken == true
	is_object(input.context.intent.kinds)
	is_object(input.context.done)
	is_object(input.context.misplaced)
}

is_stated if {
	is_array(catalogue.tool.effect)
	every effect in catalogue.tool.effect {
		is_stated_effect(catalogue.kinds_of(effect))
	}
}

is_stated_effect(names) if {
	count(names) > 0
	every kind in names {
		is_object(data.rails.config.intent.kinds[kind])
	}
}

default kinds := {}

kinds := input.context.intent.kinds if is_known

# What the words ask for of one effect, by the kinds that it has.
licensed(names) := {kind | some kind in names; kind in object.keys(kinds)}

# Effects that nothing of the words asks for, in words.
named contains concat(" or ", names) if {
	some names in catalogue.effects
	count(licensed(names)) == 0
}

# Arguments that take what the words name for other effects alone; a step of the plan says itself what it takes.
misplaced contains argument if {
	is_held
	not catalogue.is_planned
	some argument, others in input.context.misplaced
	some names in catalogue.effects
	asked := licensed(names)
	count(asked) > 0
	every kind in asked {
		kind in others
	}
}

# As many effects of the kind were begun as the words ask for; a number that is none is used up.
exhausted contains kind if {
	some names in catalogue.effects
	some kind in licensed(names)
	every other in licensed(names) {
		not has_left(other)
	}
}

has_left(kind) if kinds[kind] == null

has_left(kind) if {
	is_number(kinds[kind])
	number_done(kind) < kinds[kind]
}

number_done(kind) := sum([number |
	some name, number in input.context.done
	some effect in data.rails.config.tools[name].effect
	kind in catalogue.kinds_of(effect)
])
