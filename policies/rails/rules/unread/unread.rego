# METADATA
# title: Unread
# description: >-
#   A planner may pass on what it never reads, by a handle; one that leads to nothing is denied. How the calls end, the
#   shapes of the handles and the answers about what is unread tell the planner a number of bits that is counted before
#   each call and limited for each run, because enough answers spell a text out.
# custom:
#   codes:
#     unread_spent: "The run might then be told {bits} bits of what it does not read, and {limit} are allowed."
#     unread_unknown: "How much of what it does not read the run might be told is not known."
#     handle_malformed: "A handle is a field named unread, with or without a JMESPath expression in of."
#     handle_unknown: "This run has no result that stayed unread under that handle."
#     handle_empty: "The expression gives nothing over what the handle holds."
#     handle_too_large: "What the handle holds is too large to be passed on."
package rails.rules.unread

import data.rails.lib.catalogue

unread := input.context.unread

limit := data.rails.config.limits.unread_bits

# METADATA
# title: Budget
# description: The bits of this call and of all before it are known, and together no more than the limit.
deny contains {"code": "unread_spent", "parameters": {"bits": unread.bits + unread.told, "limit": limit}} if {
	is_held
	is_known
	unread.bits > 0
	unread.bits + unread.told > limit
}

deny contains {"code": "unread_unknown", "parameters": {}} if {
	is_held
	not is_known
}

# METADATA
# title: Handles
# description: Each handle of the request leads to something.
deny contains {"code": "handle_malformed", "parameters": {}} if is_lost("malformed")

deny contains {"code": "handle_unknown", "parameters": {}} if is_lost("unknown")

deny contains {"code": "handle_empty", "parameters": {}} if is_lost("empty")

deny contains {"code": "handle_too_large", "parameters": {}} if is_lost("too_large")

is_lost(fault) if {
	is_held
	unread.fault == fault
}

is_held if {
	catalogue.is_tool
	not is_replayed
}

is_replayed if input.context.version in {1, 2, 3, 4, 5, 6, 7, 8}

is_known if {
	is_count(unread.bits)
	is_count(unread.told)
	is_count(limit)
	is_array(unread.given)
	unread.fault in {"", "malformed", "unknown", "empty", "too_large"}
	counts_all
}

# What is given or kept unread tells something.
counts_all if unread.bits > 0

counts_all if {
	unread.kept == false
	unread.given == []
	unread.fault == ""
}

is_count(number) if {
	is_number(number)
	number >= 0
}
