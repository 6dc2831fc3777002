/*
 * propose.c: writes a register of what was seen, for a person to fill in.
 *
 * It reads back, and allows everything it was made from: groups that would overlap are
 * joined to one entry that says only what is true of both.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/seen.h"

enum { RUN_MIN = 4 }; /* consecutive ports that are written as a range */

static int by_port(const void *a, const void *b)
{
	const struct group *p = a, *q = b;
	const struct entry *e = &p->entry, *f = &q->entry;
	if (e->transport != f->transport)
		return e->transport < f->transport ? -1 : 1;
	if (e->first != f->first)
		return e->first < f->first ? -1 : 1;
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		const char *s = e->texts[i] != NULL ? e->texts[i] : "";
		const char *t = f->texts[i] != NULL ? f->texts[i] : "";
		if (strcmp(s, t) != 0)
			return strcmp(s, t);
	}
	return (int)e->scope - (int)f->scope;
}

static bool is_same_port(const struct entry *a, const struct entry *b)
{
	return a->transport == b->transport && a->first == b->first;
}

static bool is_overlap(const struct entry *a, const struct entry *b)
{
	return a->scope == b->scope && entry_may_be_one_program(a, b) &&
	       prefixes_overlap(&a->addresses, &b->addresses);
}

/* Too many for a list are any. */
static void add_all(struct prefixes *into, const struct prefixes *from)
{
	into->any |= from->any;
	for (size_t i = 0; i < from->count && !into->any; i++)
		into->any = !prefixes_add(into, &from->at[i]);
}

/* What is said of a program stays only where both say it; the rest is added up. */
static void join(struct group *into, const struct group *from)
{
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++)
		if (from->entry.texts[i] == NULL) {
			free(into->entry.texts[i]);
			into->entry.texts[i] = NULL;
		}
	into->flows += from->flows;
	add_all(&into->entry.addresses, &from->entry.addresses);
	add_all(&into->private, &from->private);
	add_all(&into->public, &from->public);
}

/* Joins with groups[i] all that overlap it; true if there were any. */
static bool join_overlaps(struct group *groups, size_t i, size_t count)
{
	bool joined = false;
	for (size_t j = i + 1; j < count; j++) {
		if (groups[j].joined || !is_overlap(&groups[i].entry, &groups[j].entry))
			continue;
		join(&groups[i], &groups[j]);
		groups[j].joined = true;
		joined = true;
	}
	return joined;
}

/* All of one port.  A joined group is wider and may overlap others: until none does. */
static void join_port(struct group *groups, size_t count)
{
	bool joined;
	do {
		joined = false;
		for (size_t i = 0; i < count; i++)
			joined |= !groups[i].joined && join_overlaps(groups, i, count);
	} while (joined);
}

static bool is_same_list(const struct prefixes *a, const struct prefixes *b)
{
	if (a->any || b->any)
		return a->any == b->any;
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].len != b->at[i].len ||
		    !addr_equal(&a->at[i].addr, &b->at[i].addr))
			return false;
	return true;
}

static bool is_next_of_run(const struct group *a, const struct group *b, unsigned port)
{
	if (b->entry.transport != a->entry.transport || b->entry.first != port ||
	    b->entry.scope != a->entry.scope)
		return false;
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		const char *s = a->entry.texts[i], *t = b->entry.texts[i];
		if ((s == NULL) != (t == NULL) || (s != NULL && strcmp(s, t) != 0))
			return false;
	}
	return is_same_list(&a->entry.addresses, &b->entry.addresses) &&
	       is_same_list(&a->private, &b->private) &&
	       is_same_list(&a->public, &b->public);
}

/* Index of the group, from there on, that goes on with that port; count: none does. */
static size_t find_next(struct group *groups, size_t from, size_t count,
			const struct group *like, unsigned port)
{
	for (size_t i = from; i < count; i++) {
		if (groups[i].joined)
			continue;
		if (groups[i].entry.transport != like->entry.transport ||
		    groups[i].entry.first > port)
			return count;
		if (is_next_of_run(like, &groups[i], port))
			return i;
	}
	return count;
}

/* Makes a range of groups[i] and those that differ in nothing but the next ports. */
static void join_run(struct group *groups, size_t i, size_t count)
{
	struct group *group = &groups[i];
	unsigned last = group->entry.first;
	size_t at = i;
	while (last < UINT16_MAX &&
	       (at = find_next(groups, at + 1, count, group, last + 1)) < count)
		last++;
	if (last - group->entry.first + 1 < RUN_MIN)
		return;
	at = i;
	for (unsigned port = group->entry.first + 1u; port <= last; port++) {
		at = find_next(groups, at + 1, count, group, port);
		group->flows += groups[at].flows;
		groups[at].joined = true;
	}
	group->entry.last = (uint16_t)last;
}

/* Plain if it can't be taken for anything but a text. */
static void put_text(struct buf *out, const char *text)
{
	bool plain = isalpha((unsigned char)text[0]) || text[0] == '/';
	for (const char *s = text; plain && *s != '\0'; s++)
		plain = isalnum((unsigned char)*s) || strchr("/._+@-", *s) != NULL;
	if (plain && strcasecmp(text, "null") != 0) {
		buf_text(out, text);
		return;
	}
	buf_char(out, '"');
	buf_json_text(out, text);
	buf_char(out, '"');
}

