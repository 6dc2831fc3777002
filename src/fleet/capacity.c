/*
 * capacity.c: see capacity.h.
 *
 * What several sensors tell of one service of one address is counted once: whose own it
 * is, as a process of it listens there, counts first.  Clients at a site see the same
 * traffic, and a tap sees all of it.
 */
#include "fleet/capacity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/shelf.h"

enum { SENSORS_MOST = 131072, USES_MOST = 131072 };
/* A forecast says that it comes, rather than not. */
static const double RATHER = 0.5;
static const char link_metric[] = "bytes_per_s", end_metric[] = "certificate_s";

/* ---- what is known of each sensor, and of each service of one ---- */

struct server {
	field_text64 name;
	uint64_t realm; /* of addresses that are not global: where it is */
	bool is_up;
	double link;              /* bytes a second; NaN: not known */
	double in, out;           /* of all its services now, bytes a second */
	double busiest;           /* the sum of their busiest hours */
	double total, free, rest; /* as find_rest() has them */
};

/* One service at one address, as one sensor tells it. */
struct use {
	uint64_t sensor;
	struct server *server;
	struct addr ip;
	uint32_t port;
	const char *transport;
	field_text32 service;
	bool is_own;   /* a process of that machine listens there */
	bool is_there; /* it has answered, now or in its history */
	double in, out;
	double active, busiest; /* NaN: not known */
	/* Of its forecasts. */
	double nearest;
	const char *nearest_metric;
	int64_t crosses_at;
	double probability;
	const char *crosses_metric;
};

struct fleet_capacity {
	struct fleet_capacity_asked asked;
	struct hash_key key;
	struct shelf servers, uses;
};

struct fleet_capacity *fleet_capacity_new(const struct fleet_capacity_asked *asked)
{
	struct fleet_capacity *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->asked = *asked;
	c->key = hash_key_random();
	c->servers =
		(struct shelf){ .size = sizeof(struct server), .most = SENSORS_MOST };
	c->uses = (struct shelf){ .size = sizeof(struct use), .most = USES_MOST };
	return c;
}

void fleet_capacity_free(struct fleet_capacity *c)
{
	if (c == NULL)
		return;
	shelf_free(&c->servers);
	shelf_free(&c->uses);
	free(c);
}

static struct server *server_of(struct fleet_capacity *c, const char *name)
{
	bool is_new;
	struct shelf_row *row =
		shelf_touch(&c->servers, shelf_name_text(&c->key, 0, name), &is_new);
	struct server *server = row != NULL ? (struct server *)row->at : NULL;
	if (server != NULL && is_new) {
		record_text(server->name, sizeof(server->name), name);
		server->link = NAN;
	}
	return server;
}

/* What names a service: the same in each of these records. */
struct place {
	const char *sensor, *transport, *service;
	struct addr ip;
	uint32_t port;
};

/* What a machine says to itself goes over no link. */
static struct use *use_of(struct fleet_capacity *c, const struct place *place)
{
	bool is_new;
	uint64_t words[3] = { 0, 0, place->port };
	if (place->transport == NULL || place->port > UINT16_MAX ||
	    addr_is_unset(&place->ip) || addr_is_loopback(&place->ip))
		return NULL;
	memcpy(words, &place->ip, sizeof(place->ip));
	uint64_t sensor = shelf_name_text(&c->key, 0, place->sensor);
	uint64_t name = shelf_name_words(&c->key, sensor, words, 3);
	struct shelf_row *row = shelf_touch(
		&c->uses, shelf_name_text(&c->key, name, place->transport), &is_new);
	struct use *use = row != NULL ? (struct use *)row->at : NULL;
	if (use != NULL && is_new)
		*use = (struct use){ .sensor = sensor,
				     .ip = place->ip,
				     .port = place->port,
				     .transport = place->transport,
				     .active = NAN,
				     .busiest = NAN,
				     .nearest = NAN,
				     .crosses_at = UNKNOWN_TIME };
	if (use != NULL && place->service[0] != '\0')
		record_text(use->service, sizeof(use->service), place->service);
	return use;
}

/* ---- records ---- */

static void take_sensor(struct fleet_capacity *c, const struct sensor_record *sensor)
{
	struct server *server = server_of(c, sensor->sensor);
	if (server == NULL)
		return;
	server->is_up = sensor->state != NULL && strcmp(sensor->state, "up") == 0;
	server->realm = shelf_name_text(&c->key, 0, sensor->site);
}

static double per_second(uint64_t count, uint32_t interval_s)
{
	return count == UNKNOWN_U64 ? 0 : (double)count / interval_s;
}

