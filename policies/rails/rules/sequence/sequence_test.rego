package rails.rules.sequence_test

import data.rails.request_test as request
import data.rails.rules.sequence

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

exposed := object.union(request.mail, {"context": {
	"run": {"label": foreign},
	"intent": {"spoken": true, "kinds": {}},
}})

tools(fields) := {"mail.send": object.union(
	{
		"action_class": "write",
		"egress": "mail",
		"arguments": {"to": {}, "cc": {}, "subject": {}, "body": {}},
		"critical_arguments": [],
	},
	fields,
)}

alone := object.union(exposed, {"context": {"run": {"autonomy": 3}, "labels": {"subject": foreign}}})

codes(document) := result if {
	result := {reason.code | some reason in sequence.deny} with input as document
}

test_nothing_against_a_destination_that_is_stated if {
	codes(exposed) == set()
	codes(request.mail) == set()
}

test_deny_what_reaches_others_and_states_no_destination if {
	document := exposed
	codes(document) == {"no_destination"} with data.rails.config.tools as tools({"trusted_arguments": []})
	codes(document) == set() with data.rails.config.tools as tools({})
	unknown := json.remove(document, ["context/run/label"])
	codes(unknown) == {"no_destination"} with data.rails.config.tools as tools({"trusted_arguments": []})
}

test_deny_what_leaves_for_nobody if {
	every value in [[], "", null] {
		document := object.union(exposed, {"action": {"arguments": {"to": value, "cc": value}}})
		every list in [["to"], ["to", "cc"], ["bcc"]] {
			codes(document) == {"no_destination"} with data.rails.config.tools as tools({"trusted_arguments": list})
			inside := tools({"trusted_arguments": list, "egress": "none", "effect": ["message.send"]})
			codes(document) == set() with data.rails.config.tools as inside
		}
	}
}

test_nothing_where_a_form_asks if {
	none := tools({"trusted_arguments": []})
	form := object.union(exposed, {"context": {"intent": {"spoken": false, "kinds": {}}}})
	codes(form) == set() with data.rails.config.tools as none
	unknown := json.remove(form, ["context/intent"])
	codes(unknown) == {"no_destination"} with data.rails.config.tools as none
}

test_nothing_where_the_run_holds_nothing_private if {
	public := object.union(foreign, {"confidentiality": "public"})
	document := object.union(exposed, {"context": {"run": {"label": public}}})
	codes(document) == set() with data.rails.config.tools as tools({"trusted_arguments": []})
}

# A run that has read nothing itself, whose mail holds what nobody read.
passing(label) := object.union(exposed, {"context": {
	"run": {"label": request.trusted},
	"labels": {"body": label},
	"unread": {"kept": true, "given": ["body"], "fault": "", "bits": 16, "told": 0},
}})

test_what_a_run_passes_on_unread_counts_as_read_by_nobody_but_the_effect if {
	none := tools({"trusted_arguments": []})
	strange := passing(foreign)
	codes(strange) == {"no_destination"} with data.rails.config.tools as none
	public := passing(object.union(foreign, {"confidentiality": "public"}))
	codes(public) == set() with data.rails.config.tools as none
	own := passing(request.trusted)
	codes(own) == set() with data.rails.config.tools as none
	unread := json.remove(own, ["context/unread"])
	codes(unread) == {"no_destination"} with data.rails.config.tools as none
	before := object.union(unread, {"context": {"version": 8}})
	codes(before) == set() with data.rails.config.tools as none
	elsewhere := object.union(strange, {"context": {"unread": {"given": []}}})
	codes(elsewhere) == set() with data.rails.config.tools as none
	every given in [null, ["body", "nowhere"]] {
		unknown := object.union(own, {"context": {"unread": {"given": given}}})
		codes(unknown) == {"no_destination"} with data.rails.config.tools as none
	}
}

test_deny_a_critical_argument_that_nobody_read_where_nobody_attends if {
	critical := tools({"trusted_arguments": ["to"], "critical_arguments": ["body"]})
	unattended := object.union(passing(foreign), {"context": {"run": {"autonomy": 3}}})
	codes(unattended) == {"critical_argument"} with data.rails.config.tools as critical
}

