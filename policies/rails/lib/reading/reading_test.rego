package rails.lib.reading_test

import data.rails.lib.reading
import data.rails.request_test as request

foreign := {"integrity": "untrusted", "confidentiality": "internal", "sources": ["web"]}

given(names, label) := object.union(request.write, {"context": {
	"labels": {"document": label},
	"unread": {"given": names},
}})

test_a_run_is_clean_that_read_nothing_and_is_given_nothing if {
	reading.is_clean with input as request.write
	reading.is_public with input as request.write
	reading.is_clean with input as given([], foreign)
	reading.is_public with input as given([], foreign)
}

test_what_is_given_unread_counts_as_what_was_read if {
	reading.is_clean with input as given(["document"], request.trusted)
	not reading.is_clean with input as given(["document"], foreign)
	not reading.is_public with input as given(["document"], foreign)
	not reading.is_clean with input as given(["document"], null)
	not reading.is_public with input as given(["nowhere"], foreign)
}

test_what_is_not_known_is_not_clean if {
	not reading.is_clean with input as given(null, request.trusted)
	not reading.is_public with input as given(null, request.trusted)
	not reading.is_clean with input as json.remove(request.write, ["context/run/label"])
}

test_a_request_of_before_has_nothing_unread if {
	every version in [1, 2, 3, 4, 5, 6, 7, 8] {
		before := json.remove(request.write, ["context/unread"])
		reading.is_clean with input as object.union(before, {"context": {"version": version}})
	}
}
