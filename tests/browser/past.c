/*
 * past.c: a store as if a server had been watched for some weeks.
 *
 *   past FOLDER DAYS SEED     what ports did, and connections of the last days, until
 * now
 *
 * Ports have habits: a day and a week of them, growth, noise.  On one day everybody
 * came (LOADED), and for some hours nobody watched (GAP).  Minutes, hours and days are
 * made of the same samples, so they agree.  The same seed makes the same past, as seen
 * from now; past.py adds what happened.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/file.h"
#include "store/levels.h"
#include "store/meta.h"
#include "store/store.h"

#define SECOND  1000000LL
#define MINUTE  (60 * SECOND)
#define HOUR    (3600 * SECOND)
#define DAY     (24 * HOUR)
#define SECONDS 10 /* of a sample in the last hours; a minute before */

enum {
	FINE_HOURS = 3,  /* of which there are ten seconds */
	MINUTE_DAYS = 3, /* ... and minutes */
	FLOW_DAYS = 7,
	FLOWS_AN_HOUR = 90, /* at most, of a service */
	GAP_DAYS = 12,      /* ago it began */
	GAP_HOURS = 5,
	LOADED_DAYS = 9, /* ago everybody came */
	LOADED_HOURS = 10,
	SAMPLED = 24, /* response times of a sample */
};

/* What is usual at a service. */
struct habit {
	const char *ip;
	uint32_t port;
	const char *transport, *service, *protocol, *process;
	double flows;       /* a minute, at noon */
	double in, out;     /* bytes of one, both directions */
	double responses;   /* of one */
	double response_us; /* median */
	double growth;      /* of response times, over all the time */
	double errors;      /* share of answers */
	unsigned clients;
	bool is_night_shift; /* busiest at two o'clock */
};

static const struct habit habits[] = {
	{ "203.0.113.10", 443, "tcp", "https", "tls", "nginx", 90, 1900, 46000, 4, 8200,
	  2.1, 0.0002, 900, false },
	{ "203.0.113.10", 80, "tcp", "http", "http", "nginx", 14, 700, 5200, 1, 4100,
	  1.1, 0.0003, 400, false },
	{ "2001:db8:113::10", 443, "tcp", "https", "tls", "nginx", 34, 1900, 41000, 4,
	  7600, 1.0, 0.0002, 350, false },
	{ "203.0.113.10", 22, "tcp", "ssh", "ssh", "sshd", 0.6, 5200, 6100, 9, 11000,
	  1.0, 0, 6, false },
	{ "203.0.113.10", 53, "udp", "domain", "dns", "named", 60, 68, 110, 1, 320, 1.0,
	  0.0001, 600, false },
	{ "203.0.113.10", 6379, "tcp", "redis", "redis", "redis-server", 6, 9000, 61000,
	  40, 180, 1.0, 0, 3, false },
	{ "203.0.113.20", 5432, "tcp", "postgresql", "postgresql", "", 3, 24000, 190000,
	  30, 1500, 1.35, 0.00002, 1, false },
	{ "203.0.113.40", 8400, "tcp", "", "tls", "", 1.5, 2500000, 9000, 3, 21000, 1.0,
	  0, 1, true },
};
enum { HABITS = sizeof(habits) / sizeof(habits[0]) };

struct past {
	int64_t now, first;
	uint64_t seed, chance;
	struct store *store;
	sqlite3 *db;
	struct level_access access;
	int64_t ids[HABITS];
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "past: %s\n", what);
	exit(2);
}

/* ---- chance ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t next(struct past *p)
{
	return mix(p->chance += 0x9e3779b97f4a7c15u);
}

static double share(struct past *p)
{
	return (double)(next(p) >> 11) / 9007199254740992.0;
}

/* About normal, of deviation 1: the sum of twelve (Irwin and Hall). */
static double normal(struct past *p)
{
	double sum = -6;
	for (int i = 0; i < 12; i++)
		sum += share(p);
	return sum;
}

/* Poisson's: by products where it is small (Knuth), else as good as normal. */
static uint64_t about(struct past *p, double mean)
{
	if (mean > 30)
		return (uint64_t)(mean + normal(p) * sqrt(mean) + 0.5);
	uint64_t count = 0;
	double least = exp(-mean);
	double product = share(p);
	while (product > least) {
		product *= share(p);
		count++;
	}
	return count;
}

/* ---- how busy it is ---- */

static int64_t gap_begin(const struct past *p)
{
	return p->now - GAP_DAYS * DAY;
}

static bool is_gap(const struct past *p, int64_t at)
{
	return at >= gap_begin(p) && at < gap_begin(p) + GAP_HOURS * HOUR;
}

static double hour_of(int64_t at)
{
	return (double)(at % DAY) / (double)HOUR;
}

