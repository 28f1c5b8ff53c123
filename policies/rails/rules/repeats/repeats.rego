# METADATA
# title: Repeats
# description: >-
#   A request asks for one thing once, unless its words say a number. After words of strangers, a run with words does no
#   effect over again: a person who attends is asked, and nobody else is. The same tool with the same destinations and
#   the same critical arguments is the same effect, whatever its free text says; where the text makes it another one
#   (intent.varied), or where none of these arguments says anything, all arguments count. A number in the words is the
#   business of the rule intent, and a call that fits a step of the plan is good as often as the plan says. A request of
#   version 1 to 7 was recorded before this was a fact.
# custom:
#   codes:
#     repeats_unknown: "Whether this run has done the same before is not known."
#     repeated: "This run has done {tool} for the same before, and the request asks for it once."
package rails.rules.repeats

import data.rails.lib.approvals
import data.rails.lib.catalogue

tool := input.action.tool

# METADATA
# title: Once
# description: Nobody can be asked whether the effect is wanted twice.
deny contains {"code": "repeats_unknown", "parameters": {}} if {
	is_held
	not is_known
}

deny contains {"code": "repeated", "parameters": {"tool": tool}} if {
	is_held
	not can_be_asked
	some same in input.context.repeats
	is_repeat(same)
}

# METADATA
# title: Twice
# description: The person who attends is asked about what the run has done before.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	is_held
	can_be_asked
	some same in input.context.repeats
	is_repeat(same)
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

is_held if {
	catalogue.is_tool
	not catalogue.reads
	not catalogue.is_clean
	not is_free
	not is_numbered
	not catalogue.is_planned
}

is_known if is_array(input.context.repeats)

is_free if input.context.intent.spoken == false

is_free if input.context.proposer == "undo"

is_free if input.context.version in {1, 2, 3, 4, 5, 6, 7}

is_free if catalogue.is_external

# Each kind of effect for which the tool is used has a number in the words.
is_numbered if {
	count(asked) > 0
	every number in asked {
		is_number(number)
	}
}

asked contains input.context.intent.kinds[kind] if {
	some kinds in catalogue.effects
	some kind in kinds
}

can_be_asked if {
	input.context.run.autonomy in {1, 2}
	input.context.proposer in {"planner", "steps"}
}

is_repeat(same) if {
	every argument in decisive {
		argument in same
	}
}

decisive := telling if count(telling) > 0

decisive := names if count(telling) == 0

names contains argument if some argument, _ in input.action.arguments

# What tells one effect from another.
telling contains argument if {
	not is_varied
	some argument in array.concat(listed("trusted_arguments"), listed("critical_arguments"))
	catalogue.says_something(argument)
}

# A list that is none lists nothing, so that all arguments must be other ones.
listed(key) := list if {
	list := object.get(catalogue.tool, key, [])
	is_array(list)
} else := []

is_varied if {
	count(catalogue.effects) > 0
	every kinds in catalogue.effects {
		every kind in kinds {
			kind in data.rails.config.intent.varied
		}
	}
}
