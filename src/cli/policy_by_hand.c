/*
 * policy_by_hand.c: see policy_by_hand.h.
 *
 * It goes the way of a whole register: the new text is read, kept, put in force and
 * audited as one that somebody applied.
 */
#include "cli/policy_by_hand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/form.h"

struct approval {
	char port[FORM_VALUE_MAX], transport[FORM_VALUE_MAX], process[FORM_VALUE_MAX],
		owner[FORM_VALUE_MAX], reason[FORM_VALUE_MAX], until[FORM_VALUE_MAX],
		line[FORM_VALUE_MAX];
	char exe[256]; /* of the process */
};

static int refuse(struct buf *message, int error, const char *why)
{
	buf_text(message, why);
	return error;
}

/* ---- the form ---- */

struct looking {
	const struct approval *wanted;
	struct approval *found;
};

static void look(void *to, const struct listener_record *listener)
{
	struct looking *l = to;
	char port[16];
	snprintf(port, sizeof(port), "%u", listener->port);
	if (strcmp(port, l->wanted->port) == 0 && listener->transport != NULL &&
	    strcmp(listener->transport, l->wanted->transport) == 0 &&
	    strcmp(listener->process, l->wanted->process) == 0)
		memcpy(l->found->exe, listener->exe, sizeof(l->found->exe));
}

/* The program of a name, which an entry has by its path. */
static int find_program(struct monitor *m, struct approval *a, struct buf *message)
{
	struct looking looking = { a, a };
	if (a->process[0] == '\0')
		return 0;
	if (a->process[0] == '/')
		record_text(a->exe, sizeof(a->exe), a->process);
	else
		host_each(m->host, look, &looking);
	return a->exe[0] != '\0'
		       ? 0
		       : refuse(message, -ENOENT,
				"process: nobody of that name listens there, or where "
				"its program is can't be seen; allowed is also a path");
}

static int read_form(struct monitor *m, const char *form, struct approval *a,
		     struct buf *message)
{
	const struct {
		const char *name;
		char *into;
	} fields[] = { { "port", a->port },       { "transport", a->transport },
		       { "process", a->process }, { "owner", a->owner },
		       { "reason", a->reason },   { "until", a->until },
		       { "line", a->line } };
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		form_value(form, fields[i].name, fields[i].into);
	if (a->port[0] == '\0' || a->transport[0] == '\0')
		return refuse(message, -EINVAL,
			      "port and transport are needed, such as port=443 and "
			      "transport=tcp");
	if (m->policy.policy == NULL)
		return refuse(message, -ENOENT,
			      "no register is in force; `breakwater policy propose` "
			      "writes one of what is there");
	return find_program(m, a, message);
}

/* ---- the change ---- */

static int apply(struct monitor *m, const char *action, const struct approval *a,
		 const struct buf *text, const char *actor, struct buf *message)
{
	char subject[64];
	struct buf done = { 0 };
	snprintf(subject, sizeof(subject), "%.40s/%.8s", a->port, a->transport);
	const struct policy_change change = { action, subject, text->at, text->len,
					      NULL };
	int error = monitor_apply_policy(m, &change, actor, &done);
	buf_printf(message, error == 0 ? "%s: %.*s" : "%.0s%.*s", subject,
		   (int)done.len, done.at != NULL ? done.at : "");
	buf_free(&done);
	return error;
}

int policy_approve(struct monitor *m, const char *form, const char *actor,
		   struct buf *message)
{
	struct approval a;
	struct buf text = { 0 };
	int error = read_form(m, form, &a, message);
	if (error != 0)
		return error;
	if (a.owner[0] == '\0' || a.reason[0] == '\0')
		return refuse(message, -EINVAL,
			      "owner and reason are needed: who answers for the port, "
			      "and what it is for");
	const struct policy_entry_text entry = { .port = a.port,
						 .transport = a.transport,
						 .exe = a.exe,
						 .owner = a.owner,
						 .reason = a.reason,
						 .approver = actor,
						 .expires = a.until };
	error = policy_text_add(m->policy.policy, &m->policy.text, &entry, &text,
				message);
	if (error == 0)
		error = apply(m, "policy_approve", &a, &text, actor, message);
	buf_free(&text);
	return error;
}

