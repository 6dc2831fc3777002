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
	const struct policy_change change = { action, subject, text->at, text->len };
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