test_deny_a_critical_argument_of_a_stranger_where_nobody_attends if {
	critical := tools({"trusted_arguments": ["to"], "critical_arguments": ["subject"]})
	document := alone
	codes(document) == {"critical_argument"} with data.rails.config.tools as critical
	attended := object.union(document, {"context": {"run": {"autonomy": 2}}})
	codes(attended) == set() with data.rails.config.tools as critical
	before := object.union(document, {"context": {"run": {"label": request.trusted}}})
	codes(before) == set() with data.rails.config.tools as critical
}

test_nothing_against_a_critical_argument_that_the_principal_stated if {
	critical := tools({"trusted_arguments": ["to"], "critical_arguments": ["to"]})
	document := alone
	codes(document) == set() with data.rails.config.tools as critical
}

test_deny_every_argument_of_a_tool_that_reaches_others_and_does_not_say_which_are_critical if {
	document := alone
	every names in [null, "subject", ["subjct"], {"subject": []}] {
		codes(document) == {"critical_argument"} with data.rails.config.tools as tools({"critical_arguments": names})
	}
	unsaid := json.remove(tools({}), ["mail.send/critical_arguments"])
	codes(document) == {"critical_argument"} with data.rails.config.tools as unsaid
	before := object.union(document, {"context": {"version": 7}})
	codes(before) == set() with data.rails.config.tools as unsaid
	inside := object.union(unsaid, {"mail.send": {"egress": "none"}})
	codes(document) == set() with data.rails.config.tools as inside
	misspelt := object.union(inside, {"mail.send": {"critical_arguments": ["subjct"]}})
	codes(document) == {"critical_argument"} with data.rails.config.tools as misspelt
}

test_a_person_is_asked_about_a_critical_argument_of_a_stranger if {
	critical := tools({"critical_arguments": ["subject"]})
	attended := object.union(alone, {"context": {"run": {"autonomy": 2}}})
	count(sequence.deny) == 0 with input as attended with data.rails.config.tools as critical
	sequence.oblige == {request.approve} with input as attended with data.rails.config.tools as critical
	count(sequence.oblige) == 0 with input as object.union(attended, {"context": {"approvals": [request.approval]}})
		with data.rails.config.tools as critical
		with data.rails.build.revision as request.revision
	own := object.union(attended, {"context": {"labels": {"subject": request.trusted}}})
	count(sequence.oblige) == 0 with input as own with data.rails.config.tools as critical
	before := object.union(attended, {"context": {"version": 7}})
	count(sequence.oblige) == 0 with input as before with data.rails.config.tools as critical
}

test_deny_what_was_not_looked_up_before if {
	grounded := tools({"trusted_arguments": ["to"], "requires": ["order.read"]})
	document := request.mail
	codes(document) == {"not_grounded"} with data.rails.config.tools as grounded
	looked := object.union(document, {"context": {"done_here": ["order.read"]}})
	codes(looked) == set() with data.rails.config.tools as grounded
	without := json.remove(document, ["context/done_here"])
	codes(without) == {"not_grounded", "sequence_unknown"} with data.rails.config.tools as grounded
}

test_nothing_against_an_undo_or_a_recorded_request_of_before if {
	document := request.mail
	grounded := tools({"trusted_arguments": ["to"], "requires": ["order.read"]})
	undo := object.union(document, {"context": {"proposer": "undo"}})
	codes(undo) == set() with data.rails.config.tools as grounded
	every version in [1, 2, 3, 4, 5, 6] {
		old := object.union(document, {"context": {"version": version}})
		codes(old) == set() with data.rails.config.tools as grounded
	}
}

choice := {"integrity": "unvouched", "confidentiality": "public", "sources": ["plan:event"]}

test_a_choice_that_the_tool_takes_is_no_doubt if {
	document := object.union(alone, {"context": {
		"plan": {"stated": true, "step": "event", "tools": []},
		"labels": {"subject": choice},
	}})
	taking := {"critical_arguments": ["subject"], "chosen_arguments": ["subject"]}
	codes(document) == set() with data.rails.config.tools as tools(taking)
	critical := {"critical_arguments": ["subject"]}
	codes(document) == {"critical_argument"} with data.rails.config.tools as tools(critical)
}
