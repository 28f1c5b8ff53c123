package rails.lib.doubts_test

import data.rails.lib.doubts
import data.rails.request_test as request

planned := {"plan": {"stated": true, "step": "event", "tools": []}}

choice := {"integrity": "unvouched", "confidentiality": "public", "sources": ["plan:event"]}

chosen(label) := object.union(request.mail, {"context": object.union(planned, {"labels": {"subject": label}})})

listing(names) := object.union(data.rails.config.tools["mail.send"], {"chosen_arguments": names})

test_what_is_trusted_is_vouched_for_and_a_choice_is_not if {
	doubts.is_vouched("to") with input as chosen(choice)
	not doubts.is_vouched("subject") with input as chosen(choice)
}

test_a_choice_is_vouched_for_where_the_tool_lists_it if {
	doubts.is_vouched("subject") with input as chosen(choice)
		with data.rails.config.tools["mail.send"] as listing(["subject"])
	every names in [[], ["body"], ["subject", "none"], "subject", null] {
		not doubts.is_vouched("subject") with input as chosen(choice)
			with data.rails.config.tools["mail.send"] as listing(names)
	}
}

test_only_a_choice_of_this_step_is_vouched_for if {
	every other in [
		{"integrity": "untrusted"},
		{"sources": ["plan:other"]},
		{"sources": ["agent"]},
		{"sources": ["plan:event", "web"]},
		{"sources": []},
	] {
		not doubts.is_vouched("subject") with input as chosen(object.union(choice, other))
			with data.rails.config.tools["mail.send"] as listing(["subject"])
	}
	not doubts.is_vouched("subject") with input as chosen(choice)
		with input.context.plan as {"stated": false, "step": "event", "tools": []}
		with data.rails.config.tools["mail.send"] as listing(["subject"])
}

attended := object.union(request.mail, {"context": {
	"intent": {"spoken": true, "kinds": {}},
	"labels": {"to": {"integrity": "untrusted", "confidentiality": "public", "sources": ["web"]}},
}})

test_nobody_is_asked_about_an_account_where_the_words_say_another if {
	doubts.can_be_asked("to") with input as attended
	doubts.can_be_asked("to") with input as attended with input.context.elsewhere as ["cc"]
	not doubts.can_be_asked("to") with input as attended with input.context.elsewhere as ["to"]
}

test_a_step_of_the_plan_says_itself_which_account_it_takes if {
	doubts.can_be_asked("to") with input as object.union(attended, {"context": planned})
		with input.context.elsewhere as ["to"]
}

test_nobody_is_asked_where_it_is_not_known_whom_the_words_say if {
	every context in [{"elsewhere": null}, {"elsewhere": "to"}, {"elsewhere": {"to": true}}] {
		not doubts.can_be_asked("to") with input as object.union(attended, {"context": context})
	}
	unknown := json.remove(attended, ["context/elsewhere"])
	not doubts.can_be_asked("to") with input as unknown
	every version in [7, 8] {
		doubts.can_be_asked("to") with input as object.union(unknown, {"context": {"version": version}})
	}
}
