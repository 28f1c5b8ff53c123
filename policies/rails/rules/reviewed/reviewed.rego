# METADATA
# title: Reviewed
# description: >-
#   A tool takes the arguments that somebody reviewed: the digest of its JSON Schema stands in its entry. A tool whose
#   code changed since is denied until its entry is reviewed again. What an application outside carries out has no code
#   here: its entry is the review. A request of version 1 was recorded before the
#   runtime knew the digest, and is not held to it when it is replayed.
# custom:
#   codes:
#     tool_unreviewed: "The arguments of {tool} were never reviewed."
#     tool_drifted: "The arguments of {tool} are not the ones that were reviewed."
package rails.rules.reviewed

import data.rails.lib.catalogue

default tool := null

tool := input.action.tool

# METADATA
# title: As reviewed
# description: The digest in the entry must be known, and be that of the code.
deny contains {"code": "tool_unreviewed", "parameters": {"tool": tool}} if {
	not catalogue.is_act
	not catalogue.is_external
	not has_schema
}

deny contains {"code": "tool_drifted", "parameters": {"tool": tool}} if {
	has_schema
	not is_same
	not is_replayed
}

has_schema if {
	is_string(catalogue.tool.schema)
	catalogue.tool.schema != ""
}

is_same if catalogue.tool.schema == input.context.tool_schema

is_replayed if input.context.version == 1
