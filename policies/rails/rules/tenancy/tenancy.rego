# METADATA
# title: Tenancy
# description: >-
#   A person acts on what belongs to his or her own tenant. An act that concerns the whole installation waives this
#   guard (tenant).
# custom:
#   codes:
#     wrong_tenant: "It belongs to another tenant, or to which is not known."
package rails.rules.tenancy

import data.rails.lib.catalogue

# METADATA
# title: Same tenant
# description: Both tenants must be known, and be one.
deny contains {"code": "wrong_tenant", "parameters": {}} if {
	catalogue.is_act
	not is_waived
	not is_same
}

is_waived if catalogue.waives("tenant")

is_same if {
	is_string(input.principal.tenant)
	input.principal.tenant != ""
	input.principal.tenant == input.context.subject.tenant
}
