package rails.rules.plan_test

import data.rails.request_test as request
import data.rails.rules.plan

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

planned := {"integrity": "trusted", "confidentiality": "public", "sources": ["plan:first"]}

tools := object.union(data.rails.config.tools, {"plan.state": {"action_class": "pure", "egress": "none"}})

# A plan of the report and the mail, in a run that has read nothing.
statement := object.union(request.write, {
	"action": {"tool": "plan.state", "action_class": "pure"},
	"context": {"plan": {"stated": false, "step": null, "tools": ["mail.send", "report.write"]}},
})

effect(facts) := object.union(
	object.union(request.write, {"context": {"intent": {"spoken": true, "kinds": {"report.write": null}}}}),
	{"context": facts},
)

beside(step) := {"plan": {"stated": true, "step": step, "tools": []}}

codes(document) := result if {
	result := {reason.code | some reason in plan.deny} with input as document with data.rails.config.tools as tools
}

test_nothing_against_a_plan_before_anything_was_read if codes(statement) == set()

test_deny_a_plan_after_words_of_strangers if {
	every label in [foreign, null, {"integrity": null}] {
		codes(object.union(statement, {"context": {"run": {"label": label}}})) == {"plan_late"}
	}
}

test_a_plan_is_known_by_its_steps_whatever_the_tool_is_called if {
	other := object.union(statement, {"action": {"tool": "model.generate", "action_class": "read"}})
	codes(object.union(other, {"context": {"run": {"label": foreign}}})) == {"plan_late"}
	codes(object.union(statement, {"context": {"run": {"label": foreign}, "plan": {"tools": []}}})) == {"plan_late"}
}

test_deny_a_second_plan if {
	every stated in [true, null, "no"] {
		codes(object.union(statement, {"context": {"plan": {"stated": stated}}})) == {"plan_again"}
	}
	codes(json.remove(statement, ["context/plan"])) == {"plan_again"}
}

test_deny_a_plan_of_what_nobody_has_or_is_granted if {
	plan.deny == {{"code": "plan_unknown", "parameters": {"tool": "shell.run"}}}
		with input as object.union(statement, {"context": {"plan": {"tools": ["report.write", "shell.run"]}}})
		with data.rails.config.grants as {"contract_review": ["report.write", "shell.run"]}
		with data.rails.config.tools as tools
	codes(object.union(statement, {"context": {"plan": {"tools": ["document.read"]}}})) == {"plan_unknown"}
	codes(object.union(statement, {"principal": {"roles": ["analyst"]}})) == {"plan_unknown"}
	codes(object.union(statement, {"context": {"proposer": "steps"}})) == {"plan_unknown"}
}

test_nothing_against_a_step_of_the_plan_or_a_run_without_one if {
	codes(effect(beside("first"))) == set()
	codes(effect({})) == set()
}

test_deny_what_is_outside_the_plan_attended_or_not if {
	every level in [1, 2, 3] {
		every step in [null, "", " ", 1] {
			codes(object.union(effect(beside(step)), {"context": {"run": {"autonomy": level}}})) == {"outside_plan"}
		}
	}
	codes(object.union(effect(beside(null)), {"context": {"proposer": "steps"}})) == {"outside_plan"}
	plan.deny == {{"code": "outside_plan", "parameters": {"tool": "report.write"}}} with input as effect(beside(null))
}

page := {"action_class": "read", "egress": "web", "effect": [], "arguments": {"url": {}, "depth": {}}}

# A read of a page that anyone may have named, beside a plan.
look(label, step, stated) := result if {
	document := {
		"action": {"tool": "page.read", "action_class": "read", "arguments": {"url": "x.example", "depth": 1}},
		"context": {"labels": {"url": label, "depth": foreign}},
	}
	asked := object.union(json.remove(effect(beside(step)), ["action/arguments"]), document)
	result := {reason.code | some reason in plan.deny}
		with input as asked
		with data.rails.config.tools as {"page.read": object.union(page, stated)}
}

test_deny_a_doubtful_read_that_goes_out_outside_the_plan if {
	destination := {"trusted_arguments": ["url"], "critical_arguments": []}
	amount := {"trusted_arguments": [], "critical_arguments": ["url"]}
	every label in [foreign, null, {}, object.union(foreign, {"integrity": "unvouched"})] {
		every stated in [destination, amount, {}, object.union(destination, {"egress": "carrier pigeon"})] {
			look(label, null, stated) == {"outside_plan"}
		}
	}
	look(planned, null, destination) == set()
	look(foreign, "first", destination) == set()
	look(foreign, null, object.union(destination, {"egress": "none"})) == set()
}

test_deny_where_nobody_knows_of_a_plan if {
	codes(json.remove(effect({}), ["context/plan"])) == {"plan_missing"}
	every facts in [null, {}, {"stated": "no", "tools": []}, {"stated": false}] {
		codes(object.union(json.remove(effect({}), ["context/plan"]), {"context": {"plan": facts}})) == {"plan_missing"}
	}
}

test_nothing_against_reading_outside_the_plan if {
	reads := {"report.write": {"action_class": "read"}}
	count(plan.deny) == 0 with input as effect(beside(null)) with data.rails.config.tools as reads
}

test_nothing_against_an_undo_an_act_or_a_recorded_request_of_before if {
	codes(object.union(effect(beside(null)), {"context": {"proposer": "undo"}})) == set()
	codes(object.union(request.decide, {"context": beside(null)})) == set()
	every version in [1, 2, 3, 4, 5, 6, 7] {
		codes(object.union(effect(beside(null)), {"context": {"version": version}})) == set()
		codes(object.union(statement, {"context": {"version": version, "run": {"label": foreign}}})) == set()
	}
}

naming(names) := {"report.write": {
	"action_class": "write",
	"arguments": {"document": {}},
	"named_arguments": names,
}}

label(stated) := effect(object.union(beside("first"), {"labels": {"document": stated}}))

unattended(document) := object.union(document, {"context": {"run": {"autonomy": 3}}})

refused := {{"code": "unnamed_argument", "parameters": {"argument": "document"}}}

test_nothing_against_an_argument_that_the_words_name if {
	every names in [["document"], [], null] {
		count(plan.deny) == 0 with input as unattended(label(request.trusted))
			with data.rails.config.tools as naming(names)
		count(plan.oblige) == 0 with input as label(request.trusted) with data.rails.config.tools as naming(names)
	}
	count(plan.deny) == 0 with input as unattended(label(planned)) with data.rails.config.tools as naming([])
}

test_a_plan_proves_no_named_argument if {
	joined := object.union(planned, {"sources": ["plan:first", "principal"]})
	sourceless := object.union(planned, {"sources": null})
	odd := object.union(planned, {"sources": [7]})
	every stated in [planned, joined, foreign, sourceless, odd, null] {
		every names in [["document"], null, "document", ["other"]] {
			plan.deny == refused with input as unattended(label(stated)) with data.rails.config.tools as naming(names)
		}
	}
}

test_a_person_who_attends_is_asked_about_a_named_argument if {
	asked := label(planned)
	count(plan.deny) == 0 with input as asked with data.rails.config.tools as naming(["document"])
	plan.oblige == {request.approve} with input as asked with data.rails.config.tools as naming(["document"])
	count(plan.oblige) == 0 with input as object.union(asked, {"context": {"approvals": [request.approval]}})
		with data.rails.config.tools as naming(["document"])
		with data.rails.build.revision as request.revision
	form := object.union(asked, {"context": {"intent": {"spoken": false}}})
	plan.deny == refused with input as form with data.rails.config.tools as naming(["document"])
}
