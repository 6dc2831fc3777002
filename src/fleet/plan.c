/*
 * plan.c: see plan.h.  The plan as a text, and how it changes.
 */
#include "fleet/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "breakwater plan 1"

static const char *const state_names[PLAN_STATES] = { "idle", "rolling", "done",
						      "halted" };

const char *plan_state_name(enum plan_state state)
{
	return state_names[state];
}

void plan_key(const struct document_scope *scope, enum document_kind kind,
	      uint64_t version, char out[static PLAN_KEY_MAX])
{
	char text[SCOPE_TEXT_MAX];
	document_scope_text(scope, text);
	for (char *at = text; *at != '\0'; at++)
		if (*at == ':') /* a key may not have it, and a word no '=' */
			*at = '=';
	snprintf(out, PLAN_KEY_MAX, PLAN_DOCUMENTS "%s.%s.%" PRIu64, text,
		 document_kind_name(kind), version);
}

/* ---- as a text ---- */

static void write_steps(const struct plan_rollout *r, struct buf *out)
{
	for (size_t i = 0; i < r->step_count; i++)
		buf_printf(out, "%s%u%%", i > 0 ? "," : "", r->steps[i]);
}

static void write_rollout(const struct plan_rollout *r, struct buf *out)
{
	char scope[SCOPE_TEXT_MAX];
	if (r->state == PLAN_IDLE)
		return;
	document_scope_text(&r->scope, scope);
	buf_printf(out, "rollout %s %s %s %" PRIu64 " %" PRIu64 " ",
		   state_names[r->state], scope, document_kind_name(r->kind), r->before,
		   r->coming);
	write_steps(r, out);
	buf_printf(out,
		   " %u %" PRIu64 " %u %" PRId64 " %" PRId64 " %" PRId64 "\nby %s\n",
		   r->step, r->share, r->wait_s, r->begun_us, r->step_us, r->ended_us,
		   r->by);
	if (r->ended_by[0] != '\0')
		buf_printf(out, "ended %s\n", r->ended_by);
	if (r->why[0] != '\0')
		buf_printf(out, "why %s\n", r->why);
}

void plan_write(const struct plan *plan, struct buf *out)
{
	char scope[SCOPE_TEXT_MAX];
	buf_printf(out, MAGIC "\nlast %" PRIu64 "\n", plan->last_version);
	write_rollout(&plan->rollout, out);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_entry *entry = &plan->entries[i];
		document_scope_text(&entry->scope, scope);
		buf_printf(out, "entry %s %s %" PRIu64 "\n", scope,
			   document_kind_name(entry->kind), entry->version);
	}
}

/* ---- read ---- */

enum { WORDS_MAX = 16, LINE_MAX = 512 };

struct line {
	char text[LINE_MAX];
	char *words[WORDS_MAX];
	size_t count;
};

/* Words are apart by one blank; the text of by, ended and why is one. */
static void split(struct line *line)
{
	char *at = line->text;
	bool is_text = strncmp(at, "by ", 3) == 0 || strncmp(at, "why ", 4) == 0 ||
		       strncmp(at, "ended ", 6) == 0;
	line->count = 0;
	while (line->count < WORDS_MAX) {
		line->words[line->count++] = at;
		at = strchr(at, ' ');
		if (at == NULL)
			return;
		*at++ = '\0';
		if (is_text && line->count == 1) {
			line->words[line->count++] = at;
			return;
		}
	}
	line->count = WORDS_MAX + 1; /* too many */
}

static bool number_of(const char *word, uint64_t most, uint64_t *out)
{
	char *end;
	if (word[0] < '0' || word[0] > '9' || strlen(word) > 19)
		return false;
	*out = strtoull(word, &end, 10);
	return *end == '\0' && *out <= most;
}

static bool time_of(const char *word, int64_t *out)
{
	uint64_t number = 0;
	bool good = number_of(word, INT64_MAX, &number);
	*out = (int64_t)number;
	return good;
}

static bool place_of(const struct line *line, size_t first,
		     struct document_scope *scope, enum document_kind *kind)
{
	int of = document_kind_of(line->words[first + 1]);
	if (of == DOCUMENT_KIND_NONE || of == DOCUMENT_SHARED)
		return false;
	*kind = (enum document_kind)of;
	return document_scope_parse(line->words[first], scope);
}

static int state_of(const char *word)
{
	for (int i = PLAN_ROLLING; i < PLAN_STATES; i++)
		if (strcmp(word, state_names[i]) == 0)
			return i;
	return PLAN_IDLE;
}

