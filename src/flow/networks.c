/*
 * networks.c: see networks.h.
 */
#include "flow/networks.h"

#include <netinet/in.h>

#include "flow/state.h"

/* Of one host it is told by itself: its lead is most of what came. */
enum { LEAD_SHARE = 4 };

static uint64_t prefix_of_addr(const struct addr *a)
{
	unsigned first = addr_is_v4(a) ? 10 : 0; /* with what all mapped ones have */
	unsigned len = addr_is_v4(a) ? 2 + NETWORK_V4_BITS / 8 : NETWORK_V6_BITS / 8;
	uint64_t prefix = 0;
	for (unsigned i = 0; i < len; i++)
		prefix = prefix << 8 | a->ip6[first + i];
	return prefix;
}

static void begin(struct network *network, uint64_t prefix, uint8_t proto)
{
	network->prefix = prefix;
	network->proto = proto;
	network->attempts = network->others = network->lead = 0;
	cardinality_reset(&network->hosts);
	cardinality_reset(&network->sources);
}

/* NULL: its place is another's. */
static struct network *network_of(struct flows *f, const struct addr *server,
				  uint8_t proto)
{
	uint64_t words[2] = { prefix_of_addr(server), proto };
	uint64_t hash = hash_words(&f->options.key, words, 2);
	struct network *network = &f->networks.at[hash % NETWORKS_MAX];
	if (network->attempts == 0) {
		begin(network, words[0], proto);
	} else if (network->prefix != words[0] || network->proto != proto) {
		if (++network->others <= network->attempts)
			return NULL;
		begin(network, words[0], proto);
	}
	return network;
}

static void count_host(struct network *network, const struct addr *server)
{
	if (network->lead == 0)
		network->host = *server;
	if (addr_equal(&network->host, server))
		network->lead++;
	else
		network->lead--;
}

void networks_add(struct flows *f, const struct flow_key *key, uint8_t proto)
{
	const struct addr *server = &key->addr[SERVER];
	struct network *network = network_of(f, server, proto);
	if (network == NULL)
		return;
	network->attempts++;
	network->last = *server;
	count_host(network, server);
	cardinality_add(&network->hosts, unsolicited_hash(server));
	cardinality_add(&network->sources, unsolicited_hash(&key->addr[CLIENT]));
}

static void tell(struct flows *f, const struct network *network, int64_t end_us)
{
	struct unsolicited_record record;
	record_init(RECORD_unsolicited, &record);
	record.at = end_us;
	record.ip = network->last;
	record.transport = transport_name(network->proto);
	record.packets = network->attempts;
	record.sources = cardinality_estimate(&network->sources);
	record.network = addr_is_v4(&network->last) ? NETWORK_V4_BITS : NETWORK_V6_BITS;
	record.hosts = cardinality_estimate(&network->hosts);
	f->sink.record(f->sink.self, RECORD_unsolicited, &record);
}

void networks_flush(struct flows *f, int64_t end_us)
{
	bool is_wanted = flows_wants(f, RECORD_unsolicited);
	for (unsigned i = 0; i < NETWORKS_MAX; i++) {
		struct network *network = &f->networks.at[i];
		if (is_wanted && network->attempts >= NETWORK_TELL_MIN &&
		    network->lead * LEAD_SHARE < network->attempts)
			tell(f, network, end_us);
		network->attempts = 0;
	}
}
