/*
 * resolve.c: a probe's name to its address, outside every other time.
 */
#include <ares.h>

#include "base/clock.h"
#include "probe/asked.h"
#include "probe/resolvers.h"

/* Who knows an address from before does not wait longer for the resolver (RFC 8767 5:
 * 1.8 s), nor for more than half of its own time. */
enum { STALE_US = 1800000 };

/* ---- waiting ---- */

static void wait_for(struct asked *a, struct name *name)
{
	a->name = name;
	a->waiting_next = name->waiting;
	a->waiting_at = &name->waiting;
	if (a->waiting_next != NULL)
		a->waiting_next->waiting_at = &a->waiting_next;
	name->waiting = a;
}

void resolve_forget(struct asked *a)
{
	if (a->name == NULL)
		return;
	*a->waiting_at = a->waiting_next;
	if (a->waiting_next != NULL)
		a->waiting_next->waiting_at = a->waiting_at;
	a->name = NULL;
}

/* ---- the answer ---- */

static void tell_unknown(struct asked *a)
{
	if (a->other != NULL)
		a->way->found(a, NULL);
}

static void judge_name(struct asked *a, int status)
{
	const char *host = a->other != NULL ? a->other : a->target->connect_host;
	bool is_service = a->target->members == MEMBERS_SERVICES;
	tell_unknown(a);
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		asked_judge(a, REASON_name_unknown, "the name %s %s", host,
			    status == ARES_ENOTFOUND ? "does not exist"
			    : is_service             ? "has no SRV record"
						     : "has no address");
	else
		asked_judge(a, REASON_resolver_down, "the resolver can't tell %s: %s",
			    host, ares_strerror(status));
	asked_end(a);
}

/* The first of the family that is preferred, or of all. */
static struct addr choose(const struct target *t, const struct name *name)
{
	for (size_t i = 0; i < name->count && t->prefers != 0; i++)
		if (addr_is_v4(&name->at[i].addr) == (t->prefers == 4))
			return name->at[i].addr;
	return name->at[0].addr;
}

/* RFC 2782: one record, and its target the root. */
static bool is_not_offered(const struct name *name)
{
	return name->kind == NAME_SERVICES && name->count == 1 &&
	       name->at[0].host[0] == '\0';
}

/* As far as it is known. */
static void take(struct asked *a, const struct name *name)
{
	if (a->other == NULL)
		a->record.resolve_us =
			asked_since(a->begin_us, clock_us(CLOCK_MONOTONIC));
	asked_wait(a, a->give_up_us);
	if (name->count == 0) {
		judge_name(a, name->status);
		return;
	}
	if (name->status != ARES_SUCCESS || name->is_asking)
		a->record.name_stale = 1;
	if (is_not_offered(name)) {
		asked_judge(a, REASON_not_offered, "%s: the service is not offered",
			    name->host);
		asked_end(a);
		return;
	}
	struct addr addr = choose(a->target, name);
	if (a->other != NULL) {
		a->way->found(a, &addr);
		return;
	}
	a->addr = addr;
	asked_found(a);
}

void resolve_answered(struct name *name)
{
	while (name->waiting != NULL) {
		struct asked *a = name->waiting;
		resolve_forget(a);
		take(a, name);
	}
}

void resolve_late(struct asked *a)
{
	const struct name *name = a->name;
	resolve_forget(a);
	if (name != NULL && name->count > 0) {
		take(a, name);
		return;
	}
	tell_unknown(a);
	asked_judge(a, REASON_resolver_down, "no answer from the resolver in %u ms",
		    a->target->timeout_ms);
	asked_end(a);
}

/* ---- the question ---- */

static void ask_name(struct asked *a)
{
	struct name *name = name_of(a->prober, a->target, a->other);
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (name == NULL) {
		asked_judge(a, REASON_no_descriptors, "no memory for the name");
		asked_end(a);
		return;
	}
	if (name_is_fresh(name, now_us)) {
		take(a, name);
		return;
	}
	int64_t patience_us = (a->give_up_us - now_us) / 2;
	if (name->count > 0)
		asked_wait(a,
			   now_us + (patience_us < STALE_US ? patience_us : STALE_US));
	wait_for(a, name);
	name_ask(a->prober, name);
}

void resolve_other(struct asked *a, const char *host)
{
	a->other = host;
	ask_name(a);
}

/* True: a->addr is set, or not needed. */
static bool needs_no_name(struct asked *a)
{
	const struct target *t = a->target;
	if (t->has_address)
		a->addr = t->address;
	return t->members == MEMBERS_FAMILIES || t->has_address ||
	       addr_parse(t->connect_host, &a->addr);
}

void resolve(struct asked *a)
{
	const struct target *t = a->target;
	bool is_any = t->family == 0 || t->members == MEMBERS_FAMILIES;
	if (!needs_no_name(a))
		ask_name(a);
	else if (is_any || addr_is_v4(&a->addr) == (t->family == 4))
		asked_found(a);
	else
		judge_name(a, ARES_ENODATA);
}
