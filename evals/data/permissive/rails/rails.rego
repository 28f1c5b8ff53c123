# METADATA
# title: Permissive rails
# description: >-
#   Grants everything and asks nothing but the reservation. The proof that a demonstration can fail: under this policy
#   the same door lets every attack through.
# custom:
#   codes:
#     granted: "This policy grants everything."
package rails

# METADATA
# title: Decision
# description: Always a permit, in the shape of every answer.
# entrypoint: true
decision := {
	"effect": "permit",
	"reasons": [{"rule": "rails", "code": "granted", "parameters": {}}],
	"obligations": [{"kind": "reserve", "parameters": input.context.cost}],
	"revision": data.rails.build.revision,
}
