/*
 * probe_intake.h: what a running monitor and the process that asks need to know of each
 * other: whom to ask, whose clients are served, and which connections are probes.
 */
#pragma once

#include "cli/monitor.h"

bool probe_intake_open(struct monitor *m);

/* True if a probe or a scan of ours made it. */
bool probe_intake_made(const struct monitor *m, const struct contact_record *contact);

/* A connection of somebody: what the service was heard to speak. */
void probe_intake_flow(struct monitor *m, const struct flow_record *flow);
void probe_intake_listener(struct monitor *m, const struct listener_record *listener);
/* Compared with what clients say, which may add to its detail; then it is the last. */
void probe_intake_answer(struct monitor *m, struct probe_record *answer);
/* Tells whom to ask from now on, and who need not be asked. */
void probe_intake_second(struct monitor *m);
