/*
 * proving_count.c: see proving.h.  How many of a test's packets were seen: by the
 * capture, or by XDP, which dropped them before it.
 */
#include <netinet/in.h>
#include <string.h>

#include "cli/proving.h"

/* Of a round that has ended records come later: its address tells which it is. */
static struct proven_round *round_to(struct proving *p, const struct addr *server)
{
	for (unsigned i = 0; p->runs && i < PROVEN_ROUNDS && i <= p->round; i++)
		if (addr_equal(server, &p->rounds[i].ours))
			return &p->rounds[i];
	return NULL;
}

static void count(struct proven_round *round, const struct port_record *port)
{
	round->is_known = true;
	if (port->port == round->ends.port && port->transport != NULL &&
	    strcmp(port->transport, "udp") == 0 && port->client_packets != UNKNOWN_U64)
		round->seen += port->client_packets;
}

bool proving_port(struct proving *p, const struct port_record *port)
{
	if (!proving_holds(p, &port->server_ip))
		return false;
	struct proven_round *round = round_to(p, &port->server_ip);
	if (round != NULL)
		count(round, port);
	return true;
}

bool proving_dropped(struct proving *p, const struct wall_dropped *dropped)
{
	if (!proving_holds(p, &dropped->server))
		return false;
	struct proven_round *round = round_to(p, &dropped->server);
	if (round == NULL)
		return true;
	round->early += dropped->packets;
	if (dropped->proto == IPPROTO_UDP && dropped->port == round->ends.port)
		round->seen += dropped->packets;
	return true;
}
