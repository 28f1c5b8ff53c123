package rails.lib.catalogue_test

import data.rails.lib.catalogue
import data.rails.request_test as request

test_a_tool_is_no_act if {
	catalogue.is_tool with input as request.write
	not catalogue.is_act with input as request.write
	catalogue.entry == catalogue.tool with input as request.write
}

test_an_act_is_no_tool if {
	catalogue.is_act with input as request.decide
	not catalogue.is_tool with input as request.decide
	catalogue.entry == catalogue.act with input as request.decide
}

test_a_name_among_both_is_a_tool if {
	tools := {"approval.decide": {"action_class": "write", "egress": "none", "arguments": {}}}
	catalogue.is_tool with input as request.decide with data.rails.config.tools as tools
	not catalogue.is_act with input as request.decide with data.rails.config.tools as tools
	catalogue.entry == tools["approval.decide"] with input as request.decide with data.rails.config.tools as tools
}

test_what_is_not_configured_is_neither if {
	not catalogue.is_tool with input as request.write with input.action.tool as "shell.run"
	not catalogue.is_act with input as request.write with input.action.tool as "shell.run"
	not catalogue.entry with input as request.write with input.action.tool as "shell.run"
}

test_an_act_waives_what_it_lists_and_nothing_else if {
	catalogue.waives("note") with input as request.cancel
	not catalogue.waives("tenant") with input as request.cancel
	not catalogue.waives("note") with input as request.decide
	not catalogue.waives("note") with input as request.write
}

test_an_act_without_a_list_waives_nothing if {
	acts := {"run.cancel": {"action_class": "irreversible", "arguments": {}}}
	not catalogue.waives("note") with input as request.cancel with data.rails.config.acts as acts
}

test_a_persons_act_takes_a_person if {
	catalogue.is_persons_act with input as request.cancel
	not catalogue.is_persons_act with input as request.cancel with input.principal.on_behalf_of as "ann"
	not catalogue.is_persons_act with input as request.cancel with input.principal.id as "agent:1"
	not catalogue.is_persons_act with input as request.write with input.principal.on_behalf_of as null
}

test_an_agent_works_for_somebody if {
	catalogue.is_agent with input as request.write
	not catalogue.is_agent with input as request.write with input.principal.on_behalf_of as " "
	not catalogue.is_agent with input as request.write with input.principal.on_behalf_of as null
	not catalogue.is_agent with input as request.decide
}

test_reading_leaves_the_world_as_it_is if {
	every rules in [{"action_class": "read"}, {"action_class": "pure", "effect": []}] {
		catalogue.reads with input as request.write with data.rails.config.tools as {"report.write": rules}
	}
	acting := [{}, {"action_class": "write"}, {"action_class": "read", "effect": ["page.read"]}]
	every rules in array.concat(acting, [{"action_class": "read", "effect": null}]) {
		not catalogue.reads with input as request.write with data.rails.config.tools as {"report.write": rules}
	}
}

test_outward_is_what_reaches_others if {
	sending := {"egress": "none", "effect": ["message.send"]}
	sharing := {"egress": "none", "effect": ["file.create", ["record.file", "file.share"]]}
	every rules in [{"egress": "mail"}, {"egress": "web"}, {"egress": "mcp"}, sending, sharing] {
		catalogue.is_outward with input as request.write with data.rails.config.tools as {"report.write": rules}
	}
	not catalogue.is_outward with input as request.write
}

test_a_misspelt_list_makes_every_argument_critical if {
	inside := {"egress": "none", "arguments": {"document": {}}}
	every names in [["documnt"], null, "document"] {
		rules := object.union(inside, {"critical_arguments": names})
		catalogue.is_critical("document") with input as request.write
			with data.rails.config.tools as {"report.write": rules}
	}
	every rules in [inside, object.union(inside, {"critical_arguments": []})] {
		not catalogue.is_critical("document") with input as request.write
			with data.rails.config.tools as {"report.write": rules}
	}
}

test_alone_goes_what_nobody_attends_and_what_waits_for_nobody if {
	far := object.union(request.mail, {"context": {"run": {"autonomy": 3}}})
	not catalogue.goes_alone with input as far
	catalogue.goes_alone with input as far with data.rails.config.autonomy.unattended_irreversible as ["mail.send"]
	catalogue.goes_alone with input as object.union(request.write, {"context": {"run": {"autonomy": 3}}})
	not catalogue.goes_alone with input as request.write
}

test_an_empty_value_says_nothing if {
	every value in [null, "", [], {}, {"chars": 0, "sha256": "x"}] {
		not catalogue.says_something("document") with input as {"action": {"arguments": {"document": value}}}
	}
	every value in ["a", ["a"], 0, false, {"chars": 1, "sha256": "x"}] {
		catalogue.says_something("document") with input as {"action": {"arguments": {"document": value}}}
	}
}