static bool is_all_loopback(const struct prefixes *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!prefix_is_loopback(&list->at[i]))
			return false;
	return !list->any;
}

/* All of loopback is among them. */
static bool has_usual_loopback(const struct prefixes *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].len < 128)
			return true;
	return false;
}

static void put_list(struct buf *out, const struct prefixes *list, size_t *count)
{
	for (size_t i = 0; i < list->count; i++) {
		buf_text(out, (*count)++ > 0 ? ", \"" : "\"");
		prefix_say(out, &list->at[i]);
		buf_char(out, '"');
	}
}

static void put_addresses(struct buf *out, const struct prefixes *list)
{
	size_t count = 0;
	buf_text(out, "    address: ");
	if (list->any) {
		buf_text(out, "any");
	} else if (is_all_loopback(list) && has_usual_loopback(list)) {
		buf_text(out, "loopback");
	} else {
		buf_char(out, '[');
		put_list(out, list, &count);
		buf_char(out, ']');
	}
	buf_char(out, '\n');
}

static void put_clients(struct buf *out, const struct group *group)
{
	size_t count = 0;
	buf_text(out, "    clients: ");
	/* Who reaches a port of another namespace is not seen at ours. */
	if (group->public.any || group->entry.scope == SCOPE_OTHER) {
		buf_text(out, "any\n");
		return;
	}
	bool has_clients = group->private.any || group->private.count > 0 ||
			   group->public.count > 0;
	if (!has_clients && is_all_loopback(&group->entry.addresses)) {
		buf_text(out, "loopback\n");
		return;
	}
	buf_char(out, '[');
	if (group->private.any) {
		buf_text(out, "private");
		count++;
	} else {
		put_list(out, &group->private, &count);
	}
	put_list(out, &group->public, &count);
	buf_text(out, count > 0 ? "]\n"
				: "] # nobody was seen: list who may, or write any\n");
}

static void put_group(struct buf *out, const struct group *group)
{
	const struct entry *entry = &group->entry;
	buf_text(out, "\n  # ");
	buf_json_text(out, group->process[0] != '\0' ? group->process : "unknown");
	if (group->package[0] != '\0') {
		buf_text(out, " of ");
		buf_json_text(out, group->package);
	}
	buf_printf(out, ", %llu connections seen\n  - port: %u",
		   (unsigned long long)group->flows, entry->first);
	if (entry->last != entry->first)
		buf_printf(out, "-%u", entry->last);
	buf_printf(out, "\n    transport: %s\n", transport_names[entry->transport]);
	put_addresses(out, &entry->addresses);
	if (entry->scope == SCOPE_OTHER)
		buf_text(out, "    namespace: other\n");
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		if (entry->texts[i] == NULL)
			continue;
		buf_printf(out, "    %s: ", entry_text_names[i]);
		put_text(out, entry->texts[i]);
		buf_char(out, '\n');
	}
	put_clients(out, group);
	buf_text(out, "    owner: \"\"\n    reason: \"\"\n    approver: \"\"\n");
}

static void put_head(struct buf *out, const struct policy_seen *seen, int64_t now_us,
		     size_t left_out)
{
	char text[TIME_TEXT_MAX];
	record_time_text(now_us, text);
	buf_printf(
		out,
		"# The register of authorised ports, as proposed at %.19sZ.\n"
		"# Read every entry: what was there is not what should be.  Fill in\n"
		"# owner, reason and approver; take out what nobody wants to own.\n",
		text);
	if (seen->hidden > 0)
		buf_printf(out,
			   "# Left out: %llu listeners that are hidden from /proc.\n",
			   (unsigned long long)seen->hidden);
	if (left_out > 0)
		buf_printf(out,
			   "# Left out: %zu, as a register has at most %d entries.\n",
			   left_out, ENTRIES_MAX);
}

static void put_groups(struct buf *out, struct group *groups, size_t count)
{
	size_t put = 0;
	for (size_t i = 0; i < count && put < ENTRIES_MAX; i++) {
		if (groups[i].joined)
			continue;
		buf_text(out, put++ == 0 ? "\nports:" : "");
		put_group(out, &groups[i]);
	}
	if (put == 0)
		buf_text(out, "\nports: []\n");
}

static void join_groups(struct group *groups, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		end = i + 1;
		while (end < count &&
		       is_same_port(&groups[i].entry, &groups[end].entry))
			end++;
		join_port(groups + i, end - i);
	}
	for (size_t i = 0; i < count; i++)
		if (!groups[i].joined)
			join_run(groups, i, count);
}

void policy_propose(struct policy_seen *seen, int64_t now_us, struct buf *out)
{
	struct group *groups = seen->groups;
	size_t entries = 0;
	if (seen->failed) {
		out->failed = true;
		return;
	}
	if (seen->count > 0)
		qsort(groups, seen->count, sizeof(*groups), by_port);
	join_groups(groups, seen->count);
	for (size_t i = 0; i < seen->count; i++)
		entries += !groups[i].joined;
	size_t over = entries > ENTRIES_MAX ? entries - ENTRIES_MAX : 0;
	put_head(out, seen, now_us, over + (size_t)seen->left_out);
	put_groups(out, groups, seen->count);
}
