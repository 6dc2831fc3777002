/*
 * firewall.h: can a stranger's packet get past the packet filter to a listener?
 *
 * The packet is the first of a connection, from any sender, by any interface but lo.
 * Three answers: none can; some can, as far as the filter says (routes and the like are
 * not looked at); not known.  "None" and "some" are only said if they hold whatever
 * the rules that are not understood do.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "host/firewall_facts.h"
#include "host/ruleset.h"

/* As in struct host_listener. */
enum { FIREWALL_OPEN = 0, FIREWALL_SHUT = 1, FIREWALL_UNKNOWN = 0xff };

struct firewall_door {
	struct addr addr; /* any, or one of this machine */
	uint16_t port;
	uint8_t proto; /* IPPROTO_ */
	bool dual;     /* bound to ::, takes IPv4 too */
};

uint8_t firewall_judge(const struct ruleset *ruleset, const struct firewall_door *door);

/* ---- the kernel's rules; firewall_read.c ---- */

/*
 * A netlink socket that is readable after every change of the rules of our network
 * namespace; -errno: that is not permitted, or the kernel has none.
 */
int firewall_listen(void);
/* Takes what there is from it; true if there was anything. */
bool firewall_has_changed(int fd);
/* True if there are rules that only the old iptables shows. */
bool firewall_is_legacy(void);
/* NULL: they can't be read; *facts is then untouched. */
struct ruleset *firewall_read(struct firewall_facts *facts);
/* What they have counted, from the rules read once more. */
struct firewall_counts firewall_count(void);
