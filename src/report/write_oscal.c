/*
 * write_oscal.c: a report as OSCAL assessment results (NIST OSCAL 1.1.2, JSON).
 *
 * Each piece of evidence is an observation, with until when it counts.  A finding is
 * written only where something deviates: that a control is satisfied is an assessor's
 * word, not ours.
 */
#include <ctype.h>
#include <string.h>

#include "report/list.h"
#include "report/model.h"
#include "report/uuid.h"
#include "report/words.h"

enum { TOKEN_MAX = 128 };
#define OSCAL_VERSION "1.1.2"
#define OSCAL_SPACE   "urn:breakwater:oscal"

/* ---- names ---- */

/* A UUID of what belongs to this report: other times and hosts have others. */
static void put_uuid(struct buf *out, const struct report *report, const char *member,
		     const char *what, const char *id)
{
	char uuid[UUID_TEXT_MAX] = "";
	struct buf name = { 0 };
	buf_printf(&name, "%s %s %s %lld %lld %lld", what, id, report->ask.host,
		   (long long)report->ask.since_us, (long long)report->ask.until_us,
		   (long long)report->ask.now_us);
	if (buf_cstr(&name) != NULL)
		uuid_of(buf_cstr(&name), uuid);
	out->failed |= uuid[0] == '\0';
	object_text(out, member, uuid);
	buf_free(&name);
}

/*
 * Length of what Unicode calls White_Space, or of what the schema calls one beside it,
 * at the begin of a text; 0: it is none.
 */
