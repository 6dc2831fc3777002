/*
 * scope.c: which of the records are about the port that was asked for.
 *
 * The same port may be open in several network namespaces, and a container's listener
 * says nothing about ours.  If there is anything of ours on this port, now or lately,
 * only that counts; else it is a container's port, and everything does.
 */
#include <stdlib.h>
#include <string.h>

#include "explain/inside.h"

static bool has_own(const struct explain_facts *facts)
{
	for (size_t i = 0; i < facts->listener_count; i++)
		if (facts->listeners[i].netns == UNKNOWN_U64)
			return true;
	for (size_t i = 0; i < facts->change_count; i++)
		if (facts->changes[i].netns == UNKNOWN_U64)
			return true;
	for (size_t i = 0; i < facts->now_count; i++)
		if (home_holds(facts->own, &facts->now[i].server_ip))
			return true;
	return false;
}

/* Copies what has no other namespace; offset is that of netns. NULL: no memory. */
static void *own_of(const void *records, size_t *count, size_t size, size_t offset)
{
	char *copy = calloc(*count + 1, size);
	size_t kept = 0;
	for (size_t i = 0; i < *count && copy != NULL; i++) {
		const char *record = (const char *)records + i * size;
		uint64_t netns;
		memcpy(&netns, record + offset, sizeof(netns));
		if (netns == UNKNOWN_U64)
			memcpy(copy + size * kept++, record, size);
	}
	*count = kept;
	return copy;
}

void explain_scope_open(const struct explain_facts *facts, struct explain_scope *scope)
{
	*scope = (struct explain_scope){ .facts = *facts };
	if (!has_own(facts))
		return;
	struct explain_facts *f = &scope->facts;
	f->listeners = scope->copies[0] =
		own_of(facts->listeners, &f->listener_count, sizeof(*f->listeners),
		       offsetof(struct listener_record, netns));
	f->changes = scope->copies[1] =
		own_of(facts->changes, &f->change_count, sizeof(*f->changes),
		       offsetof(struct listener_record, netns));
	f->sockets = scope->copies[2] =
		own_of(facts->sockets, &f->socket_count, sizeof(*f->sockets),
		       offsetof(struct socket_record, netns));
}

void explain_scope_close(struct explain_scope *scope)
{
	for (size_t i = 0; i < SCOPE_COPIES; i++)
		free(scope->copies[i]);
}
