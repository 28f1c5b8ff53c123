# METADATA
# title: Egress
# description: >-
#   What leaves the house goes only where the tenant may send: mail to listed domains, web requests to listed hosts.
#   An address has one reading or is refused: one @, and ASCII letters, digits and . _ + - around it.
# custom:
#   codes:
#     egress_unknown: "How this tool reaches the outside is not configured."
#     egress_recipient: "The argument {argument} is not a readable list of mail addresses."
#     egress_domain: "Mail to the domain {domain} is not allowed for this tenant."
#     egress_host: "Web requests to {host} are not allowed for this tenant: egress.web_hosts lists those that are."
package rails.rules.egress

import data.rails.lib.catalogue

letters := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

usual := {"to", "cc", "bcc"}

# The arguments of which one must hold an address: those that the tool lists, or the usual first one.
default addressed := {"to"}

addressed := {name | some name in catalogue.tool.recipients} if {
	is_array(catalogue.tool.recipients)
	count(catalogue.tool.recipients) > 0
}

# A name that is usual for addresses is looked at in every tool.
recipient_arguments := usual | addressed

default kind := "unknown"

kind := catalogue.tool.egress

kind := object.get(catalogue.act, "egress", "none") if catalogue.is_act

default host := null

host := input.resource.id

# METADATA
# title: Destination
# description: Every destination must be readable and listed for the tenant.
deny contains {"code": "egress_unknown", "parameters": {}} if not is_known

deny contains {"code": "egress_recipient", "parameters": {"argument": argument}} if {
	kind == "mail"
	not has_recipients
	some argument in addressed
}

deny contains {"code": "egress_recipient", "parameters": {"argument": argument}} if {
	kind == "mail"
	some argument in recipient_arguments
	addresses := input.action.arguments[argument]
	not is_readable(addresses)
}

deny contains {"code": "egress_domain", "parameters": {"domain": domain}} if {
	kind == "mail"
	some argument in recipient_arguments
	some address in input.action.arguments[argument]
	domain := domain_of(address)
	not is_listed(domain)
}

deny contains {"code": "egress_host", "parameters": {"host": host}} if {
	kind == "web"
	not is_listed_host
}

is_known if kind in {"none", "mail", "web"}

# No agent of ours does what an application outside does itself.
is_known if {
	kind == "external"
	input.context.run.agent == "@access"
}

# Which model or server a name stands for is the operator's to say; what it may be sent is for the data labels.
is_known if {
	kind in {"model", "mcp"}
	input.resource.type == kind
}

has_recipients if {
	some argument in addressed
	count(input.action.arguments[argument]) > 0
}

# A copy for nobody.
is_readable(null)

is_readable(addresses) if {
	is_array(addresses)
	every address in addresses {
		domain_of(address)
	}
}

# Only ASCII passes before the case is folded: folding maps some other letters onto ASCII ones.
domain_of(address) := lower(domain) if {
	[local, domain] := split(address, "@")
	local != ""
	domain != ""
	trim(local, concat("", [letters, "_+"])) == ""
	trim(domain, letters) == ""
}

is_listed(domain) if domain in data.rails.config.egress.mail_domains[input.principal.tenant]

is_listed_host if {
	input.resource.type == "web"
	host in data.rails.config.egress.web_hosts[input.principal.tenant]
}
