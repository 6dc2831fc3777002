/*
 * seed.h: the services that must be known on every machine, whatever its services(5)
 * says.  Private to the catalogue.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum seed_transport { SEED_TCP = 1, SEED_UDP = 2, SEED_SCTP = 4 };

struct seed {
	uint16_t port;
	uint8_t transports;   /* enum seed_transport, ored */
	const char *service;  /* IANA's name */
	const char *protocol; /* what is usually spoken there */
};

extern const struct seed seeds[];
extern const size_t seed_count;
