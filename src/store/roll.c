/*
 * roll.c: several intervals made into one; see roll.h.
 */
#include "store/roll.h"

#include <math.h>
#include <string.h>

#include "store/table.h"

static bool has_any(field_set wanted, const char *const *names)
{
	for (; *names != NULL; names++)
		if (wanted & field_named(RECORD_port, *names))
			return true;
	return false;
}

static field_set all_of(const char *const *names)
{
	field_set set = 0;
	for (; *names != NULL; names++)
		set |= field_named(RECORD_port, *names);
	return set;
}

struct roll_needs roll_needs(field_set wanted)
{
	static const char *const made[][6] = {
		/* field, of these */
		{ "retransmit_ratio", "retransmits", "data_packets" },
		{ "lost_ratio", "lost_bytes", "payload_bytes" },
		{ "error_ratio", "errors", "answer_errors", "ended", "answers" },
		{ "response_mean_us", "responses" },
	};
	static const char *const of_handshake[] = { "handshake_p50_us",
						    "handshake_p95_us", NULL };
	static const char *const of_response[] = { "response_p50_us", "response_p95_us",
						   "response_p99_us",
						   "response_mean_us", NULL };
	static const char *const of_clients[] = { "clients", NULL };
	struct roll_needs needs = { wanted, has_any(wanted, of_handshake),
				    has_any(wanted, of_response),
				    has_any(wanted, of_clients) };
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (wanted & field_named(RECORD_port, made[i][0]))
			needs.fields |= all_of(made[i]);
	return needs;
}

void roll_init(struct roll *roll)
{
	memset(roll, 0, sizeof(*roll));
	roll_clear(roll);
}

void roll_clear(struct roll *roll)
{
	record_init(RECORD_port, &roll->sum);
	roll->seconds = 0;
	roll->newest_us = INT64_MIN;
	histogram_reset(&roll->handshake);
	histogram_reset(&roll->response);
	cardinality_reset(&roll->clients);
}

/* Unknown is no part of a sum. */
static void add(uint64_t *sum, uint64_t value)
{
	if (value == UNKNOWN_U64)
		return;
	*sum = *sum == UNKNOWN_U64 ? value : *sum + value;
}

static void least(uint64_t *kept, uint64_t value)
{
	if (value < *kept) /* unknown is the greatest */
		*kept = value;
}

static void most(uint64_t *kept, uint64_t value)
{
	if (value != UNKNOWN_U64 && (*kept == UNKNOWN_U64 || value > *kept))
		*kept = value;
}

static void add_counters(struct port_record *sum, const struct port_record *part)
{
	const struct schema *schema = &schemas[RECORD_port];
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		if (field->role == ROLE_COUNTER && field->type == TYPE_u64)
			add((uint64_t *)((char *)sum + field->offset),
			    *(const uint64_t *)((const char *)part + field->offset));
	}
}

/* Before the counters are added: the mean is weighted by them. */
static void add_mean(struct port_record *sum, const struct port_record *part)
{
	if (part->response_mean_us == UNKNOWN_U64 || part->responses == UNKNOWN_U64 ||
	    part->responses == 0)
		return;
	double had = sum->response_mean_us == UNKNOWN_U64 ? 0 : (double)sum->responses;
	double brings = (double)part->responses;
	double mean = had == 0 ? 0 : (double)sum->response_mean_us * had;
	mean = (mean + (double)part->response_mean_us * brings) / (had + brings);
	sum->response_mean_us = (uint64_t)llround(mean);
}

static void keep_extremes(struct port_record *sum, const struct port_record *part)
{
	least(&sum->response_min_us, part->response_min_us);
	most(&sum->response_max_us, part->response_max_us);
	least(&sum->active_min, part->active_min);
	most(&sum->active_max, part->active_max);
	least(&sum->second_min_bytes, part->second_min_bytes);
	most(&sum->second_max_bytes, part->second_max_bytes);
	most(&sum->clients, part->clients); /* at least; better if there are sketches */
}

static void take_word(field_word *to, field_word from)
{
	if (from != NULL)
		*to = from;
}

static void take_text(field_text32 *to, const field_text32 *from)
{
	if ((*from)[0] != '\0')
		memcpy(to, from, sizeof(*to));
}

