/*
 * policy.c: what the files of this room share: the register's parts, and its end.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/entry.h"

const char *const transport_names[TRANSPORTS] = { "tcp", "udp", "sctp" };

const char *const entry_text_names[ENTRY_TEXTS] = {
	[TEXT_EXE] = "exe",           [TEXT_UNIT] = "unit",
	[TEXT_PACKAGE] = "package",   [TEXT_USER] = "user",
	[TEXT_PROTOCOL] = "protocol", [TEXT_OWNER] = "owner",
	[TEXT_REASON] = "reason",     [TEXT_APPROVER] = "approver",
};

enum transport transport_of(const char *name)
{
	for (unsigned i = 0; name != NULL && i < TRANSPORTS; i++)
		if (strcmp(transport_names[i], name) == 0)
			return (enum transport)i;
	return TRANSPORTS;
}

void entry_say_port(struct buf *out, const struct entry *entry)
{
	buf_u64(out, entry->first);
	if (entry->last != entry->first)
		buf_printf(out, "-%u", entry->last);
	buf_printf(out, "/%s", transport_names[entry->transport]);
}

/* ::/0 has zeros where a mapped IPv4 address has ffff. */
bool prefix_is_v4(const struct prefix *prefix)
{
	return prefix->len >= 96 && addr_is_v4(&prefix->addr);
}

bool prefixes_add(struct prefixes *list, const struct prefix *prefix)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].len == prefix->len &&
		    addr_equal(&list->at[i].addr, &prefix->addr))
			return true;
	if (list->count == PREFIXES_MAX)
		return false;
	if ((list->count & (list->count - 1)) == 0) {
		size_t size = list->count == 0 ? 1 : list->count * 2;
		struct prefix *at = realloc(list->at, size * sizeof(*at));
		if (at == NULL)
			return false;
		list->at = at;
	}
	list->at[list->count++] = *prefix;
	return true;
}

bool prefixes_hold(const struct prefixes *list, const struct addr *addr)
{
	if (list->any)
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (prefix_is_v4(&list->at[i]) == addr_is_v4(addr) &&
		    prefix_holds(&list->at[i], addr))
			return true;
	return false;
}

bool prefixes_overlap(const struct prefixes *a, const struct prefixes *b)
{
	if (a->any || b->any)
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++) {
			const struct prefix *p = &a->at[i], *q = &b->at[j];
			const struct prefix *wide = p->len < q->len ? p : q;
			if (prefix_is_v4(p) == prefix_is_v4(q) &&
			    prefix_holds(wide, wide == p ? &q->addr : &p->addr))
				return true;
		}
	return false;
}

void prefix_say(struct buf *out, const struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX];
	addr_text(&prefix->addr, text);
	buf_text(out, text);
	if (prefix->len < 128)
		buf_printf(out, "/%d",
			   prefix_is_v4(prefix) ? prefix->len - 96 : prefix->len);
}

bool prefix_is_loopback(const struct prefix *prefix)
{
	static const struct addr v6 = { .ip6 = { [15] = 1 } };
	if (prefix_is_v4(prefix))
		return prefix->len >= 104 && prefix->addr.ip6[12] == 127;
	return prefix->len == 128 && addr_equal(&prefix->addr, &v6);
}

void entry_free(struct entry *entry)
{
	free(entry->addresses.at);
	free(entry->clients.at);
	for (unsigned text = 0; text < ENTRY_TEXTS; text++)
		free(entry->texts[text]);
}

struct entry_walk policy_find(const struct policy *policy, enum transport transport,
			      uint16_t port)
{
	size_t low = policy->begin[transport], high = policy->begin[transport + 1];
	struct entry_walk walk = { .policy = policy, .begin = low, .port = port };
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (policy->entries[middle].first <= port)
			low = middle + 1;
		else
			high = middle;
	}
	walk.at = low;
	return walk;
}

const struct entry *policy_next(struct entry_walk *walk)
{
	const struct policy *policy = walk->policy;
	while (walk->at > walk->begin && policy->reach[walk->at - 1] >= walk->port) {
		const struct entry *entry = &policy->entries[--walk->at];
		if (entry->last >= walk->port)
			return entry;
	}
	return NULL;
}

size_t policy_count(const struct policy *policy)
{
	return policy->count;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	for (size_t i = 0; i < policy->count; i++)
		entry_free(&policy->entries[i]);
	free(policy->entries);
	free(policy->reach);
	free(policy->name);
	free(policy);
}
