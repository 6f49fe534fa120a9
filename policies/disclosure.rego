# May this request, with these facts, have these fields?
#
# The checks stand in the order of the four steps of the plan, and the first step that fails is what
# the requester hears. Everything is written the safe way round: a check passes only when what it
# needs is present and right, so an absent or unknown fact can only refuse.
#
#   0 technical   is it about a person whose number is right
#   1 task        named, known, held by this role, its law in force
#   2 activity    named, of this task, done by this role; and the case of the person
#   3 purpose     one, known, of this activity, for this role, valid; then the fields
#   4 conditions  of the whole purpose, then the consent that a single field needs
package doelpoort.disclosure

import rego.v1

default answer := {
	"revision": "",
	"outcome": "refuse",
	"step": 0,
	"reasons": [{"code": "NOT_CONFIGURED", "step": 0}],
	"fields": [],
	"conditions": [],
}

answer := refusal([reason(stop)], []) if {
	configured
	stop
} else := refusal(field_reasons, []) if {
	configured
	too_much_asked
} else := refusal([condition_reason(failing[0])], conditions) if {
	configured
	count(failing) > 0
} else := refusal(field_reasons, conditions) if {
	configured
	too_little_left
} else := {
	"revision": data.catalogue.revision,
	"outcome": permission,
	"step": null,
	"reasons": field_reasons,
	"fields": granted,
	"conditions": conditions,
} if {
	configured
	count(granted) > 0
}

configured if count(data.catalogue.purposes) > 0

permission := "permit" if {
	count(field_reasons) == 0
} else := "partial"

refusal(reasons, checked) := {
	"revision": data.catalogue.revision,
	"outcome": "refuse",
	"step": min([r.step | some r in reasons]),
	"reasons": reasons,
	"fields": [],
	"conditions": checked,
}

reason(code) := {"code": code, "step": step_of[code]}

step_of := {
	"SUBJECT_INVALID_BSN": 0,
	"SUBJECT_MISSING": 0,
	"FACT_MISSING": 0,
	"NOT_CONFIGURED": 0,
	"TASK_MISSING": 1,
	"TASK_UNKNOWN": 1,
	"HAT_NOT_OWNED": 1,
	"WRONG_HAT": 1,
	"TASK_NOT_HELD": 1,
	"MANDATE_MISSING": 1,
	"LAW_NOT_IN_FORCE": 1,
	"ACTIVITY_MISSING": 2,
	"ACTIVITY_NOT_OF_TASK": 2,
	"ACTIVITY_NOT_FOR_ROLE": 2,
	"SUBJECT_UNKNOWN": 2,
	"CASE_MISSING": 2,
	"NOT_PARTY": 2,
	"CASE_CLOSED": 2,
	"CASE_MEMBERSHIP_EXPIRED": 2,
	"CASE_MEMBERSHIP_NOT_STARTED": 2,
	"CASE_PHASE": 2,
	"CASE_TASK": 2,
	"EMERGENCY_NOT_ALLOWED": 3,
	"PURPOSE_MISSING": 3,
	"PURPOSE_MULTIPLE": 3,
	"PURPOSE_TOO_VAGUE": 3,
	"PURPOSE_NOT_OF_ACTIVITY": 3,
	"PURPOSE_NOT_FOR_ROLE": 3,
	"PURPOSE_NOT_VALID": 3,
	"PERSON_IN_AGGREGATE": 3,
	"TOO_MANY_FIELDS": 3,
	"NO_FIELDS": 3,
	"FIELD_NEVER": 3,
	"FIELD_NOT_NECESSARY": 3,
	"FIELD_UNKNOWN": 3,
	"MOTIVATION_MISSING": 3,
	"AGE_OUT_OF_RANGE": 4,
	"CONSENT_MISSING": 4,
	"CONSENT_WITHDRAWN": 4,
	"CONSENT_EXPIRED": 4,
	"CONSENT_WRONG_PERSON": 4,
	"CONDITION_NOT_MET": 4,
	"GROUP_TOO_SMALL": 4,
}

# The first step that fails for the request as a whole, up to and including the field list. It is
# undefined when none fails.
stop := subject_stop if {
	subject_stop
} else := task_stop if {
	task_stop
} else := activity_stop if {
	activity_stop
} else := case_stop if {
	case_stop
} else := purpose_stop if {
	purpose_stop
} else := "TOO_MANY_FIELDS" if {
	count(object.get(input, "fields", [])) > most_fields
} else := "NO_FIELDS" if {
	count(asked) == 0
}

# No purpose holds as many, and the time for a decision must not be in the hands of the asker.
most_fields := 100