static int64_t loaded_begin(const struct past *p)
{
	return floor_to(p->now - LOADED_DAYS * DAY, DAY) + 9 * HOUR;
}

static bool is_loaded(const struct past *p, int64_t at)
{
	return at >= loaded_begin(p) && at < loaded_begin(p) + LOADED_HOURS * HOUR;
}

/* 0..1 and more: 1 is noon of a working day. */
static double busy(const struct past *p, const struct habit *habit, int64_t at)
{
	double peak = habit->is_night_shift ? 2 : 13;
	double width = habit->is_night_shift ? 1.2 : 4.5;
	double away = fabs(hour_of(at) - peak);
	away = away > 12 ? 24 - away : away;
	double level = 0.06 + exp(-away * away / (2 * width * width));
	int64_t weekday =
		(at / DAY + 4) % 7; /* 1970 began on a Thursday; 0 is Sunday */
	if ((weekday == 0 || weekday == 6) && !habit->is_night_shift)
		level *= 0.4;
	return is_loaded(p, at) && !habit->is_night_shift ? level * 5 : level;
}

/* Median response time at that time. */
static double response_of(const struct past *p, const struct habit *habit, int64_t at)
{
	double passed = (double)(at - p->first) / (double)(p->now - p->first);
	double grown = 1 + (habit->growth - 1) * passed * passed;
	double queue = 1 + 0.25 * busy(p, habit, at);
	return habit->response_us * grown * queue;
}

/* ---- samples ---- */

static void name_it(const struct habit *habit, struct port_record *port)
{
	record_init(RECORD_port, port);
	if (!addr_parse(habit->ip, &port->server_ip))
		die(habit->ip);
	port->port = habit->port;
	port->transport = record_word(habit->transport);
	port->class = record_word(habit->port < 1024 ? "well-known" : "registered");
	record_text(port->service, sizeof(port->service), habit->service);
	record_text(port->protocol, sizeof(port->protocol), habit->protocol);
	record_text(port->process, sizeof(port->process), habit->process);
	port->protocol_by = record_word("content");
	port->state = record_word("open");
}

static void take_counts(struct past *p, const struct habit *habit, double flows,
			double seconds, struct port_record *port)
{
	bool is_tcp = strcmp(habit->transport, "tcp") == 0;
	port->flows = port->ended = about(p, flows);
	double n = (double)port->flows;
	port->client_bytes = (uint64_t)(n * habit->in * (0.8 + 0.4 * share(p)));
	port->server_bytes = (uint64_t)(n * habit->out * (0.8 + 0.4 * share(p)));
	port->client_packets = port->client_bytes / 300 + port->flows;
	port->server_packets = port->server_bytes / 1100 + port->flows;
	double second = (double)(port->client_bytes + port->server_bytes) / seconds;
	port->second_min_bytes = (uint64_t)(second * 0.4);
	port->second_max_bytes = (uint64_t)(second * 2.4);
	port->answers = port->responses = (uint64_t)(n * habit->responses);
	port->active = (uint64_t)(flows / 12);
	port->active_min = port->active / 2;
	port->active_max = port->active * 2 + 1;
	port->rejected = port->unanswered = port->resets = port->errors = 0;
	port->data_packets = port->server_packets;
	port->payload_bytes = port->server_bytes / 100 * 95;
	port->retransmits = is_tcp ? about(p, (double)port->data_packets * 0.0007) : 0;
	port->lost_bytes = 0;
	port->syns = port->handshakes = is_tcp ? port->flows : UNKNOWN_U64;
}

/* Response times are log-normal, as most are. */
static void take_times(struct past *p, const struct habit *habit, int64_t at,
		       struct port_record *port, struct roll *roll)
{
	uint64_t samples = port->responses < SAMPLED ? port->responses : SAMPLED;
	double median = response_of(p, habit, at), sum = 0,
	       load = is_loaded(p, at) ? 3 : 1;
	for (uint64_t i = 0; i < samples; i++) {
		double took = median * load * exp(0.7 * normal(p));
		sum += took;
		uint64_t us = (uint64_t)took;
		histogram_add(&roll->response, us);
		if (port->response_min_us == UNKNOWN_U64 || us < port->response_min_us)
			port->response_min_us = us;
		if (port->response_max_us == UNKNOWN_U64 || us > port->response_max_us)
			port->response_max_us = us;
		if (port->handshakes != UNKNOWN_U64)
			histogram_add(&roll->handshake,
				      (uint64_t)(14000 * exp(0.6 * normal(p))));
	}
	if (samples > 0)
		port->response_mean_us = (uint64_t)(sum / (double)samples);
	double errors = habit->errors * (is_loaded(p, at) ? 60 : 1);
	port->answer_errors = about(p, (double)port->answers * errors);
	for (uint64_t i = 0; i < samples; i++) {
		uint64_t who = next(p) % habit->clients + 1;
		cardinality_add(&roll->clients, mix(who ^ (uint64_t)habit->port << 32));
	}
}

