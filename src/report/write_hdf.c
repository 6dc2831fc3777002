/*
 * write_hdf.c: a report in the Heimdall Data Format (MITRE SAF, the "exec JSON" of
 * InSpec), for Heimdall and what reads it.
 *
 * Heimdall calls a control passed if one of its results is and none failed.  So a
 * result is "passed" only where nothing deviates in any evidence of a control that asks
 * for just that evidence; what is a part of what is asked for, was not seen or is not
 * judged is "skipped", which Heimdall shows as not reviewed.
 */
#include <string.h>

#include "report/list.h"
#include "report/model.h"
#include "report/words.h"

static bool is_all(const struct report *report, const struct control *control)
{
	return control->strength == STRENGTH_DIRECT &&
	       report_outcome(report, control) == OUTCOME_CLEAR;
}

static const char *why_skipped(const struct collected *collected,
			       const struct control *control)
{
	if (collected->problem[0] != '\0')
		return collected->problem;
	if (collected->outcome != OUTCOME_CLEAR)
		return outcome_sentence(collected->outcome);
	return control->strength == STRENGTH_DIRECT
		       ? "Nothing that was observed deviates; other evidence of this "
			 "control is not known, or for a person to look at."
		       : "Nothing that was observed deviates; the control asks for "
			 "more "
			 "than that: see what is missing.";
}

static void put_status(struct buf *out, const struct report *report,
		       const struct control *control, const struct collected *collected)
{
	if (collected->outcome == OUTCOME_DEVIATIONS) {
		object_text(out, "status", "failed");
		object_text(out, "message", outcome_sentence(collected->outcome));
	} else if (is_all(report, control)) {
		object_text(out, "status", "passed");
	} else {
		object_text(out, "status", "skipped");
		object_text(out, "skip_message", why_skipped(collected, control));
	}
}

/* How much hangs on it, 0 to 1: less where the evidence says less. */
static double impact_of(enum strength strength)
{
	return strength == STRENGTH_DIRECT    ? 0.7
	       : strength == STRENGTH_PARTIAL ? 0.5
					      : 0.3;
}

static void put_said(struct buf *out, const struct report *report,
		     const struct collected *collected)
{
	struct buf text = { 0 };
	buf_printf(&text, "%s: %s %zu rows", collected->evidence->id,
		   collected->evidence->title, collected->rows.row_count);
	if (collected->judges)
		buf_printf(&text, ", %llu deviate",
			   (unsigned long long)collected->deviations);
	buf_printf(&text, "; observed %.1f %% of the time. ",
		   100 * coverage_ratio(&collected->coverage));
	words_review(&text, report, collected);
	object_text(out, "code_desc", buf_cstr(&text));
	buf_free(&text);
}

static void put_result(struct buf *out, const struct report *report,
		       const struct control *control, const struct collected *collected)
{
	object_open(out, NULL);
	put_status(out, report, control, collected);
	put_said(out, report, collected);
	object_time(out, "start_time", report->ask.now_us, "Z");
	object_end(out);
}

static void put_description(struct buf *out, const char *label, const char *data)
{
	object_open(out, NULL);
	object_text(out, "label", label);
	object_text(out, "data", data);
	object_end(out);
}

static void put_tags(struct buf *out, const struct report *report,
		     const struct control *control)
{
	object_open(out, "tags");
	object_text(out, "framework", report->framework->name);
	object_text(out, "strength", strength_name(control->strength));
	/* What Heimdall sorts by; of other frameworks it has none. */
	if (strcmp(report->framework->name, "nist-800-53") == 0) {
		list_open(out, "nist");
		list_text(out, control->id);
		list_close(out);
	}
	object_end(out);
}

static void put_control(struct buf *out, const struct report *report,
			const struct control *control)
{
	object_open(out, NULL);
	object_text(out, "id", control->id);
	object_text(out, "title", control->title);
	object_text(out, "desc", control->shows);
	list_open(out, "descriptions");
	put_description(out, "missing", control->missing);
	list_close(out);
	object_decimal(out, "impact", impact_of(control->strength));
	list_open(out, "refs");
	list_close(out);
	put_tags(out, report, control);
	object_text(out, "code", "");
	object_open(out, "source_location");
	object_end(out);
	list_open(out, "results");
	for (size_t i = 0; i < control->evidence_count; i++) {
		const struct collected *collected = report_collected(
			report, &report->compliance->evidence[control->evidence[i]]);
		if (collected != NULL)
			put_result(out, report, control, collected);
	}
	list_close(out);
	object_end(out);
}

static void put_profile(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	object_open(out, NULL);
	object_text(out, "name", framework->name);
	object_text(out, "version", framework->edition);
	object_text(out, "title", framework->title);
	object_text(out, "summary",
		    "What was observed at the ports of a host, as evidence for an "
		    "assessor. No statement that a control is satisfied.");
	object_text(out, "sha256", framework->sha256);
	object_text(out, "status", "loaded");
	static const char *const empty[] = { "supports", "attributes", "groups" };
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		list_open(out, empty[i]);
		list_close(out);
	}
	list_open(out, "controls");
	for (size_t i = 0; i < framework->control_count; i++)
		put_control(out, report, &framework->controls[i]);
	list_close(out);
	object_end(out);
}

void report_hdf(const struct report *report, struct buf *out)
{
	object_open(out, NULL);
	object_open(out, "platform");
	object_text(out, "name", "breakwater");
	object_text(out, "release", BREAKWATER_VERSION);
	object_text(out, "target_id", report->ask.host);
	object_end(out);
	object_text(out, "version", BREAKWATER_VERSION);
	object_open(out, "statistics");
	object_end(out);
	list_open(out, "profiles");
	put_profile(out, report);
	list_close(out);
	object_close(out);
	buf_char(out, '\n');
}