# 0 technical

subject := object.get(input, "subject", "")

subject_stop := "SUBJECT_INVALID_BSN" if {
	subject == "invalid"
} else := "SUBJECT_MISSING" if {
	subject == "missing"
	not about_group
} else := "FACT_MISSING" if {
	not subject in {"valid", "missing"}
}

# Figures about a group are about no person. As long as it is not clear which purpose is meant, the
# activity decides, and only when it knows nothing but figures.
about_group := purpose.aggregated if {
	purpose
} else := activity.aggregated

# 1 task

declared_task := object.get(input, ["declared", "task"], "")

declared_activity := object.get(input, ["declared", "activity"], "")

standing := object.get(input, "standing", "unknown")

task_codes := {
	"hat_not_owned": "HAT_NOT_OWNED",
	"wrong_hat": "WRONG_HAT",
	"task_not_held": "TASK_NOT_HELD",
}

task_stop := "TASK_MISSING" if {
	declared_task == ""
} else := "TASK_UNKNOWN" if {
	not data.catalogue.tasks[declared_task]
} else := task_codes[standing] if {
	task_codes[standing]
} else := "FACT_MISSING" if {
	not standing in {"holds", "activity_not_for_role"}
} else := mandate_stop if {
	mandate_stop
} else := "LAW_NOT_IN_FORCE" if {
	not valid_today(data.catalogue.tasks[declared_task])
}

# The mandate belongs to the caller and not to the person, so it is asked before the case.
mandate_stop := mandate_codes[0]

mandate_codes := [code |
	some name in purpose.mandates
	code := failure("mandate", fact(name))
	code != ""
]

# Dates are ISO texts, which sort as dates do; both ends are inclusive.
valid_today(thing) if {
	thing.valid_from <= input.date
	input.date <= thing.valid_until
}

# 2 activity and case

activity := data.catalogue.tasks[declared_task].activities[declared_activity]

activity_stop := "ACTIVITY_MISSING" if {
	declared_activity == ""
} else := "ACTIVITY_NOT_OF_TASK" if {
	not activity
} else := "ACTIVITY_NOT_FOR_ROLE" if {
	not standing == "holds"
}

case_stop := case_fact if {
	case_needed
	case_fact in case_codes
} else := "FACT_MISSING" if {
	case_needed
	not case_fact == "met"
}

case_fact := fact("case")

case_codes := {
	"SUBJECT_UNKNOWN",
	"CASE_MISSING",
	"NOT_PARTY",
	"CASE_CLOSED",
	"CASE_MEMBERSHIP_EXPIRED",
	"CASE_MEMBERSHIP_NOT_STARTED",
	"CASE_PHASE",
	"CASE_TASK",
}

# The purpose says whether there must be a case. As long as it is not clear which purpose is meant,
# the strictest purpose of the activity counts: nobody learns from a vague purpose who is known.
case_needed := false if {
	urgent
} else := purpose.case if {
	purpose
} else := activity.case

fact(name) := object.get(input, ["facts", name], "unknown")

# 3 purpose

declared_purposes := {p | some p in object.get(input, ["declared", "purposes"], []); p != ""}

named_purpose := [data.catalogue.purposes[p] | some p in declared_purposes][0]

purpose := named_purpose if {
	count(declared_purposes) == 1
	named_purpose.task == declared_task
	named_purpose.activity == declared_activity
}

purpose_stop := "PURPOSE_MISSING" if {
	count(declared_purposes) == 0
} else := "PURPOSE_MULTIPLE" if {
	count(declared_purposes) > 1
} else := "NOT_CONFIGURED" if {
	not activity.purposes > 0
} else := "PURPOSE_TOO_VAGUE" if {
	not named_purpose
} else := "PURPOSE_NOT_OF_ACTIVITY" if {
	not purpose
} else := "PURPOSE_NOT_FOR_ROLE" if {
	not input.role in purpose.requesters[input.organisation]
} else := "PURPOSE_NOT_VALID" if {
	not valid_today(purpose)
} else := "PERSON_IN_AGGREGATE" if {
	purpose.aggregated
	subject != "missing"
} else := "EMERGENCY_NOT_ALLOWED" if {
	object.get(input, "emergency", false) != false
	not urgent
}

# Immediate danger stands in for what takes time - being a party to a case, the answer of a source
# holder, steps that the requester says were taken - where the purpose allows that. It never stands
# in for the field list, the standing of the requester, or consent.
urgent if {
	input.emergency == true
	purpose.emergency == true
}

takes_time := {"source_confirmation", "claim"}