static size_t blank_len(const char *text)
{
	/* In UTF-8: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F,
	 * U+205F, U+3000 and U+FEFF. */
	static const char *const wide[] = {
		"\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80",
		"\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
		"\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
		"\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf",
	};
	if ((unsigned char)*text <= ' ')
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (strncmp(text, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

static char token_char(char c)
{
	if (c == '(')
		return '.';
	bool is_allowed = isalnum((unsigned char)c) || strchr("._-", c) != NULL;
	return is_allowed ? (char)tolower((unsigned char)c) : '-';
}

/* A byte of a letter that has begun, in UTF-8: it stands for no other. */
static bool goes_on(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* What a token may hold of a text, behind len bytes, up to size with an end. */
static size_t add_token(const char *text, size_t len, size_t size,
			char out[static TOKEN_MAX])
{
	for (; *text != '\0' && len + 1 < size; text++)
		if (*text != ')' && !goes_on(*text))
			out[len++] = token_char(*text);
	return len;
}

/*
 * OSCAL's tokens begin with a letter and have no brackets: 2.2.4 of pci-dss is
 * pci-dss-2.2.4, SI-4(2) of nist-800-53 is si-4.2, as in NIST's catalog.
 */
static void token_of(const struct framework *framework, const char *id,
		     char out[static TOKEN_MAX])
{
	size_t len = 0;
	if (!isalpha((unsigned char)id[0])) {
		if (!isalpha((unsigned char)framework->name[0]))
			out[len++] = '_';
		len = add_token(framework->name, len, TOKEN_MAX / 2, out);
		out[len++] = '-';
	}
	len = add_token(id, len, TOKEN_MAX, out);
	out[len] = '\0';
}

/* OSCAL's strings have one line, and no space at their ends; "": there is none. */
static void put_property(struct buf *out, const char *name, const char *value)
{
	struct buf line = { 0 };
	while (value != NULL && *value != '\0') {
		size_t blank = blank_len(value);
		if (blank == 0)
			buf_char(&line, *value);
		else if (line.len > 0 && line.at[line.len - 1] != ' ')
			buf_char(&line, ' ');
		value += blank > 0 ? blank : 1;
	}
	if (buf_ok(&line) && line.len > 0 && line.at[line.len - 1] == ' ')
		line.len--;
	if (line.len > 0 && buf_cstr(&line) != NULL) {
		object_open(out, NULL);
		object_text(out, "name", name);
		object_text(out, "ns", OSCAL_SPACE);
		object_text(out, "value", line.at);
		object_end(out);
	}
	out->failed |= !buf_ok(&line);
	buf_free(&line);
}

/* A path as a reference (RFC 3986, 2.1 and 3.3). */
static void put_reference(struct buf *out, const char *member, const char *path)
{
	struct buf text = { 0 };
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;
		if (isalnum(c) || strchr("-._~/", c) != NULL)
			buf_char(&text, (char)c);
		else
			buf_printf(&text, "%%%02X", c);
	}
	object_text(out, member, buf_cstr(&text));
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}

static void put_number(struct buf *out, const char *name, uint64_t number)
{
	struct buf text = { 0 };
	buf_u64(&text, number);
	put_property(out, name, buf_cstr(&text));
	buf_free(&text);
}

/* ---- observations ---- */

static const char *method_of(const struct evidence *evidence)
{
	return evidence->observer == OBSERVER_PROBES ? "TEST" : "EXAMINE";
}

static void put_time_property(struct buf *out, const char *name, int64_t at_us)
{
	char text[TIME_TEXT_MAX];
	record_time_text(at_us, text);
	put_property(out, name, text);
}

static void put_review(struct buf *out, const struct collected *collected)
{
	const struct review *review = &collected->review;
	put_property(out, "reviewed", reviewed_name(collected->reviewed));
	if (collected->reviewed == REVIEWED_NOT)
		return;
	put_time_property(out, "review-at", review->at_us);
	put_property(out, "review-actor", review->actor);
	put_property(out, "review-outcome", review_outcome(review));
	put_property(out, "review-rows-sha256", review->rows);
	put_number(out, "review-audit-record", review->seq);
	if (collected->reviewed > REVIEWED_OTHER)
		put_time_property(out, "review-expires", collected->review_expires_us);
}

static void put_facts(struct buf *out, const struct report *report,
		      const struct collected *collected)
{
	struct buf ratio = { 0 };
	buf_decimal(&ratio, coverage_ratio(&collected->coverage));
	list_open(out, "props");
	put_number(out, "version", collected->evidence->version);
	put_property(out, "outcome", outcome_name(collected->outcome));
	put_property(out, "coverage", buf_cstr(&ratio));
	put_number(out, "rows", collected->rows.row_count);
	if (collected->judges)
		put_number(out, "deviations", collected->deviations);
	put_property(out, "rows-sha256", collected->sha256);
	put_property(out, "query-sha256", collected->evidence->query_sha256);
	if (report->reviews_problem[0] == '\0')
		put_review(out, collected);
	list_close(out);
	buf_free(&ratio);
}

static void put_subject(struct buf *out, const struct report *report)
{
	list_open(out, "subjects");
	object_open(out, NULL);
	put_uuid(out, report, "subject-uuid", "component", "host");
	object_text(out, "type", "component");
	object_end(out);
	list_close(out);
}

static void put_observation(struct buf *out, const struct report *report,
			    const struct collected *collected)
{
	const struct evidence *evidence = collected->evidence;
	struct buf remarks = { 0 };
	object_open(out, NULL);
	put_uuid(out, report, "uuid", "observation", evidence->id);
	object_text(out, "title", evidence->title);
	object_text(out, "description", evidence->shows);
	put_facts(out, report, collected);
	buf_printf(out, "\"methods\":[\"%s\"],", method_of(evidence));
	list_open(out, "types");
	buf_text(out, "\"control-objective\"");
	list_close(out);
	put_subject(out, report);
	list_open(out, "relevant-evidence");
	object_open(out, NULL);
	buf_printf(&remarks, "evidence/%s.csv", evidence->id);
	put_reference(out, "href", buf_cstr(&remarks) != NULL ? remarks.at : "");
	object_text(out, "description", evidence->question);
	object_end(out);
	list_close(out);
	object_time(out, "collected", report->ask.now_us, "Z");
	object_time(out, "expires", collected->expires_us, "Z");
	buf_clear(&remarks);
	buf_printf(&remarks, "%s %s", outcome_sentence(collected->outcome),
		   evidence->limits);
	if (collected->problem[0] != '\0')
		buf_printf(&remarks, " Problem: %s", collected->problem);
	buf_char(&remarks, ' ');
	words_review(&remarks, report, collected);
	object_text(out, "remarks", buf_cstr(&remarks));
	object_end(out);
	buf_free(&remarks);
}

static void put_observations(struct buf *out, const struct report *report)
{
	if (report->collected_count == 0)
		return;
	list_open(out, "observations");
	for (size_t i = 0; i < report->collected_count; i++)
		put_observation(out, report, &report->collected[i]);
	list_close(out);
}

/* ---- findings ---- */

static void put_related(struct buf *out, const struct report *report,
			const struct control *control)
{
	list_open(out, "related-observations");
	for (size_t i = 0; i < control->evidence_count; i++) {
		const struct evidence *evidence =
			&report->compliance->evidence[control->evidence[i]];
		object_open(out, NULL);
		put_uuid(out, report, "observation-uuid", "observation", evidence->id);
		object_end(out);
	}
	list_close(out);
}

static void put_finding(struct buf *out, const struct report *report,
			const struct control *control)
{
	char token[TOKEN_MAX];
	token_of(report->framework, control->id, token);
	object_open(out, NULL);
	put_uuid(out, report, "uuid", "finding", control->id);
	object_text(out, "title", control->title);
	object_text(out, "description", control->shows);
	list_open(out, "props");
	put_property(out, "strength", strength_name(control->strength));
	put_property(out, "control", control->id);
	list_close(out);
	object_open(out, "target");
	object_text(out, "type", "objective-id");
	object_text(out, "target-id", token);
	object_open(out, "status");
	object_text(out, "state", "not-satisfied");
	object_text(out, "reason", "other");
	object_text(out, "remarks", outcome_sentence(OUTCOME_DEVIATIONS));
	object_end(out);
	object_end(out);
	put_related(out, report, control);
	object_text(out, "remarks", control->missing);
	object_end(out);
}

static bool deviates(const struct report *report, size_t control)
{
	return report_outcome(report, &report->framework->controls[control]) ==
	       OUTCOME_DEVIATIONS;
}

static void put_findings(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	bool is_open = false;
	for (size_t i = 0; i < framework->control_count; i++) {
		if (!deviates(report, i))
			continue;
		if (!is_open)
			list_open(out, "findings");
		is_open = true;
		put_finding(out, report, &framework->controls[i]);
	}
	if (is_open) /* the schema allows no empty list */
		list_close(out);
}

/* ---- around them ---- */

static void put_selection(struct buf *out, const struct framework *framework)
{
	object_open(out, NULL);
	if (framework->control_count == 0) { /* the schema allows no empty list */
		object_text(out, "remarks", "The mapping has no control.");
		object_end(out);
		return;
	}
	list_open(out, "include-controls");
	for (size_t i = 0; i < framework->control_count; i++) {
		char token[TOKEN_MAX];
		token_of(framework, framework->controls[i].id, token);
		object_open(out, NULL);
		object_text(out, "control-id", token);
		object_end(out);
	}
	list_close(out);
	object_end(out);
}

static void put_selections(struct buf *out, const struct report *report)
{
	object_open(out, "reviewed-controls");
	list_open(out, "control-selections");
	put_selection(out, report->framework);
	list_close(out);
	object_end(out);
}

static void put_host(struct buf *out, const struct report *report)
{
	object_open(out, "local-definitions");
	list_open(out, "components");
	object_open(out, NULL);
	put_uuid(out, report, "uuid", "component", "host");
	object_text(out, "type", "hardware");
	object_text(out, "title", report->ask.host);
	object_text(out, "description", "The host on which Breakwater observed.");
	object_open(out, "status");
	object_text(out, "state", "operational");
	object_end(out);
	object_end(out);
	list_close(out);
	object_end(out);
}

static void put_result(struct buf *out, const struct report *report)
{
	object_open(out, NULL);
	put_uuid(out, report, "uuid", "result", report->framework->name);
	object_text(out, "title", report->framework->title);
	object_text(out, "description",
		    "What was observed at the ports of this host, as evidence for an "
		    "assessor. No statement that a control is satisfied.");
	object_time(out, "start", report->ask.since_us, "Z");
	object_time(out, "end", report->ask.until_us, "Z");
	put_host(out, report);
	put_selections(out, report);
	put_observations(out, report);
	put_findings(out, report);
	object_end(out);
}

static void put_metadata(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	struct buf title = { 0 };
	buf_printf(&title, "%s %s: what was observed at the ports of %s",
		   framework->title, framework->edition, report->ask.host);
	object_open(out, "metadata");
	object_text(out, "title", buf_cstr(&title));
	object_time(out, "last-modified", report->ask.now_us, "Z");
	object_text(out, "version", BREAKWATER_VERSION);
	object_text(out, "oscal-version", OSCAL_VERSION);
	object_end(out);
	buf_free(&title);
}

/* The schema asks for a plan: what is asked of which control is the mapping. */
static void put_mapping(struct buf *out, const struct report *report)
{
	const struct framework *framework = report->framework;
	object_open(out, "back-matter");
	list_open(out, "resources");
	object_open(out, NULL);
	put_uuid(out, report, "uuid", "mapping", framework->name);
	object_text(out, "title", framework->source);
	list_open(out, "props");
	put_property(out, "mapping-reviewed", framework->reviewed);
	put_property(out, "mapping-sha256", framework->sha256);
	list_close(out);
	object_end(out);
	list_close(out);
	object_end(out);
}

static void put_plan(struct buf *out, const struct report *report)
{
	struct buf uuid = { 0 };
	put_uuid(&uuid, report, "href", "mapping", report->framework->name);
	object_open(out, "import-ap");
	/* "href":"..." with the sign of a place in this file. */
	if (buf_cstr(&uuid) != NULL)
		buf_printf(out, "\"href\":\"#%s",
			   buf_cstr(&uuid) + strlen("\"href\":\""));
	object_end(out);
	buf_free(&uuid);
}

void report_oscal(const struct report *report, struct buf *out)
{
	object_open(out, NULL);
	object_open(out, "assessment-results");
	put_uuid(out, report, "uuid", "results", report->framework->name);
	put_metadata(out, report);
	put_plan(out, report);
	list_open(out, "results");
	put_result(out, report);
	list_close(out);
	put_mapping(out, report);
	object_end(out);
	object_close(out);
	buf_char(out, '\n');
}
