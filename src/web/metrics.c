/*
 * metrics.c: add up ports and write the exposition formats; see metrics.h.
 */
#include "web/metrics.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/block_metrics.h"
#include "web/finding_metrics.h"
#include "web/incident_metrics.h"
#include "web/level_metrics.h"
#include "web/listener_metrics.h"
#include "web/probe_metrics.h"
#include "web/self_test_metrics.h"
#include "web/sensor_metrics.h"
#include "web/sensor_set.h"

enum {
	FIELDS_MAX = 64, /* of a record; metrics_new() checks */
	INDEX_SIZE = 4 * METRICS_PORTS_MAX,
	LOGINS_MAX = 64, /* protocols with logins; all others are one */
};

struct slot {
	uint32_t port;
	const char *transport;
	bool is_home;
	field_text64 sensor; /* "": of this machine */
	char service[32];
	uint64_t bytes;                 /* since the start, for the order */
	uint64_t counters[FIELDS_MAX];  /* by index in the port record's schema */
	long double gauges[FIELDS_MAX]; /* at the last scrape; NaN: unknown */
};

enum { SUCCESS, FAILURE, NOT_KNOWN, OUTCOMES };
static const char *const outcomes[OUTCOMES] = { "success", "failure", "unknown" };

struct logins {
	char protocol[32];
	uint64_t count[OUTCOMES];
};

struct metrics {
	struct slot slots[METRICS_PORTS_MAX];
	size_t count;
	struct slot other;
	struct logins logins[LOGINS_MAX];
	size_t login_count;
	struct probe_counts probes;
	struct finding_counts findings;
	struct block_counts blocks;
	struct self_test_counts self_tests;
	uint16_t index[INDEX_SIZE]; /* 1 + slot by what names it; 0: free */
};

struct metrics *metrics_new(void)
{
	if (schemas[RECORD_port].field_count > FIELDS_MAX)
		return NULL;
	struct metrics *metrics = calloc(1, sizeof(*metrics));
	if (metrics != NULL)
		metrics->other.transport = "other";
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	free(metrics);
}

/* The slot of that port, or the free place in the index where it belongs. */
static uint16_t *find(struct metrics *metrics, const struct port_record *record,
		      bool is_home)
{
	const char *transport = record->transport;
	uint32_t hash = record->port * 2654435761u + (uint8_t)transport[0] * 40503u +
			is_home * 2246822519u + (uint32_t)sensor_hash(record->sensor);
	for (uint32_t i = 0; i < INDEX_SIZE; i++) {
		uint16_t *at = &metrics->index[(hash + i) % INDEX_SIZE];
		if (*at == 0)
			return at;
		const struct slot *slot = &metrics->slots[*at - 1];
		if (slot->port == record->port && slot->is_home == is_home &&
		    strcmp(slot->transport, transport) == 0 &&
		    strcmp(slot->sensor, record->sensor) == 0)
			return at;
	}
	return NULL; /* never: the index is four times the slots */
}

static struct slot *slot_for(struct metrics *metrics, const struct port_record *port,
			     bool is_home)
{
	bool answers = port->server_packets != UNKNOWN_U64 &&
		       port->server_packets > 0 &&
		       (port->rejected == UNKNOWN_U64 || port->rejected < port->flows ||
			port->flows == 0);
	if (port->transport == NULL)
		return &metrics->other;
	uint16_t *at = find(metrics, port, is_home);
	if (at == NULL || (*at == 0 && !answers))
		return &metrics->other;
	if (*at != 0)
		return &metrics->slots[*at - 1];
	if (metrics->count == METRICS_PORTS_MAX)
		return &metrics->other;
	struct slot *slot = &metrics->slots[metrics->count++];
	*at = (uint16_t)metrics->count;
	slot->port = port->port;
	slot->transport = port->transport;
	slot->is_home = is_home;
	memcpy(slot->sensor, port->sensor, sizeof(slot->sensor));
	return slot;
}

static bool is_home(const struct web_source *source, const struct port_record *port)
{
	return source->is_home != NULL &&
	       source->is_home(source->self, &port->server_ip);
}

