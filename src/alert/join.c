/*
 * join.c: which incident an alert or finding belongs to.
 *
 * One alert a cause is what people ask for first of all (docs/alerts.md); but what is
 * joined without need hides a second trouble behind a first one.  So what joins is
 * certain (a parent that is down, the same service), or happens within minutes on the
 * same host, or at the same moment everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "alert/book.h"

/* What begins on a host so soon after another trouble there comes of it. */
#define HOST_US (300 * BOOK_SECOND_US)
/* What is over and comes back within that time is the same trouble (flapping). */
#define AGAIN_US (900 * BOOK_SECOND_US)
/* Services that fall by one cut are noticed within a round of probes. */
#define MANY_US (60 * BOOK_SECOND_US)

enum {
	MANY = 3,  /* two may be a coincidence */
	DEPTH = 8, /* of parents of parents; ends circles, too */
	PARENT_TRIES = 16,
};

/* ---- parents ---- */

/* Where it is, or would be: a free place, or else that of another one. */
static struct parent *parent_at(struct incident_book *book, uint64_t target)
{
	struct parent *first = &book->parents[target % BOOK_PARENTS];
	for (size_t i = 0; i < PARENT_TRIES; i++) {
		struct parent *at = &book->parents[(target + i) % BOOK_PARENTS];
		if (at->target == target || at->target == 0)
			return at;
	}
	return first;
}

/* 0: none. */
static uint64_t parent_of(struct incident_book *book, uint64_t target)
{
	const struct parent *at = parent_at(book, target);
	return at->target == target ? at->parent : 0;
}

void incident_book_parent(struct incident_book *book, const char *target,
			  const char *parent)
{
	uint64_t hash = book_hash(target);
	struct parent *at = parent_at(book, hash);
	if (parent[0] != '\0')
		*at = (struct parent){ hash, book_hash(parent) };
	else if (at->target == hash)
		at->parent = 0;
}

void incident_book_of_all(struct incident_book *book, const char *sensor,
			  const char *target)
{
	uint64_t hash = book_target(sensor, target), all = book_target("", target);
	if (hash != all)
		*parent_at(book, hash) = (struct parent){ hash, all };
}

static struct entry *open_about(struct incident_book *book, uint64_t target)
{
	for (size_t i = 0; i < BOOK_MEMBERS; i++) {
		struct member *member = &book->members[i];
		if (member->is_open && member->target == target &&
		    entry_is_firing(member->entry) && member->entry->record.ahead != 1)
			return member->entry;
	}
	return NULL;
}

/* Of the nearest of those that it depends on, at any distance, that is in trouble. */
static struct entry *of_parents(struct incident_book *book, uint64_t target)
{
	struct entry *entry = NULL;
	for (int i = 0; i < DEPTH && entry == NULL && target != 0; i++) {
		target = parent_of(book, target);
		entry = target != 0 ? open_about(book, target) : NULL;
	}
	return entry;
}

/* ---- one by one ---- */

/* Closed by a person, or a part: what comes is another one. */
static bool is_over_lately(const struct entry *entry, int64_t now_us)
{
	return entry->record.id[0] != '\0' && !entry_is_firing(entry) &&
	       strcmp(entry->record.closed_by, INCIDENT_BY_ITSELF) == 0 &&
	       !incident_is_part(&entry->record) &&
	       now_us - entry->record.end <= AGAIN_US;
}

static bool is_same_service(const struct entry *entry, const struct about *about)
{
	return entry_is_of(entry, about->sensor) && !addr_is_unset(&about->ip) &&
	       about->port != UNKNOWN_U32 &&
	       addr_equal(&entry->record.first_ip, &about->ip) &&
	       entry->record.first_port == about->port &&
	       (entry->record.first_transport == NULL || about->transport == NULL ||
		strcmp(entry->record.first_transport, about->transport) == 0);
}

static bool is_same_host_now(const struct entry *entry, const struct about *about)
{
	int64_t apart_us = about->first_us - entry->record.first;
	return entry_is_of(entry, about->sensor) && !addr_is_unset(&about->ip) &&
	       addr_equal(&entry->record.first_ip, &about->ip) && apart_us <= HOST_US &&
	       apart_us >= -HOST_US;
}

/*
 * A port that was opened, and what will be, are open for days: no sign of what is slow
 * or down now, nor over when that is.
 */
static bool is_alike(const struct entry *entry, const struct about *about)
{
	bool is_finding = strcmp(about->kind, "finding") == 0;
	bool is_same =
		is_finding ? entry->record.alerts == 0 : entry->record.findings == 0;
	return is_same && (entry->record.ahead == 1) == about->is_ahead;
}

/* What somebody did belongs to him, and to what it does to a service: two attackers
 * are never one.
 */
static bool is_close(const struct entry *entry, const struct about *about)
{
	bool is_attack = about->attack[0] != '\0';
	if (entry->is_attack && is_attack)
		return false;
	if (!entry->is_attack && !is_attack && !is_alike(entry, about))
		return false;
	if (entry->target == book_target(about->sensor, about->target) ||
	    is_same_service(entry, about))
		return true;
	return !entry->is_attack && !is_attack && is_same_host_now(entry, about);
}

static bool falls_with(const struct entry *entry, const struct about *about)
{
	return entry->is_many && about->attack[0] == '\0' &&
	       strcmp(entry->record.rule, about->rule) == 0 &&
	       about->now_us - entry->joined_us <= MANY_US;
}