# 3 fields: those asked for, in the order of asking, each once; or the minimal set of the purpose.

asked := purpose.always if {
	not "fields" in object.keys(input)
} else := input.fields if {
	count(input.fields) == count(asked_set)
} else := [input.fields[i] |
	some i in numbers.range(0, count(input.fields) - 1)
	not input.fields[i] in array.slice(input.fields, 0, i)
]

asked_set := {name | some name in input.fields} if {
	"fields" in object.keys(input)
} else := {name | some name in purpose.always}

justified := {name | some name in object.get(input, "justified", [])}

granted_by_purpose := object.keys(purpose.fields)

never := {name | some name in purpose.never}

# What was asked and is neither given nor named as never: it may still be a field of elsewhere.
strange := (asked_set - never) - granted_by_purpose

# The code with which each field fails on necessity; a field that is necessary has none.
unnecessary := object.union_n([
	{name: "MOTIVATION_MISSING" |
		some name in asked
		purpose.fields[name] != "always"
		not name in justified
	},
	{name: "FIELD_UNKNOWN" | some name in strange},
	{name: "FIELD_NOT_NECESSARY" | some name in strange; data.catalogue.fields[name]},
	{name: "FIELD_NEVER" | some name in asked_set & never},
])

consent_code := failure("consent", fact("consent"))

# Consent, at step 4, is asked of necessary fields only.
without_consent := {name: consent_code |
	some name in purpose.consent
	consent_code != ""
}

# The code with which each field fails that was asked; a field that may be given has none.
field_codes := object.union(without_consent, unnecessary)

necessary := [name | some name in asked; not unnecessary[name]]

granted := [name | some name in asked; not field_codes[name]]

field_reasons := [r |
	some name in asked
	r := field_reason(name, field_codes[name])
]

field_reason(name, code) := {"code": code, "step": step_of[code], "field": name, "instead": offered} if {
	code in {"FIELD_NEVER", "FIELD_NOT_NECESSARY"}
	suffices := object.get(purpose.instead, name, [])
	offered := [other | some other in suffices; not other in asked_set]
	count(offered) > 0
} else := {"code": code, "step": step_of[code], "field": name}

withhold if input.over_asking == "withhold"

# Without the explicit wish to receive a part, one field too many refuses the whole.
too_much_asked if {
	not withhold
	count(necessary) < count(asked)
}

too_much_asked if count(necessary) == 0

too_little_left if {
	not withhold
	count(granted) < count(asked)
}

too_little_left if count(granted) == 0

# 4 conditions

failures := {
	"age": {"AGE_OUT_OF_RANGE"},
	"consent": {"CONSENT_MISSING", "CONSENT_WITHDRAWN", "CONSENT_EXPIRED", "CONSENT_WRONG_PERSON"},
	"source_confirmation": {"CONDITION_NOT_MET"},
	"mandate": {"MANDATE_MISSING"},
	"source_true": {"CONDITION_NOT_MET"},
	"date_not_past": {"CONDITION_NOT_MET"},
	"group_size": {"GROUP_TOO_SMALL"},
	"claim": {"CONDITION_NOT_MET"},
}

# The code of a condition that is not met, and "" when it is.
failure(_, "met") := ""

failure(kind, found) := found if {
	found in failures[kind]
} else := "FACT_MISSING" if {
	found != "met"
}

# The consent of a single field is a condition of that field only, so it never fails the whole.
field_consent := [{"name": "consent", "kind": "consent"}] if {
	some name in necessary
	name in purpose.consent
	not "consent" in whole
} else := []

conditions := [outcome(c.name, failure(c.kind, fact(c.name))) |
	some c in array.concat(purpose.conditions, field_consent)
]

outcome(name, "") := {"name": name, "outcome": "met"}

outcome(name, "FACT_MISSING") := {"name": name, "outcome": "unknown", "code": "FACT_MISSING"}

outcome(name, code) := {"name": name, "outcome": "not_met", "code": code} if {
	not code in {"", "FACT_MISSING"}
}

# The conditions of the whole purpose that fail, in the order of the purpose.
failing := [c |
	some c in conditions
	c.outcome != "met"
	c.name in whole
	not waived[c.name]
]

# What is waived keeps its own outcome in the answer: an emergency does not make it true.
waived[c.name] if {
	urgent
	some c in purpose.conditions
	c.kind in takes_time
}

whole := {c.name | some c in purpose.conditions}

condition_reason(c) := {"code": c.code, "step": step_of[c.code], "condition": c.name} if {
	c.code == "CONDITION_NOT_MET"
} else := {"code": c.code, "step": step_of[c.code]}
