# METADATA
# title: Repeats
# description: >-
#   A request asks for each thing once. After words of strangers, or with what the planner never read, a run with
#   words does no effect over again, whichever tool does it: a person who attends is asked, and nobody else is. Nor
#   does any run with words, whatever it has read, repeat an effect that is not known to have happened. Two tools
#   that state a kind of effect in common may have the same effect. It is the same where the destinations and
#   critical arguments that both calls state say the same, whatever their free text says; where the text makes it
#   another one (intent.varied), or where none of these arguments says anything, all arguments count. An argument
#   that one of the two leaves out tells nothing apart. A number in the words ("two payments") is of several
#   effects, seldom of one over again, so it frees none after words of strangers: the rule intent holds their sum. A
#   call that fits a step of the plan is good as often as the plan says. A verdict is for what was done when its
#   question was asked: an effect that was begun since, and is this one over again, is asked about anew. A request of
#   version 1 to 8 was recorded before this was a fact, and one of version 9 or 10 before it told of questions.
# custom:
#   codes:
#     repeats_unknown: "Which effects this run has had before is not known."
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

deny contains {"code": "repeated", "parameters": {"tool": before.tool}} if {
	not can_be_asked
	some before in repeated
}

# METADATA
# title: Twice
# description: The person who attends is asked about what the run has done before.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	can_be_asked
	count(repeated) > 0
	not is_approved
}

settings := data.rails.config.approval

is_approved if {
	every before in repeated {
		is_array(before.overtook)
	}
	approvals.is_approved_since(input, data.rails.build.revision, settings, overtaken)
}

# Questions that were asked before one of these effects was begun.
overtaken contains id if {
	some before in repeated
	some id in before.overtook
}

# Earlier effects that are this one over again.
repeated contains before if {
	is_held
	some before in input.context.earlier
	counts(before)
	is_related(before)
	is_same(before)
}

is_held if {
	catalogue.is_tool
	not catalogue.reads
	not is_free
	not catalogue.is_planned
}

is_known if is_array(input.context.earlier)

is_free if input.context.intent.spoken == false

is_free if input.context.proposer == "undo"

is_free if input.context.version in {1, 2, 3, 4, 5, 6, 7, 8}

is_free if catalogue.is_external

# Before words of strangers only the principal can have made the planner ask for it twice.
counts(_) if not catalogue.is_clean

# A value that the words name is trusted, and a stranger may have said all the same that it comes twice.
counts(_) if count(input.context.unread.given) > 0

# Whoever tries again what may have happened does it twice, whoever asked for it; the rule intent counts both.
counts(before) if {
	not is_settled(before)
	not is_numbered
}

is_settled(before) if before.settled == true

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

is_related(before) if before.tool == tool

is_related(before) if count(shared(before)) > 0

# Kinds of effect that both tools have.
shared(before) := {kind |
	some kinds in catalogue.effects
	some kind in kinds
	some effect in data.rails.config.tools[before.tool].effect
	kind in catalogue.kinds_of(effect)
}

# Nobody knows what the effect was.
is_same(before) if not is_array(before.said)

# Of one tool an argument says the same by its name.
is_same(before) if {
	before.tool == tool
	said := decisive(before, now(before), tool)
	said_before := decisive(before, before.said, tool)
	is_agreed(before, said, said_before)
	every argument in said & said_before {
		argument in before.same[argument]
	}
}

# Of two tools one call states all that the other states, under whatever names.
is_same(before) if {
	before.tool != tool
	said := decisive(before, now(before), tool)
	said_before := decisive(before, before.said, before.tool)
	count(said) > 0
	every argument in said {
		count(said_before & {other | some other in before.same[argument]}) > 0
	}
}

is_same(before) if {
	before.tool != tool
	said_before := decisive(before, before.said, before.tool)
	count(said_before) > 0
	echoed := {other | some argument in decisive(before, now(before), tool); some other in before.same[argument]}
	count(said_before - echoed) == 0
}

is_agreed(before, said, _) if {
	some argument in said
	argument in before.same[argument]
}

# Neither call states anything.
is_agreed(_, said, said_before) if count(said | said_before) == 0

# The arguments of the call that say something.
now(before) := object.keys(before.same)

# Of the arguments that say something in a call of the tool *name*, those that tell one effect from another.
decisive(before, said, name) := told if {
	told := {argument | some argument in said; argument in listed(name)}
	count(told) > 0
	not is_varied(before)
} else := {argument | some argument in said}

listed(name) := {argument |
	entry := data.rails.config.tools[name]
	some key in ["trusted_arguments", "critical_arguments"]
	names := object.get(entry, key, [])
	is_array(names) # a list that is none lists nothing
	some argument in names
}

is_varied(before) if {
	count(shared(before)) > 0
	every kind in shared(before) {
		kind in data.rails.config.intent.varied
	}
}