int policy_withdraw(struct monitor *m, const char *form, const char *actor,
		    struct buf *message)
{
	enum { DECIMAL = 10 };
	struct approval a;
	struct buf text = { 0 };
	int error = read_form(m, form, &a, message);
	if (error != 0)
		return error;
	const struct policy_entry_text entry = { .port = a.port,
						 .transport = a.transport,
						 .exe = a.exe };
	error = policy_text_remove(m->policy.policy, &m->policy.text, &entry,
				   strtoul(a.line, NULL, DECIMAL), &text, message);
	if (error == 0)
		error = apply(m, "policy_withdraw", &a, &text, actor, message);
	buf_free(&text);
	return error;
}

/* ---- a review ---- */

struct review {
	struct approval of; /* port, transport, process, owner, line */
	char by[FORM_VALUE_MAX], comment[FORM_VALUE_MAX], next[FORM_VALUE_MAX];
	field_text32 *ids; /* owned */
	size_t count, room;
};

static void take_id(void *to, const char *id)
{
	struct review *review = to;
	if (review->count < review->room)
		record_text(review->ids[review->count++], sizeof(review->ids[0]), id);
}

static int read_review(struct monitor *m, const char *form, const char *actor,
		       struct review *review, struct buf *message)
{
	struct approval *of = &review->of;
	memset(review, 0, sizeof(*review));
	form_value(form, "port", of->port);
	form_value(form, "transport", of->transport);
	form_value(form, "process", of->process);
	form_value(form, "line", of->line);
	form_value(form, "owner", of->owner);
	form_value(form, "by", review->by);
	form_value(form, "comment", review->comment);
	form_value(form, "next", review->next);
	if (review->by[0] == '\0')
		snprintf(review->by, sizeof(review->by), "%s", actor);
	if (m->policy.policy == NULL)
		return refuse(message, -ENOENT, "no register is in force");
	if ((of->port[0] == '\0') == (of->owner[0] == '\0'))
		return refuse(message, -EINVAL,
			      "what was reviewed? either port, with transport, or "
			      "owner");
	if (of->port[0] != '\0' && of->transport[0] == '\0')
		return refuse(message, -EINVAL,
			      "transport is needed: tcp, udp or sctp");
	review->room = policy_count(m->policy.policy);
	review->ids = calloc(review->room + 1, sizeof(*review->ids));
	return review->ids != NULL ? find_program(m, of, message) : -ENOMEM;
}

/* "2027-05-25", the whole of which there is time; "": no interval is configured. */
static void usual_day(uint32_t interval_s, char out[static TIME_TEXT_MAX])
{
	enum { DAY_LEN = 10 };
	out[0] = '\0';
	if (interval_s == 0)
		return;
	record_time_text(clock_us(CLOCK_REALTIME) + interval_s * INT64_C(1000000), out);
	out[DAY_LEN] = '\0';
}

static int apply_review(struct monitor *m, const struct review *review,
			const struct buf *text, const char *actor, struct buf *message)
{
	char subject[64];
	struct buf done = { 0 };
	const struct approval *of = &review->of;
	const struct approvals_review made = { (const field_text32 *)review->ids,
					       review->count, review->by,
					       review->comment };
	if (of->port[0] != '\0')
		snprintf(subject, sizeof(subject), "%.40s/%.8s", of->port,
			 of->transport);
	else
		snprintf(subject, sizeof(subject), "owner %.56s", of->owner);
	const struct policy_change change = { "policy_review", subject, text->at,
					      text->len, &made };
	int error = monitor_apply_policy(m, &change, actor, &done);
	if (error == 0)
		buf_printf(message, "%s: %zu entr%s reviewed by %s", subject,
			   review->count, review->count == 1 ? "y" : "ies", review->by);
	else
		buf_add(message, done.at, done.len);
	buf_free(&done);
	return error;
}

int policy_review_by_hand(struct monitor *m, const char *form, const char *actor,
			  struct buf *message)
{
	enum { DECIMAL = 10 };
	struct review review;
	char usual[TIME_TEXT_MAX];
	struct buf text = { 0 };
	int error = read_review(m, form, actor, &review, message);
	if (error == 0) {
		const struct approval *of = &review.of;
		usual_day(m->config.policy_review, usual);
		const struct policy_reviewed reviewed = {
			.entry = { .port = of->port[0] != '\0' ? of->port : NULL,
				   .transport = of->transport,
				   .exe = of->exe,
				   .owner = of->owner },
			.line_number = strtoul(of->line, NULL, DECIMAL),
			.next = review.next,
			.usual = usual[0] != '\0' ? usual : NULL,
		};
		error = policy_text_review(m->policy.policy, &m->policy.text, &reviewed,
					   &text, take_id, &review, message);
	}
	if (error == 0)
		error = apply_review(m, &review, &text, actor, message);
	buf_free(&text);
	free(review.ids);
	return error;
}