static bool read_rollout(const struct line *line, struct plan_rollout *r)
{
	uint64_t step = 0, wait_s = 0;
	struct plan_wish wish = { .steps = { 0 } };
	if (line->count != 13 || r->state != PLAN_IDLE)
		return false;
	r->state = (enum plan_state)state_of(line->words[1]);
	bool good = r->state != PLAN_IDLE && place_of(line, 2, &r->scope, &r->kind) &&
		    number_of(line->words[4], INT64_MAX, &r->before) &&
		    number_of(line->words[5], INT64_MAX, &r->coming) &&
		    plan_steps_parse(line->words[6], &wish) &&
		    number_of(line->words[7], wish.step_count - 1U, &step) &&
		    number_of(line->words[8], UINT64_C(1) << 32, &r->share) &&
		    number_of(line->words[9], UINT32_MAX, &wait_s) &&
		    time_of(line->words[10], &r->begun_us) &&
		    time_of(line->words[11], &r->step_us) &&
		    time_of(line->words[12], &r->ended_us);
	memcpy(r->steps, wish.steps, sizeof(r->steps));
	r->step_count = wish.step_count;
	r->step = (uint8_t)step;
	r->wait_s = (uint32_t)wait_s;
	return good;
}

static bool read_entry(const struct line *line, struct plan *plan)
{
	struct plan_entry *entry = &plan->entries[plan->count];
	if (line->count != 4 || plan->count == PLAN_ENTRIES_MAX ||
	    !place_of(line, 1, &entry->scope, &entry->kind) ||
	    !number_of(line->words[3], INT64_MAX, &entry->version) ||
	    plan_find(plan, &entry->scope, entry->kind) != NULL)
		return false;
	plan->count++;
	return true;
}

/* A line whose value is a text. */
static bool read_text(const struct line *line, struct plan_rollout *r)
{
	const struct {
		const char *name;
		char *at;
		size_t size;
	} texts[] = { { "by", r->by, sizeof(r->by) },
		      { "ended", r->ended_by, sizeof(r->ended_by) },
		      { "why", r->why, sizeof(r->why) } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (line->count == 2 && strcmp(line->words[0], texts[i].name) == 0)
			return snprintf(texts[i].at, texts[i].size, "%s",
					line->words[1]) < (int)texts[i].size;
	return false;
}

static bool take_words(struct line *line, struct plan *plan)
{
	struct plan_rollout *r = &plan->rollout;
	split(line);
	const char *first = line->words[0];
	if (strcmp(first, "last") == 0 && line->count == 2)
		return number_of(line->words[1], INT64_MAX, &plan->last_version);
	if (strcmp(first, "rollout") == 0)
		return read_rollout(line, r);
	if (strcmp(first, "entry") == 0)
		return read_entry(line, plan);
	return read_text(line, r);
}

/* The next one, without its end; false: there is none that can be one. */
static bool next_line(const char **at, size_t *len, struct line *line)
{
	const char *end = memchr(*at, '\n', *len);
	size_t part = end != NULL ? (size_t)(end - *at) : 0;
	if (end == NULL || part >= sizeof(line->text) ||
	    memchr(*at, '\0', part) != NULL)
		return false;
	memcpy(line->text, *at, part);
	line->text[part] = '\0';
	*at += part + 1;
	*len -= part + 1;
	return true;
}

static bool read_lines(const char *at, size_t len, struct plan *out)
{
	struct line line;
	if (!next_line(&at, &len, &line) || strcmp(line.text, MAGIC) != 0)
		return false;
	while (len > 0)
		if (!next_line(&at, &len, &line) || !take_words(&line, out))
			return false;
	const struct plan_rollout *r = &out->rollout;
	return r->state == PLAN_IDLE ||
	       (r->by[0] != '\0' && plan_find(out, &r->scope, r->kind) != NULL);
}

bool plan_read(const void *text, size_t len, struct plan *out,
	       char why[static DOCUMENT_WHY_MAX])
{
	memset(out, 0, sizeof(*out));
	why[0] = '\0';
	if (len == 0 || read_lines(text, len, out))
		return true;
	memset(out, 0, sizeof(*out));
	snprintf(why, DOCUMENT_WHY_MAX, "the plan in the bucket can't be read");
	return false;
}

/* ---- what it says ---- */

struct plan_entry *plan_find(struct plan *plan, const struct document_scope *scope,
			     enum document_kind kind)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct plan_entry *entry = &plan->entries[i];
		if (entry->kind == kind &&
		    document_scope_compare(&entry->scope, scope) == 0)
			return entry;
	}
	return NULL;
}

