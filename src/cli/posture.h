/*
 * posture.h: is all well? In a sentence, of which status and the full screen say the
 * same.
 */
#pragma once

#include "cli/view.h"

/* What it is made of; busiest: of more ports than these, the busiest. */
struct posture_facts {
	const json_t *status, *health, *ports;
	bool busiest;
};

/* "! Not fine", ": packets dropped; ...", "; ", "! 2 of 10 ports over a limit". */
struct posture {
	struct cell verdict, ports; /* "": nothing to say */
	char reasons[1024];
};

struct posture posture_of(const struct posture_facts *facts);

/* Why packets are not watched; NULL if they are. */
const char *posture_no_packets(const json_t *status);

/* Incidents that somebody should look at; 0: what fires is not grave. */
double posture_grave_incidents(const json_t *status);

/* Lost by the kernel and between threads; what is not told counts as none. */
double posture_lost_packets(const json_t *status);
