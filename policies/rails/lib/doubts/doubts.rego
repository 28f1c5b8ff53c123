# METADATA
# title: Doubts
# description: What proves an argument of a tool, and which doubts about one a person can settle.
package rails.lib.doubts

import data.rails.lib.catalogue

# METADATA
# title: Is vouched
# description: >-
#   The argument is trusted; or the configuration lists it, and it is a part, chosen where the plan left that open, of
#   what nobody but the house and the system can write. Of a list with another name in it none is.
is_vouched(argument) if input.context.labels[argument].integrity == "trusted"

is_vouched(argument) if {
	argument in catalogue.tool.chosen_arguments
	catalogue.is_list_of_arguments(catalogue.tool.chosen_arguments)
	catalogue.is_planned
	label := input.context.labels[argument]
	label.integrity == "unvouched"
	label.sources == [concat(":", ["plan", input.context.plan.step])]
}

# METADATA
# title: Can be asked
# description: >-
#   The label of the argument is a doubt that a person can settle: somebody attends the run, its words say what it is
#   for (what they do not ask for is denied by the rule intent all the same), and the tool says which arguments count.
#   Of an account that only a stranger's text has the words settle the doubt where they say another; a step of the plan
#   says itself what it takes. Whatever is not known is no yes.
can_be_asked(argument) if {
	catalogue.is_attended
	catalogue.says_which
	is_told
	not is_elsewhere(argument)
	input.context.labels[argument].integrity in {"unvouched", "untrusted"}
}

is_elsewhere(argument) if {
	argument in input.context.elsewhere
	not catalogue.is_planned
}

is_told if is_array(input.context.elsewhere)

is_told if input.context.version in {7, 8}
