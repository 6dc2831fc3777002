/*
 * approvals.c: see approvals.h.
 */
#include "cli/approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/store_look.h"

#define SECOND_US INT64_C(1000000)

enum { READ_MS = 5000 };

struct approvals_known {
	struct approval_record record;
	bool is_there; /* in the register that is compared */
};

static bool is_state(const struct approval_record *record, const char *state)
{
	return record->state != NULL && strcmp(record->state, state) == 0;
}

/* ---- what is known ---- */

static int by_id(const void *left, const void *right)
{
	const struct approvals_known *a = left, *b = right;
	return strcmp(a->record.id, b->record.id);
}

static void sort(struct approvals *a)
{
	if (a->count > 0)
		qsort(a->known, a->count, sizeof(*a->known), by_id);
}

static struct approvals_known *find(const struct approvals *a, const char *id,
				    size_t count)
{
	struct approvals_known key = { 0 };
	record_text(key.record.id, sizeof(key.record.id), id);
	return count > 0 ? bsearch(&key, a->known, count, sizeof(*a->known), by_id)
			 : NULL;
}

/* At the end; NULL without memory. */
static struct approvals_known *add(struct approvals *a,
				   const struct approval_record *record)
{
	if (a->count == a->room) {
		size_t room = a->room == 0 ? 64 : 2 * a->room;
		struct approvals_known *known =
			reallocarray(a->known, room, sizeof(*known));
		if (known == NULL)
			return NULL;
		a->known = known;
		a->room = room;
	}
	struct approvals_known *known = &a->known[a->count++];
	*known = (struct approvals_known){ .record = *record, .is_there = true };
	return known;
}

/* The newest come first: what is known of an entry already is newer. */
struct recalling {
	struct approvals *approvals;
	bool failed;
};

static bool recall(void *to, const void *record)
{
	struct recalling *recalling = to;
	struct approvals *a = recalling->approvals;
	const struct approval_record *approval = record;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->known[i].record.id, approval->id) == 0)
			return true;
	recalling->failed = add(a, approval) == NULL;
	return !recalling->failed;
}

static void drop_withdrawn(struct approvals *a)
{
	size_t kept = 0;
	for (size_t i = 0; i < a->count; i++)
		if (!is_state(&a->known[i].record, "withdrawn"))
			a->known[kept++] = a->known[i];
	a->count = kept;
}

bool approvals_open(struct approvals *a, const char *folder,
		    char error[static STORE_ERROR_MAX])
{
	struct recalling recalling = { a, false };
	struct store_filter filter;
	store_filter_init(&filter);
	filter.time_limit_ms = READ_MS;
	error[0] = '\0';
	a->count = 0;
	a->due_us = INT64_MAX;
	a->is_unread = !store_look_well(folder, RECORD_approval, &filter, recall,
					&recalling, error);
	if (recalling.failed)
		snprintf(error, STORE_ERROR_MAX, "not enough memory");
	/* A part of the past is not the past: the rest would seem new. */
	a->is_unread |= recalling.failed;
	if (a->is_unread)
		a->count = 0;
	drop_withdrawn(a);
	sort(a);
	return !recalling.failed;
}

void approvals_close(struct approvals *a)
{
	free(a->known);
	*a = (struct approvals){ 0 };
}

void approvals_each(const struct approvals *a,
		    void (*take)(void *to, const struct approval_record *approval),
		    void *to)
{
	for (size_t i = 0; i < a->count; i++)
		take(to, &a->known[i].record);
}

/* ---- the register against it ---- */

struct settling {
	struct approvals *approvals;
	const struct approvals_review *review;
	int64_t now_us;
	approvals_take take;
	void *to;
	size_t known_count; /* those that were known before, which are sorted */
	bool failed;
};

/* What is said of an entry, without when and by which event. */
static bool says_the_same(const struct approval_record *a,
			  const struct approval_record *b)
{
	const struct approval_record *both[] = { a, b };
	struct buf text[2] = { { 0 }, { 0 } };
	for (size_t i = 0; i < 2; i++) {
		struct approval_record record = *both[i];
		record.at = UNKNOWN_TIME;
		record.state = NULL;
		record_json(&text[i], RECORD_approval, &record);
	}
	bool same = buf_ok(&text[0]) && buf_ok(&text[1]) &&
		    text[0].len == text[1].len &&
		    memcmp(text[0].at, text[1].at, text[0].len) == 0;
	buf_free(&text[0]);
	buf_free(&text[1]);
	return same;
}

