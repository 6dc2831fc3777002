/*
 * eve_dns.h: a DNS question and its answer as events; private to the room.
 */
#pragma once

#include "record/record.h"

/* flow: whose question it is, from flow_of_spoken(). */
void eve_dns(struct buf *out, const struct flow_record *flow,
	     const struct dns_record *dns);