/* What it did from then on; the same, whoever asks. False: nothing is known. */
static bool sample(struct past *p, unsigned number, int64_t at, int64_t length,
		   struct roll *roll)
{
	const struct habit *habit = &habits[number];
	if (is_gap(p, at))
		return false;
	p->chance =
		mix(p->seed ^ (uint64_t)(number + 1) << 56 ^ (uint64_t)(p->now - at));
	struct port_record port;
	name_it(habit, &port);
	port.start = at;
	double minutes = (double)length / (double)MINUTE;
	take_counts(p, habit, habit->flows * busy(p, habit, at) * minutes,
		    (double)length / SECOND, &port);
	take_times(p, habit, at, &port, roll);
	const struct roll_part part = { .record = &port,
					.seconds = (uint64_t)(length / SECOND) };
	roll_add(roll, &part);
	return true;
}

/* ---- levels ---- */

static void put_level(struct past *p, enum level level, unsigned number, int64_t from)
{
	static struct roll roll;
	static struct roll_packed packed;
	int64_t step = level == LEVEL_10S ? SECONDS * SECOND : MINUTE;
	roll_init(&roll);
	for (int64_t at = from; at < p->now; at += level_us(level)) {
		int64_t end =
			at + level_us(level) < p->now ? at + level_us(level) : p->now;
		for (int64_t part = at; part < end; part += step)
			sample(p, number, part, step, &roll);
		roll_finish(&roll);
		roll_pack(&roll, &packed);
		roll.sum.start = at;
		if (roll.seconds > 0 &&
		    level_put(&p->access, level, p->ids[number], at, &roll.sum,
			      roll.seconds, &packed) != SQLITE_OK)
			die(sqlite3_errmsg(p->db));
		roll_clear(&roll);
	}
}

/* The store gives each service its number when it first sees it. */
static void introduce(struct past *p)
{
	static struct histogram none;
	static struct cardinality nobody;
	for (unsigned i = 0; i < HABITS; i++) {
		struct port_record port;
		name_it(&habits[i], &port);
		port.start = p->now - SECOND;
		port.flows = port.server_packets = 1;
		port.server_bytes = 60;
		if (!store_put_port(p->store, &port, &none, &none, &nobody))
			die("no room");
	}
}

static void find_ids(struct past *p)
{
	for (unsigned i = 0; i < HABITS; i++) {
		char sql[160];
		snprintf(sql, sizeof(sql),
			 "SELECT id FROM service WHERE server_ip='%s' AND port=%u",
			 habits[i].ip, habits[i].port);
		p->ids[i] = db_number(p->db, sql, -1);
		if (p->ids[i] < 0)
			die("a service has no number");
	}
}

static void put_ports(struct past *p, const char *folder)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/breakwater.db", folder);
	if (sqlite3_open(path, &p->db) != SQLITE_OK ||
	    db_run(p->db, "PRAGMA synchronous=OFF;BEGIN;DELETE FROM roll_10s") !=
		    SQLITE_OK)
		die(sqlite3_errmsg(p->db));
	find_ids(p);
	if (level_access_open(&p->access, p->db, roll_fields(), true) != SQLITE_OK)
		die(sqlite3_errmsg(p->db));
	int64_t fine = floor_to(p->now - FINE_HOURS * HOUR, HOUR);
	int64_t minutes = floor_to(p->now - MINUTE_DAYS * DAY, DAY);
	for (unsigned i = 0; i < HABITS; i++) {
		put_level(p, LEVEL_1D, i, p->first);
		put_level(p, LEVEL_1H, i, p->first);
		put_level(p, LEVEL_1M, i, minutes);
		put_level(p, LEVEL_10S, i, fine);
	}
	level_access_close(&p->access);
	meta_put(p->db, "first", p->first);
	meta_put(p->db, "kept_port_10s", fine);
	meta_put(p->db, "kept_port_1m", minutes);
	meta_put(p->db, "rolled_port_1m", floor_to(p->now, MINUTE));
	meta_put(p->db, "rolled_port_1h", floor_to(p->now, HOUR));
	meta_put(p->db, "rolled_port_1d", floor_to(p->now, DAY));
	if (db_run(p->db, "COMMIT") != SQLITE_OK)
		die(sqlite3_errmsg(p->db));
	sqlite3_close(p->db);
}

/* ---- connections ---- */

