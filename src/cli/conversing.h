/*
 * conversing.h: connections that ended go into the traffic matrix (policy/matrix.h),
 * and every minute what came of it to the store.
 */
#pragma once

struct monitor;
struct matrix;
struct flow_record;

void conversing_flow(struct monitor *m, const struct flow_record *flow);
void conversing_second(struct monitor *m);
/* Keeps what was not told yet. */
void conversing_close(struct monitor *m);
