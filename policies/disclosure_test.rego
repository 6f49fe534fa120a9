# What disclosure.rego promises, on a catalogue of one small purpose. Run: opa test policies
package doelpoort.disclosure_test

import rego.v1

import data.doelpoort.disclosure

purpose := {
	"task": "toetsen",
	"activity": "wegen",
	"case": true,
	"valid_from": "2026-01-01",
	"valid_until": "2026-12-31",
	"requesters": {"gemeente": ["consulent"]},
	"always": ["vlag"],
	"fields": {"vlag": "always", "duur": "professional_judgement", "schuld": "always"},
	"consent": ["schuld"],
	"never": ["plan"],
	"instead": {"plan": ["vlag"]},
	"conditions": [
		{"name": "age", "kind": "age"},
		{"name": "bron_bevestigd", "kind": "source_confirmation"},
	],
}

catalogue := {
	"revision": "r1",
	"tasks": {"toetsen": {
		"valid_from": "2015-01-01",
		"valid_until": "9999-12-31",
		"activities": {
			"wegen": {"case": true, "purposes": 1},
			"rusten": {"case": false, "purposes": 0},
		},
	}},
	"fields": {"vlag": true, "duur": true, "schuld": true, "plan": true, "elders": true},
	"purposes": {"zwaarte": purpose},
}

question := {
	"organisation": "gemeente",
	"role": "consulent",
	"standing": "holds",
	"declared": {"task": "toetsen", "activity": "wegen", "purposes": ["zwaarte"]},
	"subject": "valid",
	"justified": [],
	"over_asking": "refuse",
	"facts": {"case": "met", "age": "met", "bron_bevestigd": "met"},
	"date": "2026-03-02",
}

with_changes(changes) := object.union(question, changes)

decide(changes) := result if {
	result := disclosure.answer with input as with_changes(changes)
		with data.catalogue as catalogue
}

codes(changes) := [reason.code | some reason in decide(changes).reasons]

declare(changes) := {"declared": object.union(question.declared, changes)}

test_minimal_set_when_fields_are_left_out if {
	decide({}).outcome == "permit"
	decide({}).fields == ["vlag"]
}

test_nothing_configured_refuses if {
	result := disclosure.answer with input as question with data.catalogue as {}
	result.outcome == "refuse"
	result.reasons[0].code == "NOT_CONFIGURED"
}

test_empty_catalogue_refuses if {
	empty := object.union(catalogue, {"purposes": []})
	result := disclosure.answer with input as question with data.catalogue as empty
	result.reasons[0].code == "NOT_CONFIGURED"
}

test_empty_input_refuses if {
	result := disclosure.answer with input as {} with data.catalogue as catalogue
	result.outcome == "refuse"
}

test_subject if {
	codes({"subject": "invalid"}) == ["SUBJECT_INVALID_BSN"]
	codes({"subject": "missing"}) == ["SUBJECT_MISSING"]
	codes({"subject": "anders"}) == ["FACT_MISSING"]
}

test_task if {
	codes(declare({"task": ""})) == ["TASK_MISSING"]
	codes(declare({"task": "onbekend"})) == ["TASK_UNKNOWN"]
	codes({"standing": "wrong_hat"}) == ["WRONG_HAT"]
	codes({"standing": "hat_not_owned"}) == ["HAT_NOT_OWNED"]
	codes({"standing": "task_not_held"}) == ["TASK_NOT_HELD"]
	codes({"standing": "unknown"}) == ["FACT_MISSING"]
	codes({"date": "2014-12-31"}) == ["LAW_NOT_IN_FORCE"]
}

test_activity if {
	codes(declare({"activity": ""})) == ["ACTIVITY_MISSING"]
	codes(declare({"activity": "onbekend"})) == ["ACTIVITY_NOT_OF_TASK"]
	codes({"standing": "activity_not_for_role"}) == ["ACTIVITY_NOT_FOR_ROLE"]
}