void metrics_add(struct metrics *metrics, const struct web_source *source,
		 const struct port_record *port)
{
	const struct schema *schema = &schemas[RECORD_port];
	struct slot *slot = slot_for(metrics, port, is_home(source, port));
	if (slot->service[0] == '\0' && slot != &metrics->other)
		memcpy(slot->service, port->service, sizeof(slot->service));
	for (size_t i = 0; i < schema->field_count; i++) {
		long double value = family_number(&schema->fields[i], port);
		if (schema->fields[i].role == ROLE_COUNTER && !isnan(value))
			slot->counters[i] += (uint64_t)value;
	}
	if (port->client_bytes != UNKNOWN_U64)
		slot->bytes += port->client_bytes;
	if (port->server_bytes != UNKNOWN_U64)
		slot->bytes += port->server_bytes;
}

static struct logins *logins_of(struct metrics *metrics, const char *protocol)
{
	for (size_t i = 0; i < metrics->login_count; i++)
		if (strcmp(metrics->logins[i].protocol, protocol) == 0)
			return &metrics->logins[i];
	if (metrics->login_count >= LOGINS_MAX - 1 && strcmp(protocol, "other") != 0)
		return logins_of(metrics, "other");
	struct logins *logins = &metrics->logins[metrics->login_count++];
	snprintf(logins->protocol, sizeof(logins->protocol), "%s", protocol);
	return logins;
}

void metrics_add_login(struct metrics *metrics, const struct login_record *login)
{
	unsigned outcome = SUCCESS;
	while (outcome < NOT_KNOWN && (login->outcome == NULL ||
				       strcmp(outcomes[outcome], login->outcome) != 0))
		outcome++;
	logins_of(metrics, login->protocol)->count[outcome]++;
}

/* Times and ratios of several servers: the worst. All else adds up. */
static bool is_worst_of(const struct field *field)
{
	return field->type == TYPE_ratio || field->type == TYPE_real ||
	       family_is_time(field);
}

struct taking {
	struct metrics *metrics;
	const struct web_source *source;
};

/*
 * web_emit: gauges of one server's port, into those of the port.  That a port where
 * nothing is refuses is no error of the port's servers.
 */
static void take_gauges(void *to, const void *record)
{
	const struct taking *taking = to;
	const struct port_record *port = record;
	const struct schema *schema = &schemas[RECORD_port];
	if (port->transport == NULL || port->unused == 1)
		return;
	const uint16_t *at = find(taking->metrics, port, is_home(taking->source, port));
	if (at == NULL || *at == 0)
		return;
	struct slot *slot = &taking->metrics->slots[*at - 1];
	for (size_t i = 0; i < schema->field_count; i++) {
		long double value = family_number(&schema->fields[i], record);
		if (schema->fields[i].role != ROLE_GAUGE || isnan(value))
			continue;
		bool worst = is_worst_of(&schema->fields[i]);
		if (isnan(slot->gauges[i]) || (worst && value > slot->gauges[i]))
			slot->gauges[i] = value;
		else if (!worst)
			slot->gauges[i] += value;
	}
}

static void put_port_sample(const struct family *family, const struct slot *slot,
			    bool other, long double value)
{
	if (isnan(value))
		return;
	family_sample(family);
	if (other)
		buf_text(family->out,
			 "{port=\"other\",transport=\"other\",service=\"\"}");
	else {
		buf_printf(family->out, "{port=\"%u\",transport=\"", slot->port);
		family_label(family->out, slot->transport);
		buf_text(family->out, "\",service=\"");
		family_label(family->out, slot->service);
		buf_printf(family->out, "\",home=\"%s\"", slot->is_home ? "yes" : "no");
		family_sensor(family->out, ",", slot->sensor);
		buf_char(family->out, '}');
	}
	family_value(family, value);
}

static int by_bytes(const void *a, const void *b)
{
	const struct slot *x = *(const struct slot *const *)a;
	const struct slot *y = *(const struct slot *const *)b;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->port < y->port ? -1 : x->port > y->port;
}