/* A port that only refuses, or says nothing, is no service. */
static void take_port(struct fleet_capacity *c, const struct port_record *port)
{
	const struct place place = { port->sensor, port->transport, port->service,
				     port->server_ip, port->port };
	bool is_open = port->state != NULL && strcmp(port->state, "open") == 0;
	if (!is_open || port->unused == 1 || port->interval_s == 0 ||
	    port->interval_s == UNKNOWN_U32)
		return;
	struct use *use = use_of(c, &place);
	if (use == NULL)
		return;
	use->is_there = true;
	use->is_own |= port->process[0] != '\0' || port->unused == 0;
	use->in = per_second(port->client_bytes, port->interval_s);
	use->out = per_second(port->server_bytes, port->interval_s);
	use->active = port->active == UNKNOWN_U64 ? NAN : (double)port->active;
}

static bool is_late(const struct fleet_capacity *c, int64_t at_us)
{
	return at_us == UNKNOWN_TIME || at_us < c->asked.now_us - FLEET_CAPACITY_US;
}

static void learn_link(struct fleet_capacity *c, const char *sensor, double bytes)
{
	struct server *server =
		bytes > 0 && isfinite(bytes) ? server_of(c, sensor) : NULL;
	if (server != NULL)
		server->link = fmax(server->link, bytes);
}

static void take_capacity(struct fleet_capacity *c,
			  const struct capacity_record *capacity)
{
	const struct place place = { capacity->sensor, capacity->transport,
				     capacity->service, capacity->server_ip,
				     capacity->port };
	if (is_late(c, capacity->at))
		return;
	if (capacity->link_bytes != UNKNOWN_U64)
		learn_link(c, capacity->sensor, (double)capacity->link_bytes);
	struct use *use =
		capacity->busiest_bytes != UNKNOWN_U64 ? use_of(c, &place) : NULL;
	if (use == NULL)
		return;
	use->is_there |= capacity->last_used != UNKNOWN_TIME;
	use->is_own |= capacity->process[0] != '\0';
	use->busiest = (double)capacity->busiest_bytes;
}

static void expect(struct use *use, const struct forecast_record *forecast)
{
	double share = forecast->now / forecast->limit;
	bool comes =
		forecast->crosses_at != UNKNOWN_TIME && forecast->probability >= RATHER;
	/* Of its link the use now is known, and that of all its services. */
	if (strcmp(forecast->metric, link_metric) != 0 && isfinite(share) &&
	    !(share <= use->nearest)) {
		use->nearest = share;
		use->nearest_metric = forecast->metric;
	}
	if (comes && (use->crosses_at == UNKNOWN_TIME ||
		      forecast->crosses_at < use->crosses_at)) {
		use->crosses_at = forecast->crosses_at;
		use->probability = forecast->probability;
		use->crosses_metric = forecast->metric;
	}
}

static void take_forecast(struct fleet_capacity *c,
			  const struct forecast_record *forecast)
{
	const struct place place = { forecast->sensor, forecast->transport,
				     forecast->service, forecast->server_ip,
				     forecast->port };
	bool is_told = forecast->metric != NULL && forecast->hidden[0] == '\0' &&
		       forecast->limit > 0 && strcmp(forecast->metric, end_metric) != 0;
	if (!is_told || is_late(c, forecast->at))
		return;
	if (strcmp(forecast->metric, link_metric) == 0)
		learn_link(c, forecast->sensor, forecast->limit);
	struct use *use = use_of(c, &place);
	if (use != NULL)
		expect(use, forecast);
}

void fleet_capacity_take(struct fleet_capacity *c, enum record_kind kind,
			 const void *record)
{
	if (kind == RECORD_sensor)
		take_sensor(c, record);
	else if (kind == RECORD_port)
		take_port(c, record);
	else if (kind == RECORD_capacity)
		take_capacity(c, record);
	else if (kind == RECORD_forecast)
		take_forecast(c, record);
}

/* ---- whose a service is ---- */

struct uses {
	struct use **at; /* owned */
	size_t count;
};

static bool collect(struct fleet_capacity *c, struct uses *uses)
{
	uses->at = calloc(c->uses.count + 1, sizeof(struct use *));
	if (uses->at == NULL)
		return false;
	for (struct shelf_row *row = c->uses.newest; row != NULL; row = row->older) {
		struct use *use = (struct use *)row->at;
		struct shelf_row *of = shelf_find(&c->servers, use->sensor);
		use->server = of != NULL ? (struct server *)of->at : NULL;
		if (use->server != NULL && use->server->is_up && use->is_there)
			uses->at[uses->count++] = use;
	}
	return true;
}