test_case if {
	codes({"facts": {"case": "NOT_PARTY"}}) == ["NOT_PARTY"]
	codes({"facts": {"case": "unknown"}}) == ["FACT_MISSING"]
	codes({"facts": {"case": "ja"}}) == ["FACT_MISSING"]
	codes({"fields": ["plan"], "facts": {"case": "CASE_MISSING"}}) == ["CASE_MISSING"]
}

test_purpose if {
	codes(declare({"purposes": []})) == ["PURPOSE_MISSING"]
	codes(declare({"purposes": ["zwaarte", "anders"]})) == ["PURPOSE_MULTIPLE"]
	codes(declare({"purposes": ["dat het beter gaat"]})) == ["PURPOSE_TOO_VAGUE"]
	codes(declare({"activity": "rusten"})) == ["NOT_CONFIGURED"]
	codes({"role": "andere"}) == ["PURPOSE_NOT_FOR_ROLE"]
	codes({"date": "2027-01-01"}) == ["PURPOSE_NOT_VALID"]
}

test_purpose_is_valid_on_its_first_and_last_day if {
	decide({"date": "2026-01-01"}).outcome == "permit"
	decide({"date": "2026-12-31"}).outcome == "permit"
}

test_no_or_too_many_fields if {
	codes({"fields": []}) == ["NO_FIELDS"]
	codes({"fields": numbers.range(1, 101)}) == ["TOO_MANY_FIELDS"]
}

test_all_failing_fields_are_named_together if {
	codes({"fields": ["plan", "vlag", "elders", "wat", "duur"]}) == [
		"FIELD_NEVER",
		"FIELD_NOT_NECESSARY",
		"FIELD_UNKNOWN",
		"MOTIVATION_MISSING",
	]
}

test_a_reason_permits_a_field_of_judgement if {
	decide({"fields": ["duur"], "justified": ["duur"]}).outcome == "permit"
}

test_the_counter_offer_never_repeats_what_was_asked if {
	decide({"fields": ["plan"]}).reasons[0].instead == ["vlag"]
	not decide({"fields": ["plan", "vlag"]}).reasons[0].instead
}

test_withhold_gives_the_rest if {
	result := decide({"fields": ["plan", "vlag"], "over_asking": "withhold"})
	result.outcome == "partial"
	result.fields == ["vlag"]
}

test_withhold_refuses_when_nothing_remains if {
	decide({"fields": ["plan"], "over_asking": "withhold"}).outcome == "refuse"
}

test_fields_come_before_conditions if {
	changes := {"fields": ["plan"], "facts": {"case": "met", "age": "AGE_OUT_OF_RANGE"}}
	codes(changes) == ["FIELD_NEVER"]
}

test_the_first_failing_condition_is_named if {
	codes({"facts": {"case": "met", "age": "AGE_OUT_OF_RANGE"}}) == ["AGE_OUT_OF_RANGE"]
	result := decide({"facts": {"case": "met", "age": "met", "bron_bevestigd": "CONDITION_NOT_MET"}})
	result.reasons == [{"code": "CONDITION_NOT_MET", "step": 4, "condition": "bron_bevestigd"}]
}

test_a_code_of_another_condition_is_no_fact if {
	codes({"facts": {"case": "met", "age": "CONDITION_NOT_MET"}}) == ["FACT_MISSING"]
}

test_consent_of_one_field if {
	asked := {"fields": ["schuld"]}
	codes(asked) == ["FACT_MISSING"]
	without := object.union(question.facts, {"consent": "CONSENT_WITHDRAWN"})
	codes(object.union(asked, {"facts": without})) == ["CONSENT_WITHDRAWN"]
	given := object.union(question.facts, {"consent": "met"})
	decide(object.union(asked, {"facts": given})).outcome == "permit"
	rest := {"fields": ["schuld", "vlag"], "facts": without, "over_asking": "withhold"}
	decide(rest).fields == ["vlag"]
}

