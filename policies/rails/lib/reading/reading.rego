# METADATA
# title: Reading
# description: >-
#   What a run was shown, and what a request holds that its planner never read. The first has a label of the run, the
#   second the labels of the arguments in which it stands.
package rails.lib.reading

# METADATA
# title: Is clean
# description: Neither is known to have anything but what somebody vouches for.
is_clean if {
	input.context.run.label.integrity in vouched
	is_known
	every argument in unread {
		input.context.labels[argument].integrity in vouched
	}
}

vouched := {"trusted", "unvouched"}

# METADATA
# title: Is public
# description: Everybody may see both.
is_public if {
	input.context.run.label.confidentiality == "public"
	is_known
	every argument in unread {
		input.context.labels[argument].confidentiality == "public"
	}
}

unread contains argument if some argument in input.context.unread.given

is_known if is_array(input.context.unread.given)

# A request of version 1 to 8 was recorded before it was a fact.
is_known if input.context.version in {1, 2, 3, 4, 5, 6, 7, 8}
