/*
 * resolvers.h: whom names are asked of, by c-ares; private to this room, see asked.h.
 *
 * The machine's are those of /etc/resolv.conf, also after that has changed.  A target
 * may name another.
 */
#pragma once

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>

struct prober;
struct resolver;

bool resolvers_begin(struct prober *p);
/* Whoever is asked gives no answer any more. */
void resolvers_end(struct prober *p);
/* NULL: without memory.  where: NULL is the machine's own. */
struct resolver *resolver_of(struct prober *p, const char *where);
ares_channel resolver_channel(const struct resolver *resolver);

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"; out: with port.
 */
enum { RESOLVER_TEXT_MAX = 64 };
bool resolver_parse(const char *where, char out[RESOLVER_TEXT_MAX]);

/* Their descriptors wake the prober and are looked after here, in each of its turns. */
void resolvers_turn(struct prober *p);
int resolvers_next_ms(const struct prober *p);