test_consent_of_one_field_does_not_fail_a_purpose_without_conditions if {
	bare := object.union(catalogue, {"purposes": {"zwaarte": object.union(purpose, {"conditions": []})}})
	asked := with_changes({
		"fields": ["schuld", "vlag"],
		"over_asking": "withhold",
		"facts": {"case": "met", "consent": "CONSENT_MISSING"},
	})
	result := disclosure.answer with input as asked with data.catalogue as bare
	result.outcome == "partial"
	result.fields == ["vlag"]
}

test_duplicates_collapse if {
	decide({"fields": ["vlag", "vlag"]}).fields == ["vlag"]
}

# Immediate danger: for a purpose that knows emergencies, and for what takes time only.

urgent_catalogue := object.union(catalogue, {"purposes": {"zwaarte": object.union(purpose, {
	"emergency": true,
	"conditions": [
		{"name": "age", "kind": "age"},
		{"name": "bron_bevestigd", "kind": "source_confirmation"},
		{"name": "gesproken", "kind": "claim"},
		{"name": "mandaat", "kind": "mandate"},
	],
	"mandates": ["mandaat"],
})}})

nothing_took_time := {
	"case": "NOT_PARTY",
	"age": "met",
	"mandaat": "met",
	"bron_bevestigd": "CONDITION_NOT_MET",
	"gesproken": "CONDITION_NOT_MET",
}

in_emergency(changes) := result if {
	asked := object.union(with_changes({"emergency": true, "facts": nothing_took_time}), changes)
	result := disclosure.answer with input as asked with data.catalogue as urgent_catalogue
}

test_danger_stands_in_for_what_takes_time if {
	result := in_emergency({})
	result.outcome == "permit"
	result.fields == ["vlag"]
	[c.outcome | some c in result.conditions] == ["met", "not_met", "not_met", "met"]
}

test_without_danger_the_same_question_is_refused if {
	result := in_emergency({"emergency": false})
	result.outcome == "refuse"
	result.reasons[0].code == "NOT_PARTY"
}

test_danger_widens_no_field_list if {
	result := in_emergency({"fields": ["vlag", "plan"]})
	result.outcome == "refuse"
	result.reasons[0].code == "FIELD_NEVER"
}

test_danger_needs_the_same_motivation if {
	in_emergency({"fields": ["duur"]}).reasons[0].code == "MOTIVATION_MISSING"
}

test_danger_replaces_no_consent if {
	result := in_emergency({"fields": ["schuld"], "facts": object.union(
		nothing_took_time,
		{"consent": "CONSENT_MISSING"},
	)})
	result.reasons[0].code == "CONSENT_MISSING"
}

test_danger_gives_no_standing if {
	in_emergency({"standing": "task_not_held"}).reasons[0].code == "TASK_NOT_HELD"
	in_emergency({"role": "ander"}).reasons[0].code == "PURPOSE_NOT_FOR_ROLE"
}

test_danger_gives_no_mandate_and_no_age if {
	without := object.union(nothing_took_time, {"mandaat": "MANDATE_MISSING"})
	in_emergency({"facts": without}).reasons[0].code == "MANDATE_MISSING"
	young := object.union(nothing_took_time, {"age": "AGE_OUT_OF_RANGE"})
	in_emergency({"facts": young}).reasons[0].code == "AGE_OUT_OF_RANGE"
}

test_danger_is_said_in_one_way if {
	in_emergency({"emergency": "ja"}).reasons[0].code == "NOT_PARTY"
	met := object.union(nothing_took_time, {"case": "met"})
	in_emergency({"emergency": "ja", "facts": met}).reasons[0].code == "EMERGENCY_NOT_ALLOWED"
}

test_a_purpose_without_emergencies_refuses_them if {
	codes({"emergency": true}) == ["EMERGENCY_NOT_ALLOWED"]
}
