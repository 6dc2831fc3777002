/*
 * port_record.c: sums become a record; what can't be known is left unknown.
 */
#include "flow/port_record.h"

#include <netinet/in.h>

#include "catalog/catalog.h"

static void put_quantiles(const struct port_detail *d, struct port_record *out)
{
	out->clients = cardinality_estimate(&d->clients);
	static const double at[] = { 0, 0.5, 0.95, 0.99, 1 };
	uint64_t value[5];
	if (d->handshake.total > 0) {
		histogram_quantiles(&d->handshake, at + 1, value, 2);
		out->handshake_p50_us = value[0];
		out->handshake_p95_us = value[1];
	}
	out->responses = d->response.total;
	if (d->response.total == 0)
		return;
	histogram_quantiles(&d->response, at, value, 5);
	out->response_min_us = value[0];
	out->response_p50_us = value[1];
	out->response_p95_us = value[2];
	out->response_p99_us = value[3];
	out->response_max_us = value[4];
	out->response_mean_us = histogram_mean(&d->response);
}

/* Nobody knows whether a server that never spoke should have. */
static bool may_be_silent(const struct catalog *catalog, const struct port_sample *s)
{
	return s->server_packets == 0 && s->rejected == 0 &&
	       !catalog_answers(catalog, s->proto, s->port);
}

static void put_errors(const struct catalog *catalog, const struct port_sample *s,
		       struct port_record *out)
{
	uint64_t all = s->answers, bad = s->answer_errors;
	if (s->answers > 0) {
		out->answers = s->answers;
		out->answer_errors = s->answer_errors;
	}
	if (!may_be_silent(catalog, s)) {
		out->ended = s->ended;
		out->errors = s->rejected + s->unanswered + s->aborted;
		all += out->ended;
		bad += out->errors;
	}
	if (all > 0)
		out->error_ratio = (double)bad / (double)all;
}

static void put_tcp(const struct port_sample *s, struct port_record *out)
{
	out->syns = s->syns;
	out->handshakes = s->handshakes;
	out->data_packets = s->data_packets;
	out->retransmits = s->retransmits;
	out->payload_bytes = s->payload_bytes;
	out->lost_bytes = s->lost_bytes;
	if (s->data_packets > 0)
		out->retransmit_ratio =
			(double)s->retransmits / (double)s->data_packets;
	uint64_t all = s->payload_bytes + s->lost_bytes;
	if (all > 0)
		out->lost_ratio = (double)s->lost_bytes / (double)all;
}

static void put_names(const struct catalog *catalog, const struct port_sample *s,
		      struct port_record *out)
{
	out->transport = s->proto == IPPROTO_TCP    ? "tcp"
			 : s->proto == IPPROTO_UDP  ? "udp"
			 : s->proto == IPPROTO_SCTP ? "sctp"
						    : NULL;
	if (s->proto == 0)
		return; /* what the tables had no room for */
	out->server_ip = s->server;
	out->port = s->port;
	const char *service = catalog_service(catalog, s->proto, s->port);
	const char *protocol = s->protocol != NULL
				       ? s->protocol
				       : catalog_protocol(catalog, s->proto, s->port);
	if (service != NULL)
		record_text(out->service, sizeof(out->service), service);
	if (protocol != NULL) {
		record_text(out->protocol, sizeof(out->protocol), protocol);
		out->protocol_by = s->protocol != NULL ? "content" : "port";
	}
	out->class = catalog_class(catalog, s->proto, s->port);
}

void port_record_make(const struct catalog *catalog, const struct port_sample *s,
		      const struct port_detail *detail, uint32_t interval_s,
		      struct port_record *out)
{
	record_init(RECORD_port, out);
	put_names(catalog, s, out);
	out->start = s->start_us;
	out->interval_s = interval_s;
	out->flows = s->flows;
	out->active = out->active_min = out->active_max = s->active;
	out->rejected = s->rejected;
	out->unanswered = s->unanswered;
	out->resets = s->resets;
	out->client_bytes = s->client_bytes;
	out->server_bytes = s->server_bytes;
	out->client_packets = s->client_packets;
	out->server_packets = s->server_packets;
	if (s->dropped_packets > 0) {
		out->dropped_packets = s->dropped_packets;
		out->dropped_bytes = s->dropped_bytes;
	}
	out->second_min_bytes = out->second_max_bytes =
		s->client_bytes + s->server_bytes;
	put_errors(catalog, s, out);
	if (s->proto == IPPROTO_TCP)
		put_tcp(s, out);
	if (detail != NULL)
		put_quantiles(detail, out);
}

/* ---- several seconds ---- */

void extremes_carry(struct port_extremes *e, uint64_t active)
{
	if (!e->has_active || active < e->active_min)
		e->active_min = active;
	if (!e->has_active || active > e->active_max)
		e->active_max = active;
	e->has_active = true;
}

static void note_bytes(struct port_extremes *e, uint64_t least, uint64_t most)
{
	if (e->count == 0 || least < e->bytes_min)
		e->bytes_min = least;
	if (e->count == 0 || most > e->bytes_max)
		e->bytes_max = most;
}

void extremes_add(struct port_extremes *e, const struct port_sample *second)
{
	uint64_t bytes = second->client_bytes + second->server_bytes;
	extremes_carry(e, second->active);
	note_bytes(e, bytes, bytes);
	e->count++;
}

void extremes_merge(struct port_extremes *into, const struct port_extremes *from)
{
	if (from->has_active) {
		extremes_carry(into, from->active_min);
		extremes_carry(into, from->active_max);
	}
	if (from->count > 0)
		note_bytes(into, from->bytes_min, from->bytes_max);
	into->count += from->count;
}

void extremes_put(const struct port_extremes *e, struct port_record *out)
{
	out->active_min = e->active_min;
	out->active_max = e->active_max;
	/* In fewer seconds than that it was silent. */
	out->second_min_bytes = e->count < out->interval_s ? 0 : e->bytes_min;
	out->second_max_bytes = e->bytes_max;
}
