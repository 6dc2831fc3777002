/*
 * seen.c: collects listeners and their clients, in bounds; see seen.h.
 */
#include "policy/seen.h"

#include <stdlib.h>
#include <string.h>

struct policy_seen *policy_seen_new(const struct home *own)
{
	struct policy_seen *seen = calloc(1, sizeof(*seen));
	if (seen != NULL)
		seen->own = *own;
	return seen;
}

void policy_seen_free(struct policy_seen *seen)
{
	if (seen == NULL)
		return;
	for (size_t i = 0; i < seen->count; i++) {
		entry_free(&seen->groups[i].entry);
		free(seen->groups[i].private.at);
		free(seen->groups[i].public.at);
	}
	free(seen->groups);
	free(seen);
}

/* What a register can't say stands as "*": a file's name may hold any byte. */
static char *copy_text(const char *text)
{
	struct buf out = { 0 };
	for (const char *s = text; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		buf_char(&out, c <= 0x20 || c >= 0x7f ? '*' : *s);
	}
	if (buf_cstr(&out) != NULL)
		return out.at;
	buf_free(&out);
	return NULL;
}

/* A scope is of one session; a name without a path is no program's place. */
static bool is_lasting(unsigned text, const char *value)
{
	size_t len = strlen(value);
	if (text == TEXT_UNIT)
		return len > 6 && strcmp(value + len - 6, ".scope") != 0;
	if (text == TEXT_EXE)
		return value[0] == '/';
	return len > 0;
}

static bool name_program(struct entry *entry, const struct listener_record *l)
{
	char exe[sizeof(l->exe)];
	memcpy(exe, l->exe, sizeof(exe));
	entry_without_deleted(exe);
	const char *const is[PROGRAM_TEXTS] = { [TEXT_EXE] = exe,
						[TEXT_UNIT] = l->unit,
						/* the path says more */
						[TEXT_PACKAGE] =
							exe[0] == '/' ? "" : l->package,
						[TEXT_USER] = l->user };
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		if (!is_lasting(i, is[i]))
			continue;
		entry->texts[i] = copy_text(is[i]);
		if (entry->texts[i] == NULL)
			return false;
	}
	return true;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_group(const struct entry *a, const struct entry *b)
{
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++)
		if (!is_same_text(a->texts[i], b->texts[i]))
			return false;
	return a->transport == b->transport && a->scope == b->scope;
}

static struct group *add_group(struct policy_seen *seen, const struct entry *entry)
{
	if (seen->count == seen->size) {
		size_t size = seen->size == 0 ? 64 : seen->size * 2;
		struct group *groups = realloc(seen->groups, size * sizeof(*groups));
		if (groups == NULL)
			return NULL;
		seen->groups = groups;
		seen->size = size;
	}
	struct group *group = &seen->groups[seen->count++];
	*group = (struct group){ .entry = *entry, .next = seen->first[entry->first] };
	seen->first[entry->first] = (uint32_t)seen->count;
	return group;
}

/* The group of that key, made if missing; takes over the entry or frees it. */
static struct group *group_of(struct policy_seen *seen, struct entry *entry)
{
	for (uint32_t i = seen->first[entry->first]; i > 0;
	     i = seen->groups[i - 1].next) {
		struct group *group = &seen->groups[i - 1];
		if (is_same_group(&group->entry, entry)) {
			entry_free(entry);
			return group;
		}
	}
	struct group *group = NULL;
	if (seen->count == SEEN_MAX)
		seen->left_out++;
	else if ((group = add_group(seen, entry)) == NULL)
		seen->failed = true;
	if (group == NULL)
		entry_free(entry);
	return group;
}

/* 127.0.0.1 or ::1 is all of loopback to people; 127.0.0.53 is one address. */
static bool add_address(struct prefixes *list, const struct addr *ip)
{
	struct prefix prefix = { .addr = *ip, .len = 128 };
	struct prefix v4, v6;
	if (!prefix_parse("127.0.0.0/8", &v4) || !prefix_parse("::1", &v6))
		return false;
	bool is_usual = prefix_is_loopback(&prefix) && ip->ip6[13] == 0 &&
			ip->ip6[14] == 0 && ip->ip6[15] == 1;
	if (is_usual)
		return prefixes_add(list, &v4) && prefixes_add(list, &v6);
	return prefixes_add(list, &prefix);
}

void policy_seen_listener(struct policy_seen *seen, const struct listener_record *l)
{
	struct entry entry = { .first = (uint16_t)l->port,
			       .last = (uint16_t)l->port,
			       .transport = transport_of(l->transport),
			       .scope = l->netns == UNKNOWN_U64 ? SCOPE_OWN
								: SCOPE_OTHER,
			       .expires_us = EXPIRES_NEVER };
	if (entry.transport == TRANSPORTS || l->port == 0 || l->port > UINT16_MAX)
		return;
	if (l->hidden == 1) { /* nobody should approve that by a nod */
		seen->hidden++;
		return;
	}
	if (!name_program(&entry, l)) {
		seen->failed = true;
		entry_free(&entry);
		return;
	}
	struct group *group = group_of(seen, &entry);
	if (group == NULL)
		return;
	memcpy(group->process, l->process, sizeof(group->process));
	memcpy(group->package, l->package, sizeof(group->package));
	struct prefixes *addresses = &group->entry.addresses;
	addresses->any |=
		addr_is_unspecified(&l->ip) || addresses->count >= SEEN_PUBLIC_MAX;
	if (!addresses->any && !add_address(addresses, &l->ip))
		seen->failed = true;
}

/* A private neighbour stands for its network, a stranger for what one person holds. */
static struct prefix source_of(const struct addr *client, bool is_near)
{
	struct prefix prefix = { .addr = *client, .len = 128 };
	if (addr_is_v4(client)) {
		if (is_near) {
			prefix.addr.ip6[15] = 0;
			prefix.len = 120;
		}
	} else if (!addr_is_unspecified(client)) {
		prefix.addr = addr_source(client);
		prefix.len = 64;
	}
	return prefix;
}

static void add_client(struct policy_seen *seen, struct group *group,
		       const struct addr *client)
{
	bool is_near = addr_is_private(client);
	struct prefixes *list = is_near ? &group->private : &group->public;
	size_t max = is_near ? SEEN_PRIVATE_MAX : SEEN_PUBLIC_MAX;
	struct prefix prefix = source_of(client, is_near);
	group->flows++;
	if (list->any || prefixes_hold(list, client))
		return;
	if (list->count == max)
		list->any = true;
	else if (!prefixes_add(list, &prefix))
		seen->failed = true;
}

void policy_seen_flow(struct policy_seen *seen, const struct flow_record *flow)
{
	enum transport transport = transport_of(flow->transport);
	bool is_group = addr_is_group(&flow->server_ip);
	if (flow->server_port > UINT16_MAX || addr_is_unset(&flow->client_ip) ||
	    !policy_is_connection(flow) || policy_is_itself(flow))
		return;
	if (!is_group && !home_holds(&seen->own, &flow->server_ip))
		return;
	for (uint32_t i = seen->first[flow->server_port]; i > 0;
	     i = seen->groups[i - 1].next) {
		struct group *group = &seen->groups[i - 1];
		const struct entry *entry = &group->entry;
		if (entry->transport == transport && entry->scope == SCOPE_OWN &&
		    (is_group || prefixes_hold(&entry->addresses, &flow->server_ip)))
			add_client(seen, group, &flow->client_ip);
	}
}
