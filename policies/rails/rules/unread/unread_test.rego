package rails.rules.unread_test

import data.rails.request_test as request
import data.rails.rules.unread

codes(document) := result if {
	result := {reason.code | some reason in unread.deny} with input as document
}

given(facts) := object.union(request.write, {"context": {"unread": facts}})

test_nothing_against_a_call_that_has_to_do_with_nothing_unread if codes(request.write) == set()

test_nothing_against_what_fits_the_budget if {
	codes(given({"kept": true, "bits": 16, "told": 496})) == set()
	codes(given({"given": ["document"], "bits": 9, "told": 0})) == set()
}

test_deny_what_would_tell_too_much if {
	unread.deny == {{"code": "unread_spent", "parameters": {"bits": 513, "limit": 512}}}
		with input as given({"kept": true, "bits": 16, "told": 497})
}

test_deny_every_bit_where_none_is_allowed if {
	limits := object.union(data.rails.config.limits, {"unread_bits": 0})
	document := given({"kept": true, "bits": 8, "told": 0})
	unread.deny == {{"code": "unread_spent", "parameters": {"bits": 8, "limit": 0}}} with input as document
		with data.rails.config.limits as limits
	count(unread.deny) == 0 with input as request.write with data.rails.config.limits as limits
}

test_deny_where_the_limit_is_not_known if {
	every limit in [null, "512", -1] {
		limits := object.union(data.rails.config.limits, {"unread_bits": limit})
		unread.deny == {{"code": "unread_unknown", "parameters": {}}} with input as request.write
			with data.rails.config.limits as limits
	}
}

test_deny_where_the_bits_are_not_known if {
	every facts in [
		{"bits": null}, {"bits": "9"}, {"bits": -1}, {"told": null}, {"told": -1},
		{"given": null}, {"fault": "odd"}, {"kept": true}, {"kept": null}, {"given": ["document"]},
	] {
		codes(given(facts)) == {"unread_unknown"}
	}
	codes(json.remove(request.write, ["context/unread"])) == {"unread_unknown"}
}

test_deny_a_handle_that_leads_to_nothing if {
	every fault in ["malformed", "unknown", "empty", "too_large"] {
		codes(given({"fault": fault, "bits": 16})) == {concat("_", ["handle", fault])}
	}
}

test_nothing_against_an_act_or_a_recorded_request_of_before if {
	codes(json.remove(request.decide, ["context/unread"])) == set()
	every version in [1, 2, 3, 4, 5, 6, 7, 8] {
		before := object.union(request.write, {"context": {"version": version}})
		codes(json.remove(before, ["context/unread"])) == set()
	}
}