static void write_port_family(const struct metrics *metrics, struct family *family,
			      size_t i, const struct slot *const *shown, size_t count)
{
	const struct field *field = &schemas[RECORD_port].fields[i];
	bool counter = field->role == ROLE_COUNTER;
	char doc[256];
	family_of(family, RECORD_port, field);
	snprintf(doc, sizeof(doc), "%s %s", field->doc,
		 is_worst_of(field) ? "The worst of the port's servers."
				    : "Over all servers of the port.");
	family_begin(family, family_type(field), doc);
	for (size_t s = 0; s < count; s++)
		put_port_sample(family, shown[s], false,
				counter ? (long double)shown[s]->counters[i]
					: shown[s]->gauges[i]);
	if (counter)
		put_port_sample(family, &metrics->other, true,
				(long double)metrics->other.counters[i]);
}

static void write_ports(struct metrics *metrics, const struct web_source *source,
			struct family *family)
{
	const struct schema *schema = &schemas[RECORD_port];
	const struct slot *shown[METRICS_PORTS_MAX] = { NULL };
	struct taking taking = { metrics, source };
	for (size_t s = 0; s < metrics->count; s++) {
		shown[s] = &metrics->slots[s];
		for (size_t i = 0; i < FIELDS_MAX; i++)
			metrics->slots[s].gauges[i] = (long double)NAN;
	}
	source->ports(source->self, take_gauges, &taking);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): it is the pointers we sort */
	qsort(shown, metrics->count, sizeof(shown[0]), by_bytes);
	size_t count = metrics->count < METRICS_PORTS_SHOWN ? metrics->count
							    : METRICS_PORTS_SHOWN;
	for (size_t i = 0; i < schema->field_count; i++)
		if (family_type(&schema->fields[i]) != NULL)
			write_port_family(metrics, family, i, shown, count);
}

/* A word is a label, as values are numbers. */
static void write_store_state(const struct self_record *self, struct family *family)
{
	if (self->store_state == NULL)
		return;
	family_of(family, RECORD_self, family_field(RECORD_self, "store_state"));
	family_begin(family, "gauge", "1, with the state of the store as a label.");
	family_sample(family);
	buf_printf(family->out, "{state=\"%s\"} 1\n", self->store_state);
}

static void write_self(const struct web_source *source, struct family *family)
{
	const struct schema *schema = &schemas[RECORD_self];
	struct self_record self;
	record_init(RECORD_self, &self);
	source->self_record(source->self, &self);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		long double value = family_number(field, &self);
		if (isnan(value) || family_type(field) == NULL)
			continue;
		family_of(family, RECORD_self, field);
		family_begin(family, family_type(field), field->doc);
		family_sample(family);
		family_value(family, value);
	}
	write_store_state(&self, family);
}

/* What only the status object knows. */
static const struct {
	const char *key, *name, *unit, *type, *doc;
} status_metrics[] = {
	{ "uptime_s", "breakwater_uptime_seconds", "seconds", "gauge",
	  "Time since the daemon began to watch." },
	{ "workers", "breakwater_workers", "", "gauge", "Capture workers." },
	{ "half_open", "breakwater_half_open_flows", "", "gauge",
	  "Connection attempts without an answer yet." },
	{ "services", "breakwater_services", "", "gauge",
	  "Services (server address, port, transport) that are followed." },
	{ "memory_bytes", "breakwater_tables_bytes", "bytes", "gauge",
	  "Memory of the flow and service tables." },
	{ "link_bytes", "breakwater_link_bytes", "bytes", "gauge",
	  "Bytes a second that the fastest link carries in each direction." },
	{ "kernel_dropped", "breakwater_kernel_dropped", "", "counter",
	  "Packets the kernel dropped before we could read them." },
};

static void write_undecoded(const json_t *status, struct family *family)
{
	json_t *reasons = json_object_get(status, "undecoded");
	const char *reason;
	json_t *count;
	if (json_object_size(reasons) == 0)
		return;
	family->unit = "";
	snprintf(family->name, sizeof(family->name), "breakwater_undecoded_by_reason");
	family_begin(family, "counter", "Packets the decoder refused, by reason.");
	json_object_foreach(reasons, reason, count)
	{
		family_sample(family);
		buf_text(family->out, "{reason=\"");
		family_label(family->out, reason);
		buf_text(family->out, "\"}");
		family_value(family, (long double)json_number_value(count));
	}
}

