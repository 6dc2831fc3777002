/*
 * evidence.h: which of the records that attacks are judged by are kept, so that other
 * rules can be tried on them.
 *
 * Contacts and attempts to log in all are.  Of connections only those to us that were
 * made, as of others the contact says all; of a long one its first report and its end;
 * of clients that are served by datagrams one in an hour, as only that they are there
 * matters.  Of ports each second, while they are busy enough to be flooded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/record.h"

struct home;
struct store;

enum { EVIDENCE_PORTS = 64, EVIDENCE_SERVED = 4096 };

struct evidence_port {
	struct addr ip;
	uint32_t port;
	int64_t busy_us; /* last time; 0: unused */
};

struct evidence {
	struct store *store; /* borrowed; NULL: nothing is kept */
	const struct home *own, *home;
	int64_t busy_us; /* the last time that any port was */
	struct evidence_port ports[EVIDENCE_PORTS];
	uint64_t served[EVIDENCE_SERVED]; /* by hash, with the hour */
};

void evidence_contact(struct evidence *evidence, const struct contact_record *contact);
void evidence_flow(struct evidence *evidence, const struct flow_record *flow);
void evidence_login(struct evidence *evidence, const struct login_record *login);
void evidence_second(struct evidence *evidence, const struct port_record *port);
