/*
 * scope.c: which of the records are about the port that was asked for.
 *
 * The same port may be open in several network namespaces, and a container's listener
 * says nothing about ours.  Nor does the traffic of our clients with the same port of
 * other machines.  If there is anything of ours on this port, only that counts; else
 * it is a container's port or another machine's, and everything does.
 */
#include <stdlib.h>
#include <string.h>

#include "explain/inside.h"

/* Where an array has what tells whose its records are. */
struct owner {
	bool by_netns; /* else by the server's address */
	size_t size, offset;
};

#define BY_NETNS(type)                                                                 \
	{                                                                              \
		true, sizeof(struct type), offsetof(struct type, netns)                \
	}
#define BY_SERVER(type)                                                                \
	{                                                                              \
		false, sizeof(struct type), offsetof(struct type, server_ip)           \
	}

static const struct owner of_listener = BY_NETNS(listener_record),
			  of_socket = BY_NETNS(socket_record),
			  of_port = BY_SERVER(port_record),
			  of_flow = BY_SERVER(flow_record),
			  of_probe = { false, sizeof(struct probe_record),
				       offsetof(struct probe_record, ip) };

/* A group has no machine: who listens here takes what is sent to it. */
static bool is_own(const struct home *own, const struct owner *owner,
		   const void *record)
{
	const char *at = (const char *)record + owner->offset;
	uint64_t netns;
	struct addr server;
	if (owner->by_netns) {
		memcpy(&netns, at, sizeof(netns));
		return netns == UNKNOWN_U64;
	}
	memcpy(&server, at, sizeof(server));
	return home_holds(own, &server) || addr_is_group(&server);
}

static bool has_own(const struct home *own, const struct owner *owner,
		    const void *records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_own(own, owner, (const char *)records + i * owner->size))
			return true;
	return false;
}

/* What has closed counts while nobody uses the port elsewhere. */
static bool is_ours(const struct explain_facts *f)
{
	return has_own(f->own, &of_listener, f->listeners, f->listener_count) ||
	       has_own(f->own, &of_port, f->now, f->now_count) ||
	       (f->now_count == 0 &&
		has_own(f->own, &of_listener, f->changes, f->change_count));
}

/* Replaces the array by a copy of those that are ours, or are not. */
static void keep(struct explain_scope *scope, const struct owner *owner, bool ours,
		 const void **records, size_t *count)
{
	char *copy = calloc(*count + 1, owner->size);
	size_t kept = 0;
	for (size_t i = 0; i < *count && copy != NULL; i++) {
		const char *record = (const char *)*records + i * owner->size;
		if (is_own(scope->facts.own, owner, record) == ours)
			memcpy(copy + owner->size * kept++, record, owner->size);
	}
	*records = scope->copies[scope->copy_count++] = copy;
	*count = kept;
}

void explain_scope_open(const struct explain_facts *facts, struct explain_scope *scope)
{
	*scope = (struct explain_scope){ .facts = *facts };
	struct explain_facts *f = &scope->facts;
	bool ours = is_ours(facts);
#define KEEP(owner, member)                                                            \
	keep(scope, owner, ours, (const void **)(void *)&f->member##s,                 \
	     &f->member##_count)
	KEEP(&of_listener, change);
	if (!ours)
		return;
	KEEP(&of_listener, listener);
	KEEP(&of_socket, socket);
	KEEP(&of_flow, flow);
	KEEP(&of_probe, probe);
#undef KEEP
	keep(scope, &of_port, ours, (const void **)(void *)&f->now, &f->now_count);
	keep(scope, &of_port, ours, (const void **)(void *)&f->past, &f->past_count);
}

void explain_scope_close(struct explain_scope *scope)
{
	for (size_t i = 0; i < scope->copy_count; i++)
		free(scope->copies[i]);
}
