# METADATA
# title: Intent
# description: >-
#   A run whose request has words has the effects that these ask for, and no others, whatever it reads: what is outside
#   is denied, and nobody is asked. The words were read before the run began. A form without words asks for nothing in
#   particular, so the grants of its agent are the intent. What takes an effect back needs no words. A request of
#   version 1 to 6 was recorded before intent was a fact, and is not held to it when it is replayed.
# custom:
#   codes:
#     intent_unknown: "What the request asks for is not known."
#     effect_unknown: "What {tool} does to the world is not stated, or the policy has no words for it."
#     outside_intent: "The request does not ask for {effects}; whoever asked may add it: interlock run widen."
#     beyond_intent: "The request asks for {limit} of {effect}; whoever asked may add to it: interlock run widen."
package rails.rules.intent

import data.rails.lib.catalogue

tool := input.action.tool

# METADATA
# title: Asked for
# description: A tool with an effect, or with one that is not stated, needs an effect that the words ask for.
deny contains {"code": "intent_unknown", "parameters": {}} if {
	is_held
	not is_known
}

deny contains {"code": "effect_unknown", "parameters": {"tool": tool}} if {
	is_held
	not is_stated
}

deny contains {"code": "outside_intent", "parameters": {"effects": concat(", ", effects)}} if {
	is_held
	count(effects) > 0
	count(licensed) == 0
}

deny contains {"code": "beyond_intent", "parameters": {"effect": effect, "limit": kinds[effect]}} if {
	is_held
	count(exhausted) == count(licensed)
	some effect in exhausted
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
}

is_stated if {
	is_array(catalogue.tool.effect)
	every effect in catalogue.tool.effect {
		is_object(data.rails.config.intent.kinds[effect])
	}
}

effects contains effect if some effect in catalogue.tool.effect

default kinds := {}

kinds := input.context.intent.kinds if is_known

licensed contains effect if {
	some effect in effects
	effect in object.keys(kinds)
}

# As many effects of the kind were begun as the words ask for; a number that is none is used up.
exhausted contains effect if {
	some effect in licensed
	not has_left(effect)
}

has_left(effect) if kinds[effect] == null

has_left(effect) if {
	is_number(kinds[effect])
	number_done(effect) < kinds[effect]
}

number_done(effect) := sum([number |
	some name, number in input.context.done
	effect in data.rails.config.tools[name].effect
])
