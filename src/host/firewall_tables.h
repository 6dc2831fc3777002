/*
 * firewall_tables.h: which tables of the packet filter libnftables may be asked about.
 *
 * Version 1.0.6 (Debian 12) uses memory that it has freed when it writes a table with
 * exactly one flag as JSON (table_flags_json(), mended in 1.0.7), and the table of our
 * own wall has one.  So tables are asked for one by one, and those with a flag never.
 */
#pragma once

#include <jansson.h>

/*
 * What to ask, one command for each: {"nftables":[{"list":{"table":{...}}}]}.  Left out
 * are tables that are asleep, and our own, which stops attackers only.  NULL: they
 * can't be read, or not all of them may be asked about.
 */
json_t *firewall_tables(void);