static bool comes_back(const struct entry *entry, const struct about *about)
{
	return is_over_lately(entry, about->now_us) &&
	       strcmp(entry->record.rule, about->rule) == 0 &&
	       entry->target == book_target(about->sensor, about->target);
}

/* One that goes on after another was closed has an id of its own. */
static bool is_of_attack(const struct entry *entry, const char *attack, uint64_t hash)
{
	return entry->is_attack &&
	       (entry->attack == hash || strcmp(entry->record.id, attack) == 0);
}

struct entry *book_attack(struct incident_book *book, const char *attack,
			  int64_t now_us)
{
	const uint64_t hash = book_hash(attack);
	struct entry *over = NULL;
	for (size_t i = 0; i < BOOK_INCIDENTS && attack[0] != '\0'; i++) {
		struct entry *entry = &book->entries[i];
		if (!is_of_attack(entry, attack, hash))
			continue;
		if (entry_is_firing(entry))
			return entry;
		if (is_over_lately(entry, now_us))
			over = entry;
	}
	return over;
}

struct entry *book_join(struct incident_book *book, const struct about *about)
{
	struct entry *entry = book_attack(book, about->attack, about->now_us);
	if (entry == NULL && about->attack[0] == '\0' && !about->is_ahead)
		entry = of_parents(book, book_target(about->sensor, about->target));
	if (entry != NULL)
		return entry;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (entry_is_firing(&book->entries[i]) &&
		    (is_close(&book->entries[i], about) ||
		     falls_with(&book->entries[i], about)))
			return &book->entries[i];
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (comes_back(&book->entries[i], about))
			return &book->entries[i];
	return NULL;
}

/* ---- parts ---- */

static const char part_of[] = "part of incident ";

bool incident_is_part(const struct incident_record *incident)
{
	return strncmp(incident->close_reason, part_of, sizeof(part_of) - 1) == 0;
}

void book_move(struct incident_book *book, struct entry *from, struct entry *to,
	       int64_t now_us)
{
	char why[64];
	field_text256 summary;
	for (size_t i = 0; i < BOOK_MEMBERS; i++)
		if (book->members[i].entry == from)
			book->members[i].entry = to;
	to->open += from->open;
	to->record.alerts += from->record.alerts;
	to->record.findings += from->record.findings;
	to->record.targets += from->record.targets;
	book_add_sensors(&to->record, from->record.sensors);
	from->open = 0;
	snprintf(why, sizeof(why), "%s%s", part_of, to->record.id);
	book_line_summary(from->lead_sensor, from->record.summary, summary);
	struct timeline_record line =
		book_new_line(from->record.first,
			      from->record.alerts == 0 ? "finding" : "alert", summary);
	line.severity = from->record.severity;
	record_text(line.about, sizeof(line.about), from->record.lead);
	book_line(book, to, &line);
	book_resolve(book, from, INCIDENT_BY_ITSELF, why, now_us);
}

/* ---- many at the same moment ---- */

static bool fell_with(const struct entry *other, const struct entry *last)
{
	int64_t apart_us = last->record.first - other->record.first;
	return entry_is_firing(other) && !other->is_attack && !last->is_attack &&
	       other->record.acknowledged == UNKNOWN_TIME &&
	       strcmp(other->record.rule, last->record.rule) == 0 &&
	       apart_us <= MANY_US && apart_us >= -MANY_US;
}

static void blame_what_they_share(struct entry *entry)
{
	char words[sizeof(field_text256)];
	bool fell = entry->record.alerts > 0;
	snprintf(words, sizeof(words),
		 fell ? "many fell at the same moment, %.120s first: look at what they "
			"share"
		      : "many were found at the same moment, %.120s first: look at "
			"what was started or changed then",
		 entry->record.first_target);
	book_blame(entry, CAUSE_MANY, words);
}

struct entry *book_fold(struct incident_book *book, struct entry *last, int64_t now_us)
{
	struct entry *first = last;
	size_t count = 0;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++) {
		struct entry *other = &book->entries[i];
		if (!fell_with(other, last))
			continue;
		count++;
		if (other->record.first < first->record.first)
			first = other;
	}
	if (count < MANY)
		return last;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (&book->entries[i] != first && fell_with(&book->entries[i], last))
			book_move(book, &book->entries[i], first, now_us);
	first->is_many = true;
	first->joined_us = now_us;
	blame_what_they_share(first);
	return first;
}

/* ---- what they depend on, noticed last ---- */

static bool depends_on(struct incident_book *book, uint64_t target, uint64_t parent)
{
	for (int i = 0; i < DEPTH && target != 0; i++) {
		target = parent_of(book, target);
		if (target == parent)
			return true;
	}
	return false;
}

static bool fell_of(struct incident_book *book, const struct entry *entry,
		    const struct about *about)
{
	int64_t apart_us = about->first_us - entry->record.first;
	return entry_is_firing(entry) && !entry->is_attack && apart_us <= HOST_US &&
	       apart_us >= -HOST_US &&
	       depends_on(book, entry->target,
			  book_target(about->sensor, about->target));
}

void book_gather(struct incident_book *book, struct entry *entry,
		 const struct about *about)
{
	if (fell_of(book, entry, about))
		book_blame(entry, CAUSE_PARENT, about->summary);
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (&book->entries[i] != entry &&
		    fell_of(book, &book->entries[i], about))
			book_move(book, &book->entries[i], entry, about->now_us);
}
