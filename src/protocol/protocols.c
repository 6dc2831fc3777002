/*
 * protocols.c: all of them, and who is asked whether a conversation is theirs.
 *
 * The list is made by the build from the files of this room.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
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

/* ---- who may be meant ---- */

enum { PORTS_EACH = 8, PORT_SLOTS = 1024 };
_Static_assert((int)PROTOCOLS_MAX *PORTS_EACH <= PORT_SLOTS / 2, "half stay free");

/* What all of them say of themselves, turned round. */
static struct {
	candidates tcp, udp;
	struct {
		uint16_t port;
		candidates usual; /* 0: free */
	} ports[PORT_SLOTS];
} known;
static pthread_once_t known_once = PTHREAD_ONCE_INIT;

static bool speaks_over(const struct protocol *protocol, uint8_t transport)
{
	for (size_t i = 0; i < sizeof(protocol->transports); i++)
		if (protocol->transports[i] == transport)
			return transport != 0;
	return false;
}

static candidates recognised_over(uint8_t transport)
{
	candidates left = 0;
	for (size_t i = 0; i < COUNT; i++)
		if (all[i]->recognise != NULL && speaks_over(all[i], transport))
			left |= (candidates)1 << i;
	return left;
}

/* Where a port's protocols are, or would be. */
static size_t port_slot(uint16_t port)
{
	size_t slot = (uint16_t)(port * 40503u) >> 6;
	while (known.ports[slot].usual != 0 && known.ports[slot].port != port)
		slot = (slot + 1) % PORT_SLOTS;
	return slot;
}

static void learn(void)
{
	known.tcp = recognised_over(IPPROTO_TCP);
	known.udp = recognised_over(IPPROTO_UDP);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t k = 0; k < PORTS_EACH && all[i]->ports[k] != 0; k++) {
			size_t slot = port_slot(all[i]->ports[k]);
			known.ports[slot].port = all[i]->ports[k];
			known.ports[slot].usual |= (candidates)1 << i;
		}
}

candidates candidates_begin(uint8_t transport)
{
	pthread_once(&known_once, learn);
	return transport == IPPROTO_TCP   ? known.tcp
	       : transport == IPPROTO_UDP ? known.udp
					  : recognised_over(transport);
}

/* ---- by their first octet ---- */

static bool may_begin_on(const struct protocol *protocol, unsigned by, uint8_t octet,
			 uint16_t port)
{
	const struct addr unset[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .first = by,
				   .transport = IPPROTO_TCP,
				   .port = { port, port },
				   .addr = unset };
	opening.said[by] = bytes_of(&octet, 1);
	return protocol->recognise(&opening) != VERDICT_NO;
}

/* On any port, or on one where its recogniser may be less strict. */
static bool may_begin(const struct protocol *protocol, unsigned by, uint8_t octet)
{
	bool may = may_begin_on(protocol, by, octet, 0);
	for (size_t i = 0; i < PORTS_EACH && protocol->ports[i] != 0 && !may; i++)
		may = may_begin_on(protocol, by, octet, protocol->ports[i]);
	return may;
}

/*
 * Those whose streams may begin so.  Bytes of a stream are cut anywhere, so one that
 * says NO to a single octet says NO to all that begins with it: each octet is put to
 * all of them once, by whichever thread comes first.
 */
static candidates that_begin(unsigned by, uint8_t octet)
{
	static _Atomic candidates rows[2][256]; /* 0: not yet asked */
	const candidates asked = (candidates)1 << PROTOCOLS_MAX;
	candidates row = atomic_load_explicit(&rows[by][octet], memory_order_relaxed);
	if (row != 0)
		return row;
	row = asked;
	for (candidates rest = known.tcp; rest != 0; rest &= rest - 1) {
		int i = __builtin_ctzll(rest);
		if (may_begin(all[i], by, octet))
			row |= (candidates)1 << i;
	}
	atomic_store_explicit(&rows[by][octet], row, memory_order_relaxed);
	return row;
}

/* Those that its first octet leaves, as long as one side only has spoken. */
static candidates that_begin_so(const struct opening *opening)
{
	unsigned first = opening->first;
	if (opening->transport != IPPROTO_TCP || first > SERVER ||
	    opening->said[first].len == 0 || opening->said[1 - first].len > 0)
		return ~(candidates)0;
	return that_begin(first, opening->said[first].at[0]);
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
	*left &= that_begin_so(opening);
	/* Those whose port it is first: where two could be meant, the usual one is. */
	candidates usual = known.ports[port_slot(opening->port[SERVER])].usual;
	candidates turns[2] = { *left & usual, *left & ~usual };
	for (unsigned turn = 0; turn < 2; turn++)
		for (candidates rest = turns[turn]; rest != 0; rest &= rest - 1) {
			size_t i = (size_t)__builtin_ctzll(rest);
			if (ask(left, i, opening))
				return all[i];
		}
	return NULL;
}
