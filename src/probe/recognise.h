/*
 * recognise.h: what is spoken on an open port, found out politely.
 *
 * A TCP port is connected to, and whoever speaks first is answered in its own protocol.
 * A silent one is asked in the words usual on that port, in HTTP, in TLS and then in
 * what is spoken within, and in a few other protocols: one connection after the other,
 * few in all.  Nothing is logged in to.  A datagram is known by itself.
 */
#pragma once

#include "probe/probe.h"

struct recognition;

struct recognise_port {
	struct addr addr;
	uint16_t port;
	const char *usual; /* protocol of that port, as the catalog has it, or NULL */
};

/*
 * The record has what was found: protocol ("" if it is not known; within TLS by its
 * secure name, "https"), software, version, tls_version and certificate.  done is
 * called once, from prober_turn().  False without memory.
 */
bool recognise_ask(struct prober *prober, const struct recognise_port *port,
		   probe_done done, void *to);

/* What a datagram that came from that port says; the record as above. */
void recognise_datagram(struct prober *prober, const struct recognise_port *port,
			struct bytes said, struct probe_record *record);

/* The protocol within TLS: "http" of "https"; NULL if it is none within TLS. */
const char *recognise_within(const char *protocol);
