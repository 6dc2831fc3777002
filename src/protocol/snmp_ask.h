/*
 * snmp_ask.h: how an SNMP agent is asked.
 */
#pragma once

struct asking;

extern const struct asking snmp_asking;
