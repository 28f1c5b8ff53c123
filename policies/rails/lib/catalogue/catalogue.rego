# METADATA
# title: Catalogue
# description: >-
#   What the configuration says of the tool or act that is asked for. Tools are for agents, acts are for people. A name
#   that stands among the tools is a tool, whatever else it is. An act waives the guards it does without, one by one;
#   a guard that is not waived applies.
package rails.lib.catalogue

# METADATA
# title: Tool
# description: The entry of the tool; undefined when there is none.
tool := data.rails.config.tools[input.action.tool]

# METADATA
# title: Is tool
# description: The request is for a tool.
is_tool if is_object(tool)

# METADATA
# title: Is external
# description: An application outside carries the tool out, and only asks whether it may.
is_external if tool.egress == "external"

# METADATA
# title: Act
# description: The entry of a person's act; undefined when there is none.
act := data.rails.config.acts[input.action.tool]

# METADATA
# title: Is act
# description: The request is for an act, and for no tool.
is_act if {
	is_object(act)
	not is_tool
}

# METADATA
# title: Is person's act
# description: A person asks for an act.
is_persons_act if {
	is_act
	is_person
}

# METADATA
# title: Entry
# description: The entry of the tool or the act; undefined when there is none.
entry := tool if is_tool

entry := act if is_act

# METADATA
# title: Must be trusted
# description: >-
#   The argument of a tool must come from the request itself: what to read, where to send. A tool that does not say
#   which must, or that names one it does not have, has no others.
must_be_trusted(argument) if argument in tool.trusted_arguments

must_be_trusted(_) if not says_which

# METADATA
# title: Says which
# description: The tool lists the arguments that must be trusted, and has each of them.
says_which if is_list_of_arguments(tool.trusted_arguments)

# METADATA
# title: Is critical
# description: >-
#   The effect of the tool turns on the argument: how much, under which name. A tool that reaches others and does not
#   say which arguments are critical, or any tool that names one it does not have, turns on all of them.
is_critical(argument) if argument in tool.critical_arguments

is_critical(_) if {
	is_outward
	not says_critical
}

is_critical(_) if {
	is_set("critical_arguments")
	not says_critical
}

says_critical if is_list_of_arguments(tool.critical_arguments)

# METADATA
# title: Is set
# description: The entry of the tool says something of *setting*, whatever it is.
is_set(setting) if setting in object.keys(tool)

# METADATA
# title: Is list of arguments
# description: Each of *names* is an argument that the tool has.
is_list_of_arguments(names) if {
	is_array(names)
	every argument in names {
		is_object(tool.arguments[argument])
	}
}

# METADATA
# title: Names
# description: The arguments of the request, with a value or only with a label.
names contains argument if some argument, _ in input.action.arguments

names contains argument if some argument, _ in input.context.labels

# METADATA
# title: Effects
# description: >-
#   What the tool does to the world, one set of kinds for each effect: the kinds of one set are names of the same
#   effect, of which the words need to ask for one.
effects contains kinds_of(effect) if some effect in tool.effect

# METADATA
# title: Kinds of
# description: The kinds by which one effect goes; an effect is a kind or a list of kinds.
kinds_of(effect) := {effect} if is_string(effect)

kinds_of(effect) := {kind | some kind in effect} if is_array(effect)

# METADATA
# title: Reads
# description: The tool is known to leave the world as it is, and says of no effect that it has one.
reads if {
	tool.action_class in {"pure", "read"}
	object.get(tool, "effect", []) == []
}

# METADATA
# title: Is outward
# description: What the tool does reaches others, by the way it goes out or by the kind of effect that it states.
is_outward if tool.egress in {"mail", "web", "mcp"}

is_outward if {
	some kinds in effects
	some kind in kinds
	kind in data.rails.config.intent.outward
}

# METADATA
# title: Says something
# description: The argument has a value that is not empty; a text that is not shown stands there by its size.
says_something(argument) if {
	value := input.action.arguments[argument]
	not is_empty(value)
}

is_empty(value) if value in [null, "", [], {}]

is_empty({"chars": 0, "sha256": _})

# METADATA
# title: Is clean
# description: The run, and what the request is given unread, is known to have nothing but what somebody vouches for.
is_clean if data.rails.lib.reading.is_clean

# METADATA
# title: Goes alone
# description: >-
#   No person is asked about the action in any case. Level 3 is for runs that nobody attends; what is irreversible waits
#   there, too, unless it is listed.
goes_alone if {
	input.context.run.autonomy == 3
	input.action.tool in data.rails.config.autonomy.unattended_irreversible
}

goes_alone if {
	input.context.run.autonomy == 3
	tool.action_class != "irreversible"
}

# METADATA
# title: Is attended
# description: >-
#   Somebody attends the run, and its words say what it is for. An undo is asked for by a person, and takes no question.
is_attended if {
	is_tool
	input.context.run.autonomy in {1, 2}
	input.context.intent.spoken == true
	input.context.proposer in {"planner", "steps"}
	input.context.version >= 7
}

# METADATA
# title: Is planned
# description: The request fits a step of the plan that the run stated before it read anything.
is_planned if {
	input.context.version >= 8
	input.context.plan.stated == true
	is_name(input.context.plan.step)
}

# METADATA
# title: Granting
# description: >-
#   The roles of the principal that list *wanted*, whole ones, and their parts for who proposes. Nobody holds a part
#   alone, and everyone is no role of an agent.
granting(wanted) := {name |
	is_array(input.principal.roles)
	some role in input.principal.roles
	role != "everyone"
	not contains(role, ".") # a part of a role is no role
	some name in parts(role)
	wanted in data.rails.config.grants[name]
}

parts(role) := {role} | {concat(".", [role, proposer]) | some proposer in proposers}

proposers contains input.context.proposer if input.context.proposer in {"steps", "planner", "undo"}

# METADATA
# title: Waives
# description: The request is for an act that does without *guard*.
waives(guard) if {
	is_act
	guard in act.waives
}

# METADATA
# title: Is person
# description: The principal is a person who acts directly, known by a name that no agent has.
is_person if {
	input.principal.on_behalf_of == null
	is_name(input.principal.id)
	not is_named_as_agent
}

# METADATA
# title: Is agent
# description: The principal acts for a person who is known.
is_agent if is_name(input.principal.on_behalf_of)

is_named_as_agent if startswith(input.principal.id, "agent:")

# METADATA
# title: Is name
# description: A text in which something stands.
is_name(name) if {
	is_string(name)
	trim_space(name) != ""
}
