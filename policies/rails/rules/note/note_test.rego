package rails.rules.note_test

import data.rails.request_test as request
import data.rails.rules.note

missing := {{"code": "note_missing", "parameters": {}}}

test_nothing_against_a_reason if count(note.deny) == 0 with input as request.decide

test_nothing_against_an_act_that_waives_it if count(note.deny) == 0 with input as request.cancel

test_nothing_against_a_tool if count(note.deny) == 0 with input as request.write

test_deny_what_is_no_reason if {
	every words in ["", "ok", "  ok  ", null, 100, {"chars": 1025, "sha256": "0"}] {
		note.deny == missing with input as request.decide with input.action.arguments.note as words
	}
}

test_deny_a_missing_reason if {
	note.deny == missing with input as json.remove(request.decide, ["action/arguments/note"])
	note.deny == missing with input as json.remove(request.decide, ["action/arguments"])
}
