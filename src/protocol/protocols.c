/*
 * protocols.c: all of them, and who is asked whether a conversation is theirs.
 *
 * The list is made by the build from the files of this room.
 */
#include <string.h>

#include "protocol/room.h"

#define PROTOCOL(name) extern const struct protocol protocol_##name;
#include "protocol_list.h"
#undef PROTOCOL

static const struct protocol *const all[] = {
#define PROTOCOL(name) &protocol_##name,
#include "protocol_list.h"
#undef PROTOCOL
};
enum { COUNT = sizeof(all) / sizeof(all[0]) };
_Static_assert((int)COUNT <= (int)PROTOCOLS_MAX, "a bit for each candidate");

const struct protocol *const *protocols(size_t *count)
{
	*count = COUNT;
	return all;
}

const struct protocol *protocol_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static bool speaks_over(const struct protocol *protocol, uint8_t transport)
{
	for (size_t i = 0; i < sizeof(protocol->transports); i++)
		if (protocol->transports[i] == transport)
			return transport != 0;
	return false;
}

candidates candidates_begin(uint8_t transport)
{
	candidates left = 0;
	for (size_t i = 0; i < COUNT; i++)
		if (all[i]->recognise != NULL && speaks_over(all[i], transport))
			left |= (candidates)1 << i;
	return left;
}

static bool is_usual(const struct protocol *protocol, uint16_t port)
{
	for (size_t i = 0; i < 8 && protocol->ports[i] != 0; i++)
		if (protocol->ports[i] == port)
			return true;
	return false;
}

/* True if it is that one; what it is surely not is no longer a candidate. */
static bool ask(candidates *left, size_t i, const struct opening *opening)
{
	enum verdict verdict = all[i]->recognise(opening);
	bool ended = opening->ended[CLIENT] && opening->ended[SERVER];
	if (verdict == VERDICT_NO || (verdict == VERDICT_MORE && ended))
		*left &= ~((candidates)1 << i);
	return verdict == VERDICT_YES;
}

const struct protocol *candidates_ask(candidates *left, const struct opening *opening)
{
	/* Those whose port it is first: where two could be meant, the usual one is. */
	for (unsigned usual = 1; usual < 2; usual--)
		for (candidates rest = *left; rest != 0; rest &= rest - 1) {
			size_t i = (size_t)__builtin_ctzll(rest);
			if (is_usual(all[i], opening->port[SERVER]) == usual &&
			    ask(left, i, opening))
				return all[i];
		}
	return NULL;
}
