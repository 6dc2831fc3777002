/*
 * catalog.h: what a port number means.
 *
 * Names come from the system's services(5) database (IANA's registry as the
 * distribution ships it), over a built-in seed of the services that must be
 * known everywhere.  Classes are RFC 6335 section 6: well-known 0-1023,
 * registered 1024-49151, dynamic 49152-65535; the host's own ephemeral range
 * (ip_local_port_range) counts as dynamic too, unless the port has a name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct catalog;

/* services_path and range_path: NULL for the system's; a missing file is no error. */
struct catalog *catalog_open(const char *services_path, const char *range_path);
void catalog_close(struct catalog *catalog);

/* IANA service name ("https"), or NULL.  transport is IPPROTO_TCP, _UDP or _SCTP. */
const char *catalog_service(const struct catalog *catalog, uint8_t transport,
			    uint16_t port);

/* Usual application protocol of the port ("http", "tls", "dns"), or NULL. */
const char *catalog_protocol(const struct catalog *catalog, uint8_t transport,
			     uint16_t port);

/*
 * True if a server of the port answers whoever asks, so that silence means trouble:
 * every TCP port; of UDP those of protocols that are questions and answers (DNS, NTP,
 * SNMP ...), not syslog or broadcasts.
 */
bool catalog_answers(const struct catalog *catalog, uint8_t transport, uint16_t port);

/* "well-known", "registered" or "dynamic". */
const char *catalog_class(const struct catalog *catalog, uint8_t transport,
			  uint16_t port);

/*
 * True if, of the two ports of a packet whose handshake we missed, `a` is more
 * likely the server's: a named port before an unnamed one, a well-known one
 * before another, then the lower of two well-known ones; of TCP one outside the range
 * that clients are given before one in it.  False when it can't be told.
 */
bool catalog_serves_rather(const struct catalog *catalog, uint8_t transport, uint16_t a,
			   uint16_t b);