static double busier(const struct use *use)
{
	return fmax(use->in, use->out);
}

/* In its busiest hour, as far as is known. */
static double peak_of(const struct use *use)
{
	return fmax(busier(use), use->busiest); /* of NaN and a number the number */
}

static int order(double a, double b)
{
	return (a > b) - (a < b);
}

static int order_places(const struct use *a, const struct use *b)
{
	int by = order(a->port, b->port);
	return by != 0 ? by : strcmp(a->transport, b->transport);
}

static uint64_t realm_of(const struct use *use)
{
	return addr_is_global(&use->ip) ? 0 : use->server->realm;
}

static int order_addresses(const struct use *a, const struct use *b)
{
	int by = order_places(a, b);
	if (by == 0)
		by = memcmp(&a->ip, &b->ip, sizeof(a->ip));
	if (by == 0 && realm_of(a) != realm_of(b))
		by = realm_of(a) < realm_of(b) ? -1 : 1;
	return by;
}

/* Whose own it is comes first, then who sees most of it. */
static int by_address(const void *left, const void *right)
{
	const struct use *a = *(struct use *const *)left;
	const struct use *b = *(struct use *const *)right;
	int by = order_addresses(a, b);
	if (by == 0)
		by = (int)b->is_own - (int)a->is_own;
	if (by == 0)
		by = order(peak_of(b), peak_of(a));
	return by != 0 ? by : strcmp(a->server->name, b->server->name);
}

static int by_sensor(const void *left, const void *right)
{
	const struct use *a = *(struct use *const *)left;
	const struct use *b = *(struct use *const *)right;
	int by = order_places(a, b);
	return by != 0 ? by : strcmp(a->server->name, b->server->name);
}

static bool is_wanted(const struct fleet_capacity *c, const struct use *use)
{
	return c->asked.wants == NULL || c->asked.wants(c->asked.of, use->server->name);
}

/* Two of one site may each have 10.0.0.1 of their own: both are servers. */
static void leave_out_repeated(const struct fleet_capacity *c, struct uses *uses)
{
	const struct use *first = NULL;
	size_t kept = 0;
	for (size_t i = 0; i < uses->count; i++) {
		struct use *use = uses->at[i];
		bool is_same = first != NULL && order_addresses(first, use) == 0;
		if (!is_same)
			first = use;
		if ((!is_same || use->is_own) && is_wanted(c, use))
			uses->at[kept++] = use;
	}
	uses->count = kept;
}

/* ---- what each server has left ---- */

/* What it asks of others goes the other way. */
static void add_up(const struct uses *uses)
{
	for (size_t i = 0; i < uses->count; i++) {
		const struct use *use = uses->at[i];
		use->server->in += use->is_own ? use->in : use->out;
		use->server->out += use->is_own ? use->out : use->in;
		use->server->busiest += peak_of(use);
	}
}

/* total: of all its services now; free: of its link now; rest: in their busiest hours,
 * which may be different ones. */
static void find_rest(struct fleet_capacity *c)
{
	for (struct shelf_row *row = c->servers.newest; row != NULL; row = row->older) {
		struct server *server = (struct server *)row->at;
		server->total = fmax(server->in, server->out);
		server->free = fmax(server->link - server->total, 0);
		server->rest = fmax(server->link - server->busiest, 0);
	}
}

/* ---- a service over all of them ---- */

/* Of one sensor: all its addresses together. */
struct part {
	const struct server *server;
	double load, peak;
	double free, rest; /* 0 if not known */
};

struct sum {
	struct fleet_capacity_record *out;
	double load, limit, free;
	double peak_limit, rest;
	double active;
	/* That the loss of one sensor would take: what it carries and its rest, and of
	 * the limit. */
	double most, most_limit;
};

static uint64_t whole(double value)
{
	return value >= 0 && value < 0x1p63 ? (uint64_t)value : UNKNOWN_U64;
}

static bool is_nearer(const struct sum *sum, double share)
{
	return isfinite(share) && !(share <= sum->out->nearest_ratio);
}

static void set_nearest(struct sum *sum, const struct server *server,
			const char *metric, double share)
{
	sum->out->nearest_ratio = share;
	sum->out->nearest_metric = metric;
	record_text(sum->out->nearest_sensor, sizeof(sum->out->nearest_sensor),
		    server->name);
}

