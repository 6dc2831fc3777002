/*
 * check.c: what is wrong between entries, and what a reviewer should be told.
 *
 * Overlap is an error, even where both entries say the same: the reader of a pull
 * request must be able to believe the line that is in front of them, without looking
 * for another that allows more.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/entry.h"

enum { OVERLAPS_SAID_MAX = 20 };

static int by_port(const void *a, const void *b)
{
	const struct entry *p = a, *q = b;
	if (p->transport != q->transport)
		return p->transport < q->transport ? -1 : 1;
	if (p->first != q->first)
		return p->first < q->first ? -1 : 1;
	return p->line < q->line ? -1 : p->line > q->line;
}

bool entry_may_be_one_program(const struct entry *a, const struct entry *b)
{
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++)
		if (a->texts[i] != NULL && b->texts[i] != NULL &&
		    strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

static bool is_same_program(const struct entry *a, const struct entry *b)
{
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++)
		if ((a->texts[i] != NULL) != (b->texts[i] != NULL))
			return false;
	return entry_may_be_one_program(a, b);
}

static bool is_overlap(const struct entry *a, const struct entry *b)
{
	bool scopes =
		a->scope == SCOPE_ANY || b->scope == SCOPE_ANY || a->scope == b->scope;
	return scopes && a->first <= b->last && b->first <= a->last &&
	       entry_may_be_one_program(a, b) &&
	       prefixes_overlap(&a->addresses, &b->addresses);
}

static void say_overlap(const struct policy *policy, const struct entry *first,
			const struct entry *second, struct buf *errors)
{
	if (second->line < first->line) {
		const struct entry *swap = first;
		first = second;
		second = swap;
	}
	buf_json_text(errors, policy->name);
	buf_printf(errors, ":%zu:%zu: ", second->line, second->column);
	entry_say_port(errors, second);
	buf_printf(errors,
		   " %s the entry in line %zu; allowed are entries that differ "
		   "in port, transport, address, namespace or program\n",
		   is_same_program(first, second) ? "repeats or overlaps"
						  : "may be the same program as",
		   first->line);
}

static bool say_overlaps(const struct policy *policy, struct buf *errors)
{
	size_t said = 0;
	for (size_t i = 0; i < policy->count && said < OVERLAPS_SAID_MAX; i++) {
		const struct entry *a = &policy->entries[i];
		for (size_t j = i + 1; j < policy->count && said < OVERLAPS_SAID_MAX &&
				       policy->entries[j].transport == a->transport &&
				       policy->entries[j].first <= a->last;
		     j++) {
			if (!is_overlap(a, &policy->entries[j]))
				continue;
			say_overlap(policy, a, &policy->entries[j], errors);
			said++;
		}
	}
	return said == 0;
}

bool policy_index(struct policy *policy, struct buf *errors)
{
	if (policy->count > 0)
		qsort(policy->entries, policy->count, sizeof(*policy->entries),
		      by_port);
	policy->reach = calloc(policy->count + 1, sizeof(*policy->reach));
	if (policy->reach == NULL)
		return false;
	for (size_t i = 0; i < policy->count; i++) {
		struct entry *entry = &policy->entries[i];
		if (!entry_identify(entry))
			return false;
		bool follows =
			i > 0 && policy->entries[i - 1].transport == entry->transport;
		uint16_t before = follows ? policy->reach[i - 1] : 0;
		policy->reach[i] = before > entry->last ? before : entry->last;
		for (unsigned t = entry->transport + 1; t <= TRANSPORTS; t++)
			policy->begin[t] = i + 1;
	}
	return say_overlaps(policy, errors);
}

size_t policy_count_expired(const struct policy *policy, int64_t now_us)
{
	size_t count = 0;
	for (size_t i = 0; i < policy->count; i++)
		count += policy->entries[i].expires_us <= now_us;
	return count;
}

int64_t policy_next_expiry(const struct policy *policy, int64_t now_us)
{
	int64_t next = EXPIRES_NEVER;
	for (size_t i = 0; i < policy->count; i++) {
		int64_t expires = policy->entries[i].expires_us;
		if (expires > now_us && expires < next)
			next = expires;
	}
	return next;
}

static bool is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* Starts a line "name:line:column: 22/tcp "; the caller ends it. */
static struct buf *begin_advice(const struct policy *policy, const struct entry *entry,
				struct buf *out)
{
	buf_json_text(out, policy->name);
	buf_printf(out, ":%zu:%zu: ", entry->line, entry->column);
	entry_say_port(out, entry);
	buf_char(out, ' ');
	return out;
}

static size_t say_missing(const struct policy *policy, const struct entry *entry,
			  struct buf *out)
{
	size_t missing = 0;
	for (unsigned i = TEXT_OWNER; i <= TEXT_APPROVER; i++) {
		if (!is_empty(entry->texts[i]))
			continue;
		if (missing++ == 0)
			buf_text(begin_advice(policy, entry, out), "has no ");
		else
			buf_text(out, ", no ");
		buf_text(out, entry_text_names[i]);
	}
	if (missing > 0)
		buf_char(out, '\n');
	return missing > 0;
}

size_t policy_review(const struct policy *policy, int64_t now_us, struct buf *out)
{
	size_t said = 0;
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		said += say_missing(policy, entry, out);
		if (entry->expires_us <= now_us) {
			char text[TIME_TEXT_MAX];
			record_time_text(entry->expires_us, text);
			buf_printf(begin_advice(policy, entry, out),
				   "has expired at %s\n", text);
			said++;
		}
	}
	return said;
}