/* Who tells people, if there is anybody to tell. */
static void write_sender(const json_t *sender, struct family *family)
{
	if (!json_is_object(sender))
		return;
	family_single(
		family, "sender_holds", "", "gauge",
		"1 if the process that sends messages runs as it should, 0 if not.",
		json_is_true(json_object_get(sender, "holds")));
	family_single(
		family, "messages_waiting", "", "gauge",
		"Messages that nobody has taken yet.",
		(long double)json_number_value(json_object_get(sender, "waiting")));
	family_single(
		family, "messages_dropped", "", "counter",
		"Messages that were given up, or that there was no room for.",
		(long double)json_number_value(json_object_get(sender, "dropped")));
}

static void write_status(const struct web_source *source, struct family *family)
{
	struct buf text = { 0 };
	source->status(source->self, &text);
	json_t *status = json_loadb(text.at == NULL ? "" : text.at, text.len, 0, NULL);
	buf_free(&text);
	for (size_t i = 0; i < sizeof(status_metrics) / sizeof(status_metrics[0]);
	     i++) {
		const json_t *value = json_object_get(status, status_metrics[i].key);
		if (!json_is_number(value) || json_number_value(value) < 0)
			continue;
		family->unit = status_metrics[i].unit;
		snprintf(family->name, sizeof(family->name), "%s",
			 status_metrics[i].name);
		family_begin(family, status_metrics[i].type, status_metrics[i].doc);
		family_sample(family);
		bool seconds = strcmp(family->unit, "seconds") == 0;
		family_value(family, (long double)json_number_value(value) *
					     (seconds ? 1e6L : 1));
	}
	write_undecoded(status, family);
	block_metrics_firewall(json_object_get(status, "firewall"), family);
	write_sender(json_object_get(status, "sender"), family);
	json_decref(status);
}

static void write_logins(const struct metrics *metrics, struct family *family)
{
	if (metrics->login_count == 0)
		return;
	family->unit = "";
	snprintf(family->name, sizeof(family->name), "breakwater_logins");
	family_begin(family, "counter", "Attempts to log in, by protocol and outcome.");
	for (size_t i = 0; i < metrics->login_count; i++)
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++) {
			family_sample(family);
			buf_text(family->out, "{protocol=\"");
			family_label(family->out, metrics->logins[i].protocol);
			buf_printf(family->out, "\",outcome=\"%s\"}",
				   outcomes[outcome]);
			family_value(family,
				     (long double)metrics->logins[i].count[outcome]);
		}
}

void metrics_add_finding(struct metrics *metrics, const struct finding_record *finding)
{
	finding_metrics_add(&metrics->findings, finding);
}

void metrics_add_block(struct metrics *metrics, const struct block_record *block)
{
	block_metrics_add(&metrics->blocks, block);
}

void metrics_add_probe(struct metrics *metrics, const struct probe_record *probe)
{
	probe_metrics_add(&metrics->probes, probe);
}

void metrics_add_self_test(struct metrics *metrics, const struct self_test_record *test)
{
	self_test_metrics_add(&metrics->self_tests, test);
}

void metrics_write(struct metrics *metrics, const struct web_source *source,
		   const char *version, bool openmetrics, struct buf *out)
{
	struct family family = { .out = out, .openmetrics = openmetrics, .unit = "" };
	snprintf(family.name, sizeof(family.name), "breakwater_build");
	family_begin(&family, "info", "The version that runs.");
	family_sample(&family);
	buf_text(out, "{version=\"");
	family_label(out, version);
	buf_text(out, "\"} 1\n");
	write_self(source, &family);
	write_status(source, &family);
	write_ports(metrics, source, &family);
	listener_metrics_write(source, &family);
	write_logins(metrics, &family);
	finding_metrics_write(&metrics->findings, source, &family);
	incident_metrics_write(source, &family);
	level_metrics_write(source, &family);
	block_metrics_write(&metrics->blocks, source, &family);
	probe_metrics_write(&metrics->probes, source, &family);
	self_test_metrics_write(&metrics->self_tests, &family);
	sensor_metrics_write(source, &family);
	if (openmetrics)
		buf_text(out, "# EOF\n");
}