static void add_expected(struct sum *sum, const struct use *use)
{
	struct fleet_capacity_record *out = sum->out;
	if (is_nearer(sum, use->nearest))
		set_nearest(sum, use->server, use->nearest_metric, use->nearest);
	if (use->crosses_at == UNKNOWN_TIME ||
	    (out->crosses_at != UNKNOWN_TIME && out->crosses_at <= use->crosses_at))
		return;
	out->crosses_at = use->crosses_at;
	out->crosses_metric = use->crosses_metric;
	out->probability = use->probability;
	record_text(out->crosses_sensor, sizeof(out->crosses_sensor),
		    use->server->name);
}

static void add_part(struct sum *sum, const struct part *part)
{
	const struct server *server = part->server;
	bool is_known = !isnan(server->link);
	double taken = part->peak + part->rest;
	sum->out->sensors++;
	sum->out->limits_known += is_known;
	sum->load += part->load;
	sum->free += part->free;
	sum->rest += part->rest;
	sum->limit += is_known ? part->load + part->free : 0;
	sum->peak_limit += is_known ? taken : 0;
	if (is_known && is_nearer(sum, server->total / server->link))
		set_nearest(sum, server, link_metric, server->total / server->link);
	if (sum->out->sensors > 1 && taken <= sum->most)
		return;
	sum->most = taken;
	sum->most_limit = is_known ? taken : 0;
	record_text(sum->out->lost_sensor, sizeof(sum->out->lost_sensor), server->name);
}

/* Without it, the others have their rest less what it carried. */
static void finish(struct sum *sum, double peak)
{
	struct fleet_capacity_record *out = sum->out;
	double others = sum->peak_limit - sum->most_limit;
	double remains = sum->rest - sum->most;
	out->load_bytes = whole(sum->load);
	out->peak_bytes = whole(peak);
	out->active = whole(sum->active);
	if (sum->limit > 0) {
		out->limit_bytes = whole(sum->limit);
		out->headroom_ratio = sum->free / sum->limit;
	}
	if (sum->peak_limit > 0)
		out->peak_headroom_ratio = sum->rest / sum->peak_limit;
	if (out->sensors > 1 && others > 0)
		out->lost_headroom_ratio = remains / others;
	else
		out->lost_sensor[0] = '\0';
}

/* The uses of one sensor, from the first on; returns how many. */
static size_t take_part(struct sum *sum, struct use *const *uses, size_t count,
			struct part *part)
{
	size_t i = 0;
	*part = (struct part){ .server = uses[0]->server };
	for (; i < count && uses[i]->server == part->server; i++) {
		part->load += busier(uses[i]);
		part->peak += peak_of(uses[i]);
		if (!isnan(uses[i]->active))
			sum->active = fmax(sum->active, 0) + uses[i]->active;
		add_expected(sum, uses[i]);
	}
	part->free = isnan(part->server->link) ? 0 : part->server->free;
	part->rest = isnan(part->server->link) ? 0 : part->server->rest;
	return i;
}

static void tell_service(const struct fleet_capacity *c, struct use *const *uses,
			 size_t count, struct fleet_capacity_record *out)
{
	struct sum sum = { .out = out, .active = NAN };
	double peak = 0;
	record_init(RECORD_fleet_capacity, out);
	out->at = c->asked.now_us;
	out->port = uses[0]->port;
	out->transport = uses[0]->transport;
	out->sensors = out->limits_known = 0;
	for (size_t i = 0; i < count; i++)
		if (out->service[0] == '\0')
			record_text(out->service, sizeof(out->service),
				    uses[i]->service);
	for (size_t i = 0; i < count;) {
		struct part part;
		i += take_part(&sum, uses + i, count - i, &part);
		peak += part.peak;
		add_part(&sum, &part);
	}
	finish(&sum, peak);
}

static void tell_all(const struct fleet_capacity *c, const struct uses *uses,
		     void (*emit)(void *to, const void *record), void *to)
{
	for (size_t i = 0, count; i < uses->count; i += count) {
		struct fleet_capacity_record record;
		for (count = 1; i + count < uses->count &&
				order_places(uses->at[i], uses->at[i + count]) == 0;)
			count++;
		tell_service(c, uses->at + i, count, &record);
		emit(to, &record);
	}
}

bool fleet_capacity_tell(struct fleet_capacity *c,
			 void (*emit)(void *to, const void *record), void *to)
{
	struct uses uses = { 0 };
	if (!collect(c, &uses))
		return false;
	add_up(&uses);
	find_rest(c);
	qsort(uses.at, uses.count, sizeof(struct use *), by_address);
	leave_out_repeated(c, &uses);
	qsort(uses.at, uses.count, sizeof(struct use *), by_sensor);
	tell_all(c, &uses, emit, to);
	free(uses.at);
	return true;
}
