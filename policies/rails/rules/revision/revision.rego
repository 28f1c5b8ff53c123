# METADATA
# title: Revision
# description: A run keeps to the policy revision it started under.
# custom:
#   codes:
#     revision_mismatch: "This run started under another policy revision, or under which is not known."
package rails.rules.revision

# METADATA
# title: Mismatch
# description: The revision of the run must be the revision of this bundle.
deny contains {"code": "revision_mismatch", "parameters": {}} if not is_same

is_same if input.context.run.revision == data.rails.build.revision
