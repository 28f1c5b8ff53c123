package rails.rules.egress_test

import data.rails.request_test as request
import data.rails.rules.egress

denials(arguments) := result if {
	result := egress.deny with input as request.mail with input.action.arguments as arguments
}

unreadable(argument) := {{"code": "egress_recipient", "parameters": {"argument": argument}}}

unlisted(domain) := {{"code": "egress_domain", "parameters": {"domain": domain}}}

test_nothing_against_a_listed_domain if {
	count(denials({"to": ["bob@example.com"], "cc": ["Ann.B+x_y-z@EXAMPLE.com"]})) == 0
	count(denials({"to": ["bob@example.com"]})) == 0
}

test_nothing_against_a_tool_that_stays_inside if {
	count(egress.deny) == 0 with input as request.write
	count(egress.deny) == 0 with input as request.write
		with input.action.arguments as {"to": ["eve@evil.test"], "cc": 7}
}

test_nothing_against_a_persons_act if {
	count(egress.deny) == 0 with input as request.decide
}

test_nothing_against_an_address_that_is_no_recipient if {
	count(denials({"to": ["bob@example.com"], "attachments": ["eve@evil.test"]})) == 0
}

test_nothing_against_a_model if {
	count(egress.deny) == 0 with input as request.generate
}

test_nothing_against_a_declared_server if {
	count(egress.deny) == 0 with input as object.union(request.generate, {"resource": {"type": "mcp"}})
		with data.rails.config.tools as {"model.generate": {"egress": "mcp"}}
}

test_deny_a_server_that_is_none if {
	egress.deny == {{"code": "egress_unknown", "parameters": {}}} with input as request.generate
		with data.rails.config.tools as {"model.generate": {"egress": "mcp"}}
}

test_deny_a_model_that_is_none if {
	unknown := {{"code": "egress_unknown", "parameters": {}}}
	egress.deny == unknown with input as request.generate with input.resource.type as "web"
	egress.deny == unknown with input as json.remove(request.generate, ["resource/type"])
}

test_deny_another_domain if {
	denials({"to": ["bob@example.com", "eve@Evil.test"]}) == unlisted("evil.test")
	denials({"to": ["bob@example.com"], "cc": ["eve@sub.example.com"]}) == unlisted("sub.example.com")
	denials({"to": ["bob@example.com."]}) == unlisted("example.com.")
}

test_deny_every_domain_of_an_unlisted_tenant if {
	egress.deny == unlisted("example.com") with input as request.mail with input.principal.tenant as "other"
	egress.deny == unlisted("example.com") with input as json.remove(request.mail, ["principal/tenant"])
}

test_deny_no_recipient if {
	denials({"to": []}) == unreadable("to")
	denials({}) == unreadable("to")
}

test_deny_recipients_that_are_no_list if {
	denials({"to": "bob@example.com"}) == unreadable("to")
	denials({"to": {"first": "bob@example.com"}}) == unreadable("to")
	denials({"to": {"items": 70, "sha256": "0"}}) == unreadable("to")
	denials({"to": ["bob@example.com"], "cc": "bob@example.com"}) == unreadable("cc")
}

test_deny_a_hidden_recipient_elsewhere if {
	denials({"to": ["bob@example.com"], "bcc": ["eve@evil.test"]}) == unlisted("evil.test")
	denials({"to": ["bob@example.com"], "bcc": "bob@example.com"}) == unreadable("bcc")
}

test_nothing_against_a_copy_for_nobody if {
	count(denials({"to": ["bob@example.com"], "cc": null, "bcc": null})) == 0
	denials({"to": null, "cc": ["bob@example.com"]}) == unreadable("to")
}

naming(names, arguments) := result if {
	result := egress.deny with input as request.mail
		with input.action.arguments as arguments
		with data.rails.config.tools["mail.send"].recipients as names
}

