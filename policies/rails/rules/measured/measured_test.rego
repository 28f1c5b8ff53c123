package rails.rules.measured_test

import data.rails.request_test as request
import data.rails.rules.measured

entry := {"action_class": "write", "waives": ["asked_role"], "measured": ["contracts", "bypass"], "arguments": {}}

promote := object.union(json.remove(request.decide, ["action/arguments"]), {
	"action": {"tool": "release.promote", "action_class": "write", "arguments": {"release": "0a", "note": "Checked."}},
	"context": {"subject": {"evals": ["bypass", "contracts"]}},
})

unknown := {"code": "measures_unknown", "parameters": {}}

denials(asked) := result if {
	result := measured.deny with input as asked with data.rails.config.acts as {"release.promote": entry}
}

held(suites) := object.union(promote, {"context": {"subject": {"evals": suites}}})

test_nothing_against_a_release_that_held if count(denials(promote)) == 0

test_nothing_against_an_act_that_measures_nothing if count(measured.deny) == 0 with input as request.decide

test_nothing_against_a_tool if count(measured.deny) == 0 with input as request.write

test_deny_what_did_not_hold if {
	denials(held(["contracts"])) == {{"code": "not_measured", "parameters": {"suite": "bypass"}}}
	count(denials(held([]))) == 2
}

rollout := object.union(promote, {"action": {"tool": "rollout.start"}})

test_a_rollout_needs_what_a_promotion_needs if {
	acts := {"release.promote": entry, "rollout.start": object.union(entry, {"measured": ["tone"]})}
	missing := {"code": "not_measured", "parameters": {"suite": "tone"}}
	measured.deny == {missing} with input as rollout with data.rails.config.acts as acts
	without := object.union(acts, {"rollout.start": object.union(entry, {"measured": []})})
	count(measured.deny) == 0 with input as rollout with data.rails.config.acts as without
	unheld := object.union(rollout, {"context": {"subject": {"evals": ["bypass"]}}})
	measured.deny == {{"code": "not_measured", "parameters": {"suite": "contracts"}}} with input as unheld
		with data.rails.config.acts as without
	bad := object.union(without, {"release.promote": object.union(entry, {"measured": null})})
	measured.deny == {unknown} with input as rollout with data.rails.config.acts as bad
}

test_deny_what_is_not_known if {
	every evals in [null, "contracts", {"contracts": true}] {
		denials(held(evals)) == {unknown}
	}
	denials(json.remove(promote, ["context/subject/evals"])) == {unknown}
	denials(json.remove(promote, ["context/subject"])) == {unknown}
}

test_deny_when_suites_are_badly_configured if {
	every suites in [null, "contracts", {}] {
		measured.deny == {unknown} with input as promote
			with data.rails.config.acts as {"release.promote": object.union(entry, {"measured": suites})}
	}
}
