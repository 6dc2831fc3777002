/*
 * identity.h: what a flow is, in the words of other tools.
 */
#pragma once

#include "record/record.h"

/* IANA protocol number (IPPROTO_), or -1 if unknown. */
int flow_protocol(const struct flow_record *flow);

/* True for ICMP and ICMPv6, whose ports are types and codes. */
bool flow_is_icmp(const struct flow_record *flow);

/* The type that answers an ICMP type (echo: echo reply), or -1. */
int icmp_counter_type(int protocol, uint32_t type);

/* True if the protocol was recognised by what it says, not by its port. */
bool flow_is_recognised(const struct flow_record *flow);

/* Its name in Zeek's conn.log ("ssl"); ours, where Zeek has none; NULL: not recognised.
 */
const char *flow_zeek_service(const struct flow_record *flow);

/* Its name in Suricata's EVE ("pgsql"); NULL if there is none, or not recognised. */
const char *flow_eve_protocol(const struct flow_record *flow);

/* Whose conversation it is, as the flow's own record would say; all else unknown. */
void flow_of_spoken(const struct spoken *spoken, struct flow_record *out);

/*
 * 128 bits that stay the same for one flow: in every report of it, whichever side
 * counts as the client, in every run.
 */
void flow_identity(const struct flow_record *flow, uint64_t out[static 2]);