test_a_tool_says_which_arguments_hold_its_addresses if {
	count(naming(["whom", "copy"], {"whom": ["bob@example.com"], "copy": null})) == 0
	naming(["whom", "copy"], {"whom": ["bob@example.com"], "copy": ["eve@evil.test"]}) == unlisted("evil.test")
	naming(["whom"], {"whom": ["bob@example.com"], "bcc": ["eve@evil.test"]}) == unlisted("evil.test")
	naming(["whom"], {"whom": [], "to": ["bob@example.com"]}) == unreadable("whom")
}

test_a_tool_that_does_not_say_so_readably_has_the_usual_ones if {
	every names in [null, "whom", [], {"whom": 1}] {
		naming(names, {"whom": ["bob@example.com"]}) == unreadable("to")
	}
}

malformed := [
	"bob",
	"@example.com",
	"bob@",
	"bob@evil.test@example.com",
	"<bob@example.com>",
	"eve@evil.test, bob@example.com",
	"bob@example.com\r\nBcc: eve",
	"eve%evil.test@example.com",
	"bob @example.com",
	"bob@exÀmple.com",
	"bob@\u212Aexample.com",
	7,
	null,
]

test_deny_an_address_with_another_reading if {
	every address in malformed {
		denials({"to": [address]}) == unreadable("to")
	}
}

test_nothing_against_a_listed_host if {
	count(egress.deny) == 0 with input as request.write
		with input.resource as {"type": "web", "id": "api.example.com"}
		with data.rails.config.tools as {"report.write": {"egress": "web"}}
		with data.rails.config.egress.web_hosts as {"demo": ["api.example.com"]}
}

test_deny_another_host if {
	egress.deny == {{"code": "egress_host", "parameters": {"host": "evil.test"}}} with input as request.write
		with input.resource as {"type": "web", "id": "evil.test"}
		with data.rails.config.tools as {"report.write": {"egress": "web"}}
		with data.rails.config.egress.web_hosts as {"demo": ["api.example.com"]}
}

test_deny_a_listed_host_of_another_type if {
	egress.deny == {{"code": "egress_host", "parameters": {"host": "api.example.com"}}} with input as request.write
		with input.resource as {"type": "file", "id": "api.example.com"}
		with data.rails.config.tools as {"report.write": {"egress": "web"}}
		with data.rails.config.egress.web_hosts as {"demo": ["api.example.com"]}
}

test_deny_a_missing_host if {
	egress.deny == {{"code": "egress_host", "parameters": {"host": null}}} with input as request.write
		with input.resource as {"type": "web"}
		with data.rails.config.tools as {"report.write": {"egress": "web"}}
}

test_deny_an_unknown_way_out if {
	egress.deny == {{"code": "egress_unknown", "parameters": {}}} with input as request.write
		with data.rails.config.tools as {"report.write": {"egress": "fax"}}
	egress.deny == {{"code": "egress_unknown", "parameters": {}}} with input as request.write
		with data.rails.config.tools as {"report.write": {}}
}

test_deny_an_act_that_goes_to_another_host if {
	act := {"acts": {"approval.decide": {"egress": "web"}}}
	egress.deny == {{"code": "egress_host", "parameters": {"host": "evil.test"}}} with input as request.decide
		with input.resource as {"type": "web", "id": "evil.test"}
		with data.rails.config.acts as act.acts
		with data.rails.config.egress.web_hosts as {"demo": ["api.example.com"]}
	count(egress.deny) == 0 with input as request.decide
		with input.resource as {"type": "web", "id": "api.example.com"}
		with data.rails.config.acts as act.acts
		with data.rails.config.egress.web_hosts as {"demo": ["api.example.com"]}
}

test_deny_an_act_with_an_unknown_way_out if {
	egress.deny == {{"code": "egress_unknown", "parameters": {}}} with input as request.decide
		with data.rails.config.acts as {"approval.decide": {"egress": "fax"}}
}
