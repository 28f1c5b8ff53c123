# METADATA
# title: Requests
# description: Starting points for the tests of the rules; each test changes the one thing it speaks about.
package rails.request_test

revision := "r1"

trusted := {"integrity": "trusted", "confidentiality": "public", "sources": ["principal"]}

none := {
	"money_micro": 0,
	"tokens": 0,
	"steps": 0,
	"effects": 0,
	"wall_ms": 0,
	"gpu_ms": 0,
	"reviewer_ms": 0,
}

hundred := {kind: 100 | some kind, _ in none}

# A write that every rule lets through.
write := {
	"principal": {"id": "agent:1", "tenant": "demo", "roles": ["contract_review"], "on_behalf_of": "ann"},
	"action": {
		"tool": "report.write",
		"action_class": "write",
		"arguments": {"document": "d1"},
	},
	"resource": {"type": "report", "id": "d1", "clearance": "confidential"},
	"context": {
		"now": 1000,
		"run": {
			"id": "run1",
			"agent": "contract_review",
			"autonomy": 2,
			"refusals": 0,
			"revision": revision,
			"label": trusted,
		},
		"schema_valid": true,
		"labels": {"document": trusted},
		"actionable": {"document": trusted},
		"cost": object.union(none, {"money_micro": 5, "steps": 1, "effects": 1, "wall_ms": 10}),
		"budget": {"limits": hundred, "spent": none, "reserved": none, "level": "run", "passed": []},
		"budgets_above": [],
		"approvals": [],
		"editors": [],
		"kill_switches": [],
		"tool_schema": data.rails.config.tools["report.write"].schema,
		"open_approvals": {"run": 0, "tenant": 0},
		"proposer": "planner",
		"offered": ["mail.send", "model.generate", "report.write"],
		"version": 9,
		"unread": {"kept": false, "given": [], "fault": "", "bits": 0, "told": 0},
		"plan": {"stated": false, "step": null, "tools": []},
		"earlier": [],
		"misplaced": {},
		"elsewhere": [],
		"intent": {"spoken": false, "kinds": {}},
		"done": {},
		"done_here": [],
	},
}

# Mail to a listed domain; it waits for a person.
mail := object.union(
	object.filter(write, {"principal"}),
	{
		"action": {
			"tool": "mail.send",
			"action_class": "irreversible",
			"arguments": {"to": ["bob@example.com"], "cc": [], "subject": "Review", "body": "Fine."},
		},
		"resource": {"type": "mail", "id": "example.com", "clearance": "internal"},
		"context": object.union(
			object.remove(write.context, {"labels", "actionable"}),
			{
				"tool_schema": data.rails.config.tools["mail.send"].schema,
				"labels": {"to": trusted, "cc": trusted, "subject": trusted, "body": trusted},
				"actionable": {"to": trusted, "cc": trusted, "subject": trusted, "body": trusted},
			},
		),
	},
)

# A question to a model elsewhere that may be sent what is internal.
generate := object.union(
	object.filter(write, {"principal"}),
	{
		"action": {
			"tool": "model.generate",
			"action_class": "read",
			"arguments": {"model": "planner", "purpose": "plan", "messages": "[]", "tools": "[]"},
		},
		"resource": {"type": "model", "id": "planner", "clearance": "internal"},
		"context": object.union(
			object.remove(write.context, {"labels", "actionable"}),
			{
				"tool_schema": data.rails.config.tools["model.generate"].schema,
				"labels": {"model": trusted, "purpose": trusted, "messages": trusted, "tools": trusted},
				"actionable": {"model": trusted, "purpose": trusted, "messages": trusted, "tools": trusted},
			},
		),
	},
)

# A person's verdict on what another person asked for.
decide := {
	"principal": {"id": "rita", "tenant": "demo", "roles": ["reviewer"], "on_behalf_of": null},
	"action": {
		"tool": "approval.decide",
		"action_class": "irreversible",
		"arguments": {"approval": "a1", "verdict": "approved", "shown": "0a", "note": "Checked."},
	},
	"resource": {"type": "approval", "id": "a1", "clearance": "confidential"},
	"context": {
		"now": 1000,
		"run": {"id": "run1", "agent": "", "autonomy": 0, "refusals": 0, "revision": revision, "label": trusted},
		"schema_valid": true,
		"labels": {"approval": trusted, "verdict": trusted, "shown": trusted, "note": trusted},
		"actionable": {"approval": trusted, "verdict": trusted, "shown": trusted, "note": trusted},
		"cost": none,
		"budget": {"limits": none, "spent": none, "reserved": none, "level": "run", "passed": []},
		"budgets_above": [],
		"approvals": [],
		"editors": [],
		"kill_switches": [],
		"tool_schema": null,
		"open_approvals": {"run": 0, "tenant": 0},
		"version": 9,
		"unread": {"kept": false, "given": [], "fault": "", "bits": 0, "told": 0},
		"plan": {"stated": false, "step": null, "tools": []},
		"earlier": [],
		"misplaced": {},
		"intent": {"spoken": false, "kinds": {}},
		"done": {},
		"done_here": [],
		"subject": {
			"tenant": "demo",
			"person": "rita",
			"requester": "ann",
			"agent": "contract_review",
			"state": "waiting",
			"role": "reviewer",
			"editors": [],
			"canaries": [],
			"evals": null,
		},
	},
}

# A person ends a run; this act waives most guards.
of_decide := ["action/arguments", "context/labels", "context/actionable"]

cancel := object.union(json.remove(decide, of_decide), {
	"principal": {"id": "ann", "roles": ["analyst"]},
	"action": {"tool": "run.cancel", "arguments": {"run": "run1"}},
	"resource": {"type": "run", "id": "run1"},
	"context": {
		"labels": {"run": trusted},
		"actionable": {"run": trusted},
		"subject": {"person": "ann", "state": "running", "role": null},
	},
})

approval := {
	"id": "a1",
	"verdict": "approved",
	"reviewer": "rita",
	"reviewer_roles": ["reviewer"],
	"requester": "ann",
	"expires": 2000,
	"revision": revision,
	"used": false,
	"seat": "reviewer",
	"role": "reviewer",
}

approved := with_approval(approval)

# The mail with one verdict on it.
with_approval(verdict) := with_verdicts([verdict])

with_verdicts(verdicts) := object.union(mail, {"context": {"approvals": verdicts}})

reserve := {"kind": "reserve", "parameters": write.context.cost}

approve := {"kind": "approve", "parameters": {
	"role": "reviewer",
	"ttl_s": 86400,
	"overdue_s": 14400,
	"look_s": 120,
	"seats": [{"role": "reviewer", "count": 1, "above": ["administrator"]}],
	"open_of_run": 10,
	"open_of_tenant": 100,
}}

bound := {"kind": "bound", "parameters": {"calls": 16, "answer_bytes": 262144}}