/* The latest that is known. */
static void take_notes(struct port_record *sum, const struct port_record *part)
{
	sum->server_ip = part->server_ip;
	sum->port = part->port;
	take_word(&sum->transport, part->transport);
	take_word(&sum->class, part->class);
	take_word(&sum->state, part->state);
	take_word(&sum->protocol_by, part->protocol_by);
	take_text(&sum->service, &part->service);
	take_text(&sum->protocol, &part->protocol);
	take_text(&sum->process, &part->process);
	if (part->unused != UNKNOWN_FLAG)
		sum->unused = part->unused;
	if (part->pid != UNKNOWN_U32)
		sum->pid = part->pid;
	if (part->active != UNKNOWN_U64)
		sum->active = part->active;
	if (part->findings != UNKNOWN_U64)
		sum->findings = part->findings;
}

/* What is cut off or damaged adds nothing. */
static void merge(struct roll *roll, const struct roll_part *part)
{
	histogram_unpack(&roll->handshake, part->handshake.at, part->handshake.len);
	histogram_unpack(&roll->response, part->response.at, part->response.len);
	cardinality_unpack(&roll->clients, part->clients.at, part->clients.len);
}

void roll_add(struct roll *roll, const struct roll_part *part)
{
	add_mean(&roll->sum, part->record);
	add_counters(&roll->sum, part->record);
	keep_extremes(&roll->sum, part->record);
	merge(roll, part);
	roll->seconds += part->seconds;
	if (part->record->start >= roll->newest_us) {
		take_notes(&roll->sum, part->record);
		roll->newest_us = part->record->start;
	}
}

static double ratio_of(uint64_t part, uint64_t whole)
{
	if (part == UNKNOWN_U64 || whole == UNKNOWN_U64 || whole == 0)
		return NAN;
	return (double)part / (double)whole;
}

static void put_quantiles(struct roll *roll)
{
	static const double at[] = { 0.5, 0.95, 0.99 };
	uint64_t value[3];
	struct port_record *sum = &roll->sum;
	if (roll->handshake.total > 0) {
		histogram_quantiles(&roll->handshake, at, value, 2);
		sum->handshake_p50_us = value[0];
		sum->handshake_p95_us = value[1];
	}
	if (roll->response.total > 0) {
		histogram_quantiles(&roll->response, at, value, 3);
		sum->response_p50_us = value[0];
		sum->response_p95_us = value[1];
		sum->response_p99_us = value[2];
		/* Of the whole distribution, so that roundings don't add up. */
		sum->response_mean_us = histogram_mean(&roll->response);
	}
}

void roll_finish(struct roll *roll)
{
	struct port_record *sum = &roll->sum;
	put_quantiles(roll);
	if (roll->clients.count > 0)
		sum->clients = cardinality_estimate(&roll->clients);
	uint64_t payload = sum->payload_bytes;
	add(&payload, sum->lost_bytes);
	sum->retransmit_ratio = ratio_of(sum->retransmits, sum->data_packets);
	sum->lost_ratio = ratio_of(sum->lost_bytes, payload);
	uint64_t bad = sum->errors, all = sum->ended;
	add(&bad, sum->answer_errors);
	add(&all, sum->answers);
	sum->error_ratio = ratio_of(bad, all);
}

void roll_pack(const struct roll *roll, struct roll_packed *packed)
{
	packed->handshake_len = packed->response_len = packed->clients_len = 0;
	if (roll->handshake.total > 0)
		packed->handshake_len = histogram_pack(
			&roll->handshake, packed->handshake, sizeof(packed->handshake));
	if (roll->response.total > 0)
		packed->response_len = histogram_pack(&roll->response, packed->response,
						      sizeof(packed->response));
	if (roll->clients.count > 0)
		packed->clients_len = cardinality_pack(&roll->clients, packed->clients,
						       sizeof(packed->clients));
}

struct roll_part roll_part_of(const struct port_record *record, uint64_t seconds,
			      const struct roll_packed *packed)
{
	return (struct roll_part){
		.record = record,
		.seconds = seconds,
		.handshake = bytes_of(packed->handshake, packed->handshake_len),
		.response = bytes_of(packed->response, packed->response_len),
		.clients = bytes_of(packed->clients, packed->clients_len),
	};
}
