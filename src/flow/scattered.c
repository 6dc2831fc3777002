/*
 * scattered.c: see scattered.h.
 */
#include "flow/scattered.h"

#include <netinet/in.h>

#include "flow/state.h"

bool scattered_is(const struct port_sample *sample)
{
	/* A RST is an answer as well, and nothing comes of it. */
	bool is_served = sample->proto == IPPROTO_TCP
				 ? sample->handshakes + sample->data_packets > 0
				 : sample->server_packets > 0;
	return !is_served && sample->client_packets <= SCATTERED_PACKETS_MAX;
}

/* The host's place; of a new one, if there is no other, that of who got least. */
static struct scattered_host *host_of(struct scattered *s,
				      const struct port_sample *sample)
{
	uint32_t least = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		/* Mostly it is the same as before. */
		uint32_t at = (s->last + i) % s->count;
		struct scattered_host *host = &s->host[at];
		if (host->proto == sample->proto &&
		    addr_equal(&host->server, &sample->server)) {
			s->last = at;
			return host;
		}
		if (host->packets < s->host[least].packets)
			least = at;
	}
	if (s->count < SCATTERED_HOSTS)
		least = s->count++;
	struct scattered_host *host = &s->host[least];
	host->server = sample->server;
	host->proto = sample->proto;
	host->packets = host->bytes = host->ports = 0;
	cardinality_reset(&host->sources);
	s->last = least;
	return host;
}

void scattered_add(struct scattered *s, const struct port_sample *sample,
		   const struct cardinality *clients)
{
	bool is_tcp = sample->proto == IPPROTO_TCP;
	uint64_t packets = is_tcp ? sample->syns : sample->client_packets;
	if (packets == 0 || sample->port == 0)
		return;
	struct scattered_host *host = host_of(s, sample);
	host->packets += packets;
	host->bytes += sample->client_bytes;
	if (clients != NULL && host->ports < SCATTERED_SAMPLE)
		cardinality_merge(&host->sources, clients);
	host->ports++;
}

static void tell(struct flows *f, const struct scattered_host *host, int64_t end_us)
{
	struct unsolicited_record record;
	record_init(RECORD_unsolicited, &record);
	record.at = end_us;
	record.ip = host->server;
	record.transport = transport_name(host->proto);
	record.packets = host->packets;
	record.bytes = host->bytes;
	record.ports = host->ports;
	record.sources = cardinality_estimate(&host->sources);
	f->sink.record(f->sink.self, RECORD_unsolicited, &record);
}

void scattered_flush(struct flows *f, struct scattered *s, int64_t end_us)
{
	bool is_wanted = flows_wants(f, RECORD_unsolicited);
	for (uint32_t i = 0; is_wanted && i < s->count; i++)
		if (s->host[i].ports >= SCATTERED_PORTS_MIN)
			tell(f, &s->host[i], end_us);
	s->count = s->last = 0;
}