uint64_t plan_coming(const struct plan *plan, const struct plan_entry *entry)
{
	const struct plan_rollout *r = &plan->rollout;
	bool is_rolling = r->state == PLAN_ROLLING && r->kind == entry->kind &&
			  document_scope_compare(&r->scope, &entry->scope) == 0;
	return is_rolling ? r->coming : 0;
}

uint64_t plan_version_for(const struct plan *plan, const struct plan_entry *entry,
			  const char *sensor)
{
	uint64_t coming = plan_coming(plan, entry);
	return coming != 0 && plan_is_told(plan, sensor) ? coming : entry->version;
}

/* ---- changes ---- */

bool plan_steps_parse(const char *text, struct plan_wish *wish)
{
	unsigned long before = 0;
	wish->step_count = 0;
	for (;;) {
		char *end;
		unsigned long percent = strtoul(text, &end, 10);
		if (text[0] < '0' || text[0] > '9' || percent <= before ||
		    percent > 100 || wish->step_count == PLAN_STEPS_MAX)
			return false;
		end += *end == '%';
		wish->steps[wish->step_count++] = (uint8_t)percent;
		before = percent;
		if (*end == '\0')
			return percent == 100;
		if (*end != ',')
			return false;
		text = end + 1;
	}
}

static int entry_compare(const struct plan_entry *a, const struct plan_entry *b)
{
	int order = document_scope_compare(&a->scope, &b->scope);
	return order != 0 ? order : (int)a->kind - (int)b->kind;
}

/* NULL: there is no room. */
static struct plan_entry *entry_of(struct plan *plan, const struct plan_wish *wish)
{
	struct plan_entry *entry = plan_find(plan, &wish->scope, wish->kind);
	if (entry != NULL || plan->count == PLAN_ENTRIES_MAX)
		return entry;
	const struct plan_entry fresh = { wish->scope, wish->kind, 0 };
	size_t at = plan->count++;
	while (at > 0 && entry_compare(&fresh, &plan->entries[at - 1]) < 0) {
		plan->entries[at] = plan->entries[at - 1];
		at--;
	}
	plan->entries[at] = fresh;
	return &plan->entries[at];
}

bool plan_begin(struct plan *plan, const struct plan_wish *wish, int64_t now_us,
		char why[static PLAN_WHY_MAX])
{
	struct plan_rollout *r = &plan->rollout;
	char scope[SCOPE_TEXT_MAX];
	document_scope_text(&r->scope, scope);
	if (r->state == PLAN_ROLLING) {
		snprintf(why, PLAN_WHY_MAX,
			 "%s for %.80s, version %" PRIu64 ", is being rolled out, and "
			 "one is at a time: wait, or end it with breakwater fleet back",
			 document_kind_name(r->kind), scope, r->coming);
		return false;
	}
	const struct plan_entry *entry = entry_of(plan, wish);
	if (entry == NULL) {
		snprintf(why, PLAN_WHY_MAX,
			 "%d documents are in force, as many as may be",
			 PLAN_ENTRIES_MAX);
		return false;
	}
	*r = (struct plan_rollout){
		.state = PLAN_ROLLING,
		.scope = wish->scope,
		.kind = wish->kind,
		.before = entry->version,
		.coming = ++plan->last_version,
		.step_count = wish->step_count,
		.wait_s = wish->wait_s,
		.begun_us = now_us,
	};
	memcpy(r->steps, wish->steps, sizeof(r->steps));
	snprintf(r->by, sizeof(r->by), "%s", wish->by);
	return true;
}

/* A word of a stranger's, in a text of lines. */
static void take_line_text(char out[static PLAN_WHY_MAX], const char *text)
{
	snprintf(out, PLAN_WHY_MAX, "%s", text);
	for (char *at = out; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = ' ';
}

uint64_t plan_halt(struct plan *plan, const char *by, const char *why, int64_t now_us)
{
	struct plan_rollout *r = &plan->rollout;
	struct plan_entry *entry = plan_find(plan, &r->scope, r->kind);
	r->state = PLAN_HALTED;
	r->ended_us = now_us;
	snprintf(r->ended_by, sizeof(r->ended_by), "%s", by);
	take_line_text(r->why, why);
	entry->version = ++plan->last_version;
	return entry->version;
}
