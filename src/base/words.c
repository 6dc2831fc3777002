/*
 * words.c: see words.h.  record.def and config.def say in sentences what they mean.
 */
#include "base/words.h"

#include <stddef.h>
#include <string.h>

const char *const words_finding_kinds[] = { "port_scan",
					    "host_sweep",
					    "distributed_scan",
					    "brute_force",
					    "password_spray",
					    "login_after_failures",
					    "syn_flood",
					    "udp_flood",
					    "icmp_flood",
					    "connection_flood",
					    "reflection_victim",
					    "reflector",
					    "spoofed_source",
					    "trap_hit",
					    "beacon",
					    "blocklisted_peer",
					    "new_listener",
					    "unauthorized_port",
					    "missing_listener",
					    "service_change",
					    "hidden_listener",
					    "users_failing",
					    "unexpected_protocol",
					    "cleartext_login",
					    "weak_protocol",
					    "protocol_anomaly",
					    "tunnel",
					    NULL };
const char *const severity_names[] = { "notice", "low",      "medium",
				       "high",   "critical", NULL };
const char *const words_block_modes[] = { "observe", "on", NULL };

const char *const words_roles[] = { "viewer", "operator", "administrator", NULL };

bool words_hold(const char *const *words, const char *text)
{
	for (; text != NULL && *words != NULL; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}
