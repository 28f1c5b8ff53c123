# METADATA
# title: Note
# description: >-
#   A verdict needs a reason in words: at least three characters. An act that needs no reason waives this guard (note).
# custom:
#   codes:
#     note_missing: "It needs a reason in words."
package rails.rules.note

import data.rails.lib.catalogue

shortest := 3

# METADATA
# title: In words
# description: The argument note must be known and long enough.
deny contains {"code": "note_missing", "parameters": {}} if {
	catalogue.is_act
	not is_waived
	not is_given
}

is_waived if catalogue.waives("note")

is_given if {
	is_string(input.action.arguments.note)
	count(trim_space(input.action.arguments.note)) >= shortest
}
