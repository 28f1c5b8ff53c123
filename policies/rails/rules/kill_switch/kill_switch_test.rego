package rails.rules.kill_switch_test

import data.rails.request_test as request
import data.rails.rules.kill_switch

unreadable := {"code": "kill_switch_unknown", "parameters": {}}

test_nothing_while_none_is_engaged if count(kill_switch.deny) == 0 with input as request.write

test_deny_names_every_engaged_switch if {
	kill_switch.deny == {
		{"code": "killed", "parameters": {"scope": "all", "id": "*"}},
		{"code": "killed", "parameters": {"scope": "tool", "id": "report.write"}},
	} with input as request.write
		with input.context.kill_switches as [{"scope": "all", "id": "*"}, {"scope": "tool", "id": "report.write"}]
}

test_deny_an_act_that_a_switch_stops if {
	kill_switch.deny == {{"code": "killed", "parameters": {"scope": "all", "id": "*"}}} with input as request.decide
		with input.context.kill_switches as [{"scope": "all", "id": "*"}]
}

test_nothing_against_an_act_that_no_switch_stops if {
	switches := [{"scope": "all", "id": "*"}]
	count(kill_switch.deny) == 0 with input as request.cancel with input.context.kill_switches as switches
	every act in ["kill_switch.release", "people.add", "run.erase", "ledger.export", "policy.activate"] {
		count(kill_switch.deny) == 0 with input as request.cancel
			with input.action.tool as act
			with input.context.kill_switches as switches
	}
}

test_deny_a_switch_that_does_not_say_what_it_stops if {
	nameless := {"code": "killed", "parameters": {"scope": "unknown", "id": "unknown"}}
	kill_switch.deny == {nameless} with input as request.write
		with input.context.kill_switches as [{}]
}

test_deny_when_the_switches_are_missing if {
	kill_switch.deny == {unreadable} with input as json.remove(request.write, ["context/kill_switches"])
}

test_deny_unreadable_switches if {
	kill_switch.deny == {unreadable} with input as request.write with input.context.kill_switches as ["off"]
	kill_switch.deny == {unreadable} with input as request.write with input.context.kill_switches as {}
}