static bool is_reviewed(const struct approvals_review *review, const char *id)
{
	for (size_t i = 0; review != NULL && i < review->count; i++)
		if (strcmp(review->ids[i], id) == 0)
			return true;
	return false;
}

int64_t approvals_due(const struct approval_record *approval, uint32_t interval_s)
{
	int64_t from_us = approval->reviewed != UNKNOWN_TIME ? approval->reviewed
							     : approval->since;
	if (approval->review != UNKNOWN_TIME)
		return approval->review;
	if (interval_s == 0 || from_us == UNKNOWN_TIME)
		return UNKNOWN_TIME;
	return from_us + interval_s * SECOND_US;
}

static bool has_expired(const struct approval_record *record, int64_t now_us)
{
	return record->expires != UNKNOWN_TIME && record->expires <= now_us;
}

/* What the register does not say: it lasts as long as the approval. */
static void carry_over(const struct settling *s, const struct approval_record *before,
		       struct approval_record *now)
{
	bool is_new = before == NULL ||
		      (is_state(before, "expired") && !has_expired(now, s->now_us));
	now->since = is_new ? s->now_us : before->since;
	if (before != NULL) {
		now->reviewed = before->reviewed;
		memcpy(now->reviewer, before->reviewer, sizeof(now->reviewer));
		memcpy(now->comment, before->comment, sizeof(now->comment));
	}
	now->state = is_new ? "approved" : "changed";
	if (is_reviewed(s->review, now->id)) {
		now->state = "reviewed";
		now->reviewed = s->now_us;
		record_text(now->reviewer, sizeof(now->reviewer), s->review->by);
		record_text(now->comment, sizeof(now->comment), s->review->comment);
	}
	if (is_new && before != NULL) /* its time begins again */
		now->reviewed =
			is_reviewed(s->review, now->id) ? s->now_us : UNKNOWN_TIME;
	now->review = approvals_due(now, s->approvals->interval_s);
	if (!has_expired(now, s->now_us))
		return;
	now->state = "expired";
	now->review = UNKNOWN_TIME;
}

static void note_expiry(struct settling *s, const struct approval_record *record)
{
	if (record->expires != UNKNOWN_TIME && record->expires > s->now_us &&
	    record->expires < s->approvals->due_us)
		s->approvals->due_us = record->expires;
}

static void compare(void *to, const struct approval_record *entry)
{
	struct settling *s = to;
	struct approval_record now = *entry;
	struct approvals_known *known = find(s->approvals, now.id, s->known_count);
	carry_over(s, known != NULL ? &known->record : NULL, &now);
	now.at = s->now_us;
	note_expiry(s, &now);
	if (known == NULL) {
		if (add(s->approvals, &now) == NULL)
			s->failed = true;
		else
			s->take(s->to, &now, NULL);
		return;
	}
	known->is_there = true;
	bool expires_now =
		is_state(&now, "expired") && !is_state(&known->record, "expired");
	if (!expires_now && says_the_same(&known->record, &now))
		return;
	struct approval_record before = known->record;
	known->record = now;
	s->take(s->to, &now, &before);
}

static void tell_gone(struct settling *s)
{
	struct approvals *a = s->approvals;
	for (size_t i = 0; i < s->known_count; i++) {
		struct approvals_known *known = &a->known[i];
		if (known->is_there)
			continue;
		struct approval_record before = known->record;
		known->record.at = s->now_us;
		known->record.state = "withdrawn";
		known->record.review = UNKNOWN_TIME;
		s->take(s->to, &known->record, &before);
	}
}

bool approvals_settle(struct approvals *a, const struct policy *policy,
		      const struct approvals_review *review, int64_t now_us,
		      approvals_take take, void *to)
{
	struct settling s = { .approvals = a,
			      .review = review,
			      .now_us = now_us,
			      .take = take,
			      .to = to,
			      .known_count = a->count };
	a->due_us = INT64_MAX;
	for (size_t i = 0; i < a->count; i++)
		a->known[i].is_there = false;
	policy_each_approval(policy, compare, &s);
	tell_gone(&s);
	drop_withdrawn(a);
	sort(a);
	return !s.failed;
}
