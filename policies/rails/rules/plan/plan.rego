# METADATA
# title: Plan
# description: >-
#   A plan is stated once, before the run has read anything that anyone could have written; so nobody but the
#   principal could influence it. From then on the run has the effects of its plan and no others: what is outside is
#   denied, and nobody is asked. A read that goes out shows others what is asked for, so it counts as an effect where
#   an argument that must be trusted or is critical is not. What takes an effect back needs no plan. An argument that
#   the configuration wants named stands in the principal's own words, whatever a plan says. A request of version 1 to
#   7 was recorded before plans were facts.
# custom:
#   codes:
#     plan_late: "A plan is stated before anything is read that anyone could have written."
#     plan_again: "A plan was stated in this run before, or it is not known whether one was."
#     plan_unknown: "The plan names {tool}, which is no tool of this policy or not granted to who states the plan."
#     plan_missing: "Whether a plan was stated in this run, and what it holds, is not known."
#     outside_plan: "The plan that this run stated has no step, or none left, that {tool} with these arguments fits."
#     unnamed_argument: "The argument {argument} must stand in the words of the request; a plan does not prove it."
package rails.rules.plan

import data.rails.lib.approvals
import data.rails.lib.catalogue
import data.rails.lib.doubts

tool := input.action.tool

# METADATA
# title: Statement
# description: A plan is stated once, while the run is clean, of tools that whoever states it may ask for.
deny contains {"code": "plan_late", "parameters": {}} if {
	is_statement
	not catalogue.is_clean
}

deny contains {"code": "plan_again", "parameters": {}} if {
	is_statement
	not is_first
}

deny contains {"code": "plan_unknown", "parameters": {"tool": named}} if {
	is_statement
	some named in input.context.plan.tools
	not is_open_to(named)
}

# METADATA
# title: Outside
# description: With a plan stated, an effect that fits none of its steps is denied.
deny contains {"code": "outside_plan", "parameters": {"tool": tool}} if {
	is_held
	is_stated
	not catalogue.is_planned
}

deny contains {"code": "plan_missing", "parameters": {}} if {
	is_held
	not is_known
}

# METADATA
# title: Named
# description: Each argument that the configuration lists stands in the words; or a person who attends the run agrees.
deny contains {"code": "unnamed_argument", "parameters": {"argument": argument}} if {
	some argument in unnamed
	not catalogue.is_attended
}

# METADATA
# title: Approve
# description: An argument that only a plan proves, or nothing, waits for the person who attends the run.
oblige contains approvals.obligation(settings, data.rails.config.limits, tool) if {
	some argument in unnamed
	catalogue.is_attended
	not is_approved
}

settings := data.rails.config.approval

is_approved if approvals.is_approved(input, data.rails.build.revision, settings)

is_replayed if input.context.version in {1, 2, 3, 4, 5, 6, 7}

is_undone if input.context.proposer == "undo"

is_bound if {
	catalogue.is_tool
	not is_replayed
	not is_undone
}

is_held if {
	is_bound
	not catalogue.reads
}

# Whoever answers sees what is asked for.
is_held if {
	is_bound
	not stays_inside
	some argument in catalogue.names
	counts(argument)
	not is_trusted(argument)
}

stays_inside if catalogue.tool.egress == "none"

counts(argument) if catalogue.must_be_trusted(argument)

counts(argument) if catalogue.is_critical(argument)

is_trusted(argument) if doubts.is_vouched(argument)

# The runtime tells which tools the plan names that a request states.
is_statement if {
	is_bound
	count(input.context.plan.tools) > 0
}

is_statement if {
	is_bound
	tool == "plan.state"
}

is_first if input.context.plan.stated == false

is_stated if input.context.plan.stated == true

is_known if {
	input.context.plan.stated in {true, false}
	is_array(input.context.plan.tools)
}

is_open_to(named) if {
	is_object(data.rails.config.tools[named])
	count(catalogue.granting(named)) > 0
}

unnamed contains argument if {
	is_bound
	some argument in catalogue.names
	must_be_named(argument)
	not is_named(argument)
}

must_be_named(argument) if argument in catalogue.tool.named_arguments

# Of a list with another name in it, or of none, each argument must.
must_be_named(_) if {
	catalogue.is_set("named_arguments")
	not says_named
}

says_named if catalogue.is_list_of_arguments(catalogue.tool.named_arguments)

is_named(argument) if {
	input.context.labels[argument].integrity == "trusted"
	is_array(input.context.labels[argument].sources)
	every source in input.context.labels[argument].sources {
		is_own(source)
	}
}

is_own(source) if {
	is_string(source)
	not startswith(source, "plan:")
}