static void choose_client(struct past *p, const struct habit *habit,
			  struct addr *client)
{
	char text[64];
	unsigned who = (unsigned)(next(p) % habit->clients);
	if (habit->clients < 10)
		snprintf(text, sizeof(text), "198.51.100.%u", 20 + who % 3);
	else if (strchr(habit->ip, ':') != NULL)
		snprintf(text, sizeof(text), "2001:db8:51::%x", 0x20 + who % 60);
	else
		snprintf(text, sizeof(text), "198.51.100.%u", 60 + who % 180);
	if (!addr_parse(text, client))
		die(text);
}

static void put_flow(struct past *p, const struct habit *habit, int64_t at)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	bool is_tcp = strcmp(habit->transport, "tcp") == 0;
	choose_client(p, habit, &f.client_ip);
	if (!addr_parse(habit->ip, &f.server_ip))
		die(habit->ip);
	f.start = at;
	f.end = at + (int64_t)(share(p) * 4 * SECOND);
	f.transport = record_word(habit->transport);
	f.ip_proto = is_tcp ? 6 : 17;
	f.client_port = (uint32_t)(32768 + next(p) % 28000);
	f.server_port = habit->port;
	f.protocol_by = record_word("content");
	f.state = record_word("SF");
	f.end_reason = record_word(is_tcp ? "closed" : "timeout");
	record_text(f.iface, sizeof(f.iface), "eth0");
	record_text(f.protocol, sizeof(f.protocol), habit->protocol);
	record_text(f.process, sizeof(f.process), habit->process);
	double size = exp(0.8 * normal(p));
	f.client_bytes = (uint64_t)(habit->in * size);
	f.server_bytes = (uint64_t)(habit->out * size);
	f.client_packets = f.client_bytes / 300 + 2;
	f.server_packets = f.server_bytes / 1100 + 2;
	f.responses = (uint64_t)habit->responses;
	f.response_mean_us =
		(uint64_t)(response_of(p, habit, at) * exp(0.5 * normal(p)));
	f.response_max_us = f.response_mean_us * 2;
	f.server_rtt_us = 90 + next(p) % 80;
	f.client_rtt_us =
		is_tcp ? (uint64_t)(14000 * exp(0.6 * normal(p))) : UNKNOWN_U64;
	f.client_retransmits = f.server_retransmits = f.lost_bytes = f.resets = 0;
	while (!store_put(p->store, RECORD_flow, &f)) {
		struct timespec pause = { .tv_nsec = 1000000 };
		nanosleep(&pause, NULL);
	}
}

/* A few of each hour stand for all. */
static void put_flows(struct past *p)
{
	for (int64_t hour = floor_to(p->now - FLOW_DAYS * DAY, HOUR); hour < p->now;
	     hour += HOUR)
		for (unsigned i = 0; i < HABITS; i++) {
			p->chance = mix(p->seed ^ (uint64_t)i << 48 ^
					(uint64_t)(p->now - hour));
			double wanted =
				habits[i].flows * 60 * busy(p, &habits[i], hour);
			double scale = FLOWS_AN_HOUR / (habits[0].flows * 60);
			uint64_t count = about(p, wanted * scale + 0.4);
			for (uint64_t n = 0; n < count; n++) {
				int64_t at = hour + (int64_t)(share(p) * HOUR);
				if (at < p->now - MINUTE && !is_gap(p, at))
					put_flow(p, &habits[i], at);
			}
		}
}

static void wait_written(struct store *store)
{
	struct store_status status;
	do {
		struct timespec pause = { .tv_nsec = 2000000 };
		nanosleep(&pause, NULL);
		store_status(store, &status);
		if (status.state != STORE_OK)
			die(status.message);
	} while (status.waiting > 0);
}

/* For past.py. */
static void tell(const struct past *p)
{
	long long gap = gap_begin(p), loaded = loaded_begin(p);
	printf("{\"now\":%lld,\"first\":%lld,\"gap\":%lld,\"gap_end\":%lld,"
	       "\"loaded\":%lld,\"loaded_end\":%lld}\n",
	       (long long)p->now, (long long)p->first, gap, gap + GAP_HOURS * HOUR,
	       loaded, loaded + LOADED_HOURS * HOUR);
}

int main(int argc, char **argv)
{
	static struct past past;
	if (argc != 4)
		die("usage: past FOLDER DAYS SEED");
	past.now = floor_to(clock_us(CLOCK_REALTIME) - MINUTE, MINUTE);
	past.first = floor_to(past.now - strtol(argv[2], NULL, 10) * DAY, DAY);
	past.seed = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15u;
	past.store = store_open(argv[1], &store_no_limits);
	if (past.store == NULL)
		die("not enough memory");
	introduce(&past);
	put_flows(&past);
	wait_written(past.store);
	store_close(past.store);
	put_ports(&past, argv[1]);
	tell(&past);
	return 0;
}
