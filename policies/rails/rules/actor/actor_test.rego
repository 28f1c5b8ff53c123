package rails.rules.actor_test

import data.rails.request_test as request
import data.rails.rules.actor

not_a_person(tool) := {{"code": "not_a_person", "parameters": {"tool": tool}}}

not_an_agent(tool) := {{"code": "not_an_agent", "parameters": {"tool": tool}}}

test_nothing_against_an_agent_with_a_tool if count(actor.deny) == 0 with input as request.write

test_nothing_against_a_person_with_an_act if count(actor.deny) == 0 with input as request.decide

test_deny_an_agent_that_proposes_an_act if {
	actor.deny == not_a_person("approval.decide") with input as request.decide
		with input.principal as request.write.principal
	actor.deny == not_a_person("approval.decide") with input as request.decide
		with input.principal.id as "agent:1"
}

test_deny_an_act_of_nobody if {
	actor.deny == not_a_person("run.cancel") with input as request.cancel with input.principal.id as " "
	actor.deny == not_a_person("run.cancel") with input as json.remove(request.cancel, ["principal/id"])
	actor.deny == not_a_person("run.cancel") with input as json.remove(request.cancel, ["principal/on_behalf_of"])
}

test_deny_a_person_who_proposes_a_tool if {
	actor.deny == not_an_agent("report.write") with input as request.write with input.principal.on_behalf_of as null
}

test_deny_an_agent_that_works_for_nobody if {
	actor.deny == not_an_agent("report.write") with input as request.write with input.principal.on_behalf_of as ""
	actor.deny == not_an_agent("report.write")
		with input as json.remove(request.write, ["principal/on_behalf_of"])
}

test_deny_a_person_who_asks_for_nothing_known if {
	actor.deny == not_an_agent(null) with input as json.remove(request.cancel, ["action/tool"])
}
