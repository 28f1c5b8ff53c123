package rails.rules.data_labels_test

import data.rails.request_test as request
import data.rails.rules.data_labels

document := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["document:d1"]}

own_word := {"integrity": "unvouched", "confidentiality": "public", "sources": ["agent", "principal"]}

secret := {"integrity": "trusted", "confidentiality": "confidential", "sources": ["principal"]}

unknown(argument) := {"code": "unknown_label", "parameters": {"argument": argument}}

untrusted(argument, sources) := {
	"code": "untrusted_destination",
	"parameters": {"argument": argument, "sources": sources},
}

uncleared(word, sink) := {"code": "clearance", "parameters": {"data": word, "sink": sink}}

test_nothing_against_trusted_destinations_and_a_cleared_sink if {
	count(data_labels.deny) == 0 with input as request.mail
	count(data_labels.deny) == 0 with input as request.mail with input.context.labels.body as document
}

test_nothing_against_a_tool_that_stays_inside if {
	count(data_labels.deny) == 0 with input as request.write with input.context.labels as {}
	count(data_labels.deny) == 0 with input as request.write
		with input.context.labels as {"document": document, "title": secret, "html": {}}
		with input.resource.clearance as "public"
}

test_nothing_against_a_persons_act if {
	count(data_labels.deny) == 0 with input as request.decide with input.context.labels as {}
}

test_a_model_may_read_what_is_untrusted_and_no_more_than_it_is_cleared_for if {
	count(data_labels.deny) == 0 with input as request.generate with input.context.labels.messages as document
	data_labels.deny == {uncleared("confidential", "internal")} with input as request.generate
		with input.context.labels.messages as secret
	data_labels.deny == {uncleared("internal", "public")} with input as request.generate
		with input.context.labels.messages as document
		with input.resource.clearance as "public"
}

test_deny_an_untrusted_destination if {
	data_labels.deny == {untrusted("to", ["document:d1"])} with input as request.mail
		with input.context.labels.to as document
}

test_deny_a_destination_that_is_the_agents_own_word if {
	data_labels.deny == {untrusted("to", ["agent", "principal"])} with input as request.mail
		with input.context.labels.to as own_word
	count(data_labels.deny) == 0 with input as request.mail with input.context.labels.body as own_word
}

test_deny_the_own_word_in_a_tool_that_does_not_say_which_are_destinations if {
	every names in [null, "to", ["tto"], ["to", "tto"]] {
		untrusted("body", ["agent", "principal"]) in data_labels.deny with input as request.mail
			with input.context.labels.body as own_word
			with data.rails.config.tools["mail.send"].trusted_arguments as names
	}
}

test_deny_a_destination_without_a_label if {
	data_labels.deny == {unknown("to"), untrusted("to", [])} with input as json.remove(
		request.mail,
		["context/labels/to"],
	)
}

test_deny_an_argument_without_a_label if {
	data_labels.deny == {unknown("body")} with input as json.remove(request.mail, ["context/labels/body"])
}

test_deny_an_unknown_label if {
	data_labels.deny == {unknown("body")} with input as request.mail
		with input.context.labels.body.integrity as "blessed"
	data_labels.deny == {unknown("body"), uncleared("public", "internal")} with input as request.mail
		with input.context.labels.body.confidentiality as "hush"
}

test_deny_an_unknown_label_of_an_argument_that_is_gone if {
	data_labels.deny == {unknown("bcc")} with input as request.mail
		with input.context.labels.bcc as {"integrity": "blessed", "confidentiality": "public"}
}

test_deny_missing_labels if {
	data_labels.deny == {unknown("to"), untrusted("to", [])} with input as json.remove(request.mail, ["context/labels"])
		with input.action.arguments as {"to": ["bob@example.com"]}
}

test_deny_data_above_the_clearance_of_the_sink if {
	data_labels.deny == {uncleared("confidential", "internal")} with input as request.mail
		with input.context.labels.body as secret
}

test_deny_data_of_an_argument_that_is_gone if {
	data_labels.deny == {uncleared("confidential", "internal")} with input as json.remove(
		request.mail,
		["action/arguments/body"],
	)
		with input.context.labels.body as secret
}

test_deny_an_unknown_sink if {
	data_labels.deny == {uncleared("public", "unknown")} with input as json.remove(request.mail, ["resource/clearance"])
	data_labels.deny == {uncleared("public", "unknown")} with input as request.mail
		with input.resource.clearance as "hush"
}

test_deny_a_sink_nobody_cleared_even_without_data if {
	data_labels.deny == {uncleared("unknown", "unknown")} with input as {"action": {"tool": "mail.send"}}
}

test_every_argument_is_a_destination_when_none_is_configured if {
	data_labels.deny == {untrusted("body", ["document:d1"])} with input as request.mail
		with input.context.labels.body as document
		with data.rails.config.tools as {"mail.send": {"egress": "mail"}}
}

spoken := object.union(request.mail, {"context": {"intent": {"spoken": true, "kinds": {"message.send": null}}}})

asked(change) := object.union(object.union(spoken, {"context": {"labels": {"to": document}}}), change)

test_a_person_who_attends_is_asked_about_a_doubtful_destination if {
	every label in [document, own_word] {
		doubt := asked({"context": {"labels": {"to": label}}})
		count(data_labels.deny) == 0 with input as doubt
		data_labels.oblige == {request.approve} with input as doubt
	}
	count(data_labels.oblige) == 0 with input as spoken
}

test_nobody_is_asked_about_a_doubt_that_is_approved if {
	count(data_labels.oblige) == 0 with input as asked({"context": {"approvals": [request.approval]}})
		with data.rails.build.revision as request.revision
}

unattended := [
	{"context": {"run": {"autonomy": 3}}},
	{"context": {"run": {"autonomy": 0}}},
	{"context": {"run": {"autonomy": null}}},
	{"context": {"intent": {"spoken": false}}},
	{"context": {"intent": null}},
	{"context": {"proposer": "undo"}},
	{"context": {"proposer": null}},
	{"context": {"version": 6}},
	{"context": {"version": null}},
]

test_deny_a_doubtful_destination_where_nobody_attends_or_the_run_has_no_words if {
	every change in unattended {
		data_labels.deny == {untrusted("to", ["document:d1"])} with input as asked(change)
		count(data_labels.oblige) == 0 with input as asked(change)
	}
}

test_deny_a_label_that_is_not_known_whoever_attends if {
	every integrity in ["blessed", null] {
		torn := asked({"context": {"labels": {"to": {"integrity": integrity}}}})
		data_labels.deny == {unknown("to"), untrusted("to", ["document:d1"])} with input as torn
	}
}

test_deny_a_doubt_in_a_tool_that_does_not_say_which_are_destinations if {
	untrusted("to", ["document:d1"]) in data_labels.deny with input as asked({})
		with data.rails.config.tools["mail.send"].trusted_arguments as ["to", "tto"]
}

choice := {"integrity": "unvouched", "confidentiality": "public", "sources": ["plan:event"]}

test_a_choice_that_the_tool_takes_is_named if {
	document := object.union(request.mail, {"context": {
		"plan": {"stated": true, "step": "event", "tools": []},
		"labels": {"subject": choice},
	}})
	listing := object.union(data.rails.config.tools["mail.send"], {"trusted_arguments": ["to", "subject"]})
	taking := object.union(listing, {"chosen_arguments": ["subject"]})
	data_labels.deny == {untrusted("subject", ["plan:event"])} with input as document
		with data.rails.config.tools["mail.send"] as listing
	count(data_labels.deny) == 0 with input as document with data.rails.config.tools["mail.send"] as taking
}
