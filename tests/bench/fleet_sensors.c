/*
 * fleet_sensors.c: tells NATS servers what a thousand sensors would, for the bench.
 *
 *   fleet_sensors SERVERS streams
 *   fleet_sensors SERVERS backlog SENSORS BATCHES EPOCH
 *       so many batches of connections of each sensor, as fast as they are taken;
 *       prints: batches N records N bytes N seconds S
 *   fleet_sensors SERVERS drain MESSAGES
 *       the bare server: fetches and acknowledges what waits, as a hub does, and throws
 *       it away; prints: messages N bytes N seconds S
 *   fleet_sensors SERVERS live SENSORS SECONDS FINDINGS
 *       each sensor as it is on a quiet day (see enum), and so many findings a second
 * in all; prints: lane NAME batches N records N bytes N, and: late_ms N
 *
 * A sensor tells one batch at a time and lane; THREADS connections share the sensors.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fleet/batch.h"
#include "fleet/link.h"
#include "random.h"

enum {
	THREADS = 8,
	PUBLISH_MS = 5000,
	BACKLOG_RECORDS = 200, /* connections in a batch */
	FETCH = 64,
	/* A quiet server, live: what it tells in ten seconds. */
	PERIOD_S = 10, /* its own record, and one of each service */
	SERVICES = 5,
	FLOWS = 2,          /* connections that end in a second */
	CONTACT_ONE_IN = 3, /* seconds with evidence of an attack */
};

struct totals {
	uint64_t batches, records, bytes;
};

struct teller {
	pthread_t thread;
	const char *servers;
	unsigned number, sensors, rounds, findings;
	uint64_t epoch;
	struct link *link;
	struct batch *batch;
	uint64_t random;
	struct totals lanes[FLEET_LANES];
	int64_t late_us;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "fleet_sensors: %s: %s\n", what, why);
	exit(2);
}

static double seconds_since(int64_t begin_us)
{
	return (double)(clock_us(CLOCK_MONOTONIC) - begin_us) / 1e6;
}

static struct link *open_link(const char *servers)
{
	char error[LINK_ERROR_MAX];
	const struct link_options options = { .servers = servers,
					      .name = "fleet_sensors" };
	struct link *link = link_open(&options, error);
	if (link == NULL)
		die(servers, error);
	for (int i = 0; i < 300 && !link_is_up(link); i++)
		usleep(20000);
	return link;
}

/* ---- records ---- */

static struct addr some_addr(uint64_t *random)
{
	uint32_t word = (uint32_t)random_next(random);
	return addr_v4(&word);
}

static struct addr host_of(unsigned sensor)
{
	const uint8_t four[4] = { 10, 0, (uint8_t)(sensor >> 8), (uint8_t)sensor };
	return addr_v4(four);
}

static void add_flow(struct teller *t, unsigned sensor, int64_t now_us)
{
	static const uint32_t ports[] = { 22, 80, 443, 5432, 8080 };
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.end = now_us - random_below(&t->random, 1000000);
	f.start = f.end - random_below(&t->random, 3000000);
	f.transport = "tcp";
	f.client_ip = some_addr(&t->random);
	f.client_port = 32768 + random_below(&t->random, 28000);
	f.server_ip = host_of(sensor);
	f.server_port = ports[random_below(&t->random, 5)];
	record_text(f.protocol, sizeof(f.protocol), "tls");
	f.state = "SF";
	record_text(f.history, sizeof(f.history), "ShADadfF");
	f.client_packets = 5 + random_below(&t->random, 20);
	f.server_packets = 5 + random_below(&t->random, 30);
	f.client_bytes = f.client_packets * (60 + random_below(&t->random, 400));
	f.server_bytes = f.server_packets * (60 + random_below(&t->random, 1300));
	f.handshake_us = 200 + random_below(&t->random, 60000);
	f.responses = 1;
	f.response_mean_us = 500 + random_below(&t->random, 90000);
	f.response_max_us = f.response_mean_us;
	if (!batch_add(t->batch, RECORD_flow, &f))
		die("batch", "a connection does not fit");
}

static void add_contact(struct teller *t, unsigned sensor, int64_t now_us)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = now_us;
	c.transport = "tcp";
	c.client_ip = some_addr(&t->random);
	c.client_port = 32768 + random_below(&t->random, 28000);
	c.server_ip = host_of(sensor);
	c.port = 1 + random_below(&t->random, 65535);
	c.technique = "syn";
	c.outcome = "refused";
	batch_add(t->batch, RECORD_contact, &c);
}

static void add_ports(struct teller *t, unsigned sensor, int64_t now_us)
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		struct port_record p;
		record_init(RECORD_port, &p);
		p.start = now_us - PERIOD_S * 1000000LL;
		p.interval_s = PERIOD_S;
		p.server_ip = host_of(sensor);
		p.port = 80 + i;
		p.transport = "tcp";
		p.flows = random_below(&t->random, 100);
		p.active = random_below(&t->random, 20);
		p.resets = 0;
		p.client_bytes = random_below(&t->random, 100000);
		p.server_bytes = random_below(&t->random, 10000000);
		p.handshake_p50_us = random_below(&t->random, 9000);
		p.handshake_p95_us = p.handshake_p50_us * 2;
		p.response_p50_us = random_below(&t->random, 90000);
		p.response_p95_us = p.response_p50_us * 3;
		batch_add(t->batch, RECORD_port, &p);
	}
}

static void add_sensor(struct teller *t, int64_t now_us)
{
	struct sensor_record s;
	record_init(RECORD_sensor, &s);
	s.at = now_us;
	s.state = "up";
	s.lag_us = s.records_dropped = s.packets_dropped = 0;
	record_text(s.site, sizeof(s.site), "bench");
	record_text(s.version, sizeof(s.version), "0.1.0");
	batch_add(t->batch, RECORD_sensor, &s);
}

static void add_finding(struct teller *t, unsigned sensor, int64_t now_us)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	snprintf(f.id, sizeof(f.id), "%016llx",
		 (unsigned long long)random_next(&t->random));
	f.at = f.first = f.last = now_us;
	f.state = "open";
	f.kind = "trap_hit";
	f.severity = "low";
	f.client_ip = some_addr(&t->random);
	f.client_prefix = 32;
	f.server_ip = host_of(sensor);
	f.port = 23;
	f.transport = "tcp";
	f.detector = "bench";
	record_text(f.summary, sizeof(f.summary), "Somebody touched a trap.");
	batch_add(t->batch, RECORD_finding, &f);
}

/* ---- telling ---- */

/* As a courier does: until it is known to be stored. */
static void publish(struct teller *t, unsigned sensor, enum fleet_lane lane,
		    uint64_t sequence)
{
	char subject[FLEET_SUBJECT_MAX], msgid[BATCH_MSGID_MAX], error[LINK_ERROR_MAX];
	struct buf message = { 0 };
	struct batch_head head = {
		.id = { .lane = lane, .epoch = t->epoch, .sequence = sequence },
		.made_us = clock_us(CLOCK_REALTIME),
		.lost_us = UNKNOWN_TIME
	};
	snprintf(head.id.sensor, sizeof(head.id.sensor), "bench-%u", sensor);
	if (!batch_finish(t->batch, &head, &message) || !buf_ok(&message))
		die("batch", "no memory");
	snprintf(subject, sizeof(subject), FLEET_RECORDS, head.id.sensor,
		 fleet_lane_name(lane));
	batch_msgid(&head.id, msgid);
	int result = -EAGAIN;
	for (int i = 0; i < 60 && result == -EAGAIN; i++)
		result = link_publish(t->link, subject, msgid, message.at, message.len,
				      PUBLISH_MS, error);
	if (result != 0)
		die(subject, error);
	t->lanes[lane].batches++;
	t->lanes[lane].records += head.records;
	t->lanes[lane].bytes += message.len;
	buf_free(&message);
}

static void *tell_backlog(void *self)
{
	struct teller *t = self;
	for (unsigned round = 0; round < t->rounds; round++)
		for (unsigned i = t->number; i < t->sensors; i += THREADS) {
			int64_t now_us = clock_us(CLOCK_REALTIME);
			for (int j = 0; j < BACKLOG_RECORDS; j++)
				add_flow(t, i, now_us);
			publish(t, i, LANE_FLOW, round + 1);
		}
	return NULL;
}

static void tell_second(struct teller *t, unsigned sensor, unsigned second)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	for (int i = 0; i < FLOWS; i++)
		add_flow(t, sensor, now_us);
	publish(t, sensor, LANE_FLOW, second + 1);
	if ((sensor + second) % CONTACT_ONE_IN == 0) {
		add_contact(t, sensor, now_us);
		publish(t, sensor, LANE_EVIDENCE, second / CONTACT_ONE_IN + 1);
	}
	if ((sensor + second) % PERIOD_S != 0)
		return;
	add_ports(t, sensor, now_us);
	publish(t, sensor, LANE_PORT, second / PERIOD_S + 1);
	add_sensor(t, now_us);
	publish(t, sensor, LANE_EVENT, second / PERIOD_S + 1);
}

/* Of one sensor that tells nothing else as an event, so that its sequence is its own.
 */
static void tell_findings(struct teller *t, uint64_t *sequence)
{
	for (unsigned i = 0; i < t->findings; i++) {
		add_finding(t, t->number, clock_us(CLOCK_REALTIME));
		publish(t, t->sensors + t->number, LANE_EVENT, ++*sequence);
	}
}

static void *tell_live(void *self)
{
	struct teller *t = self;
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	uint64_t found = 0;
	for (unsigned second = 0; second < t->rounds; second++) {
		unsigned half = 0;
		for (unsigned i = t->number; i < t->sensors; i += THREADS) {
			tell_second(t, i, second);
			/* Findings come amid all else. */
			if (half++ == t->sensors / THREADS / 2)
				tell_findings(t, &found);
		}
		int64_t left_us =
			begin_us + (second + 1) * 1000000LL - clock_us(CLOCK_MONOTONIC);
		if (left_us > 0)
			usleep((useconds_t)left_us);
		else if (-left_us > t->late_us)
			t->late_us = -left_us;
	}
	return NULL;
}

static void run(struct teller *like, void *(*tell)(void *), struct teller *tellers)
{
	for (unsigned i = 0; i < THREADS; i++) {
		tellers[i] = *like;
		tellers[i].number = i;
		tellers[i].random = i + 1;
		tellers[i].link = open_link(like->servers);
		tellers[i].batch = batch_new();
		if (tellers[i].batch == NULL ||
		    pthread_create(&tellers[i].thread, NULL, tell, &tellers[i]) != 0)
			die("thread", "no memory");
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(tellers[i].thread, NULL);
		link_close(tellers[i].link);
		batch_free(tellers[i].batch);
	}
}

static struct totals sum_of(const struct teller *tellers, int lane)
{
	struct totals sum = { 0 };
	for (unsigned i = 0; i < THREADS; i++) {
		sum.batches += tellers[i].lanes[lane].batches;
		sum.records += tellers[i].lanes[lane].records;
		sum.bytes += tellers[i].lanes[lane].bytes;
	}
	return sum;
}

static void print_totals(const char *of, const char *name, const struct totals *totals)
{
	printf("%s%s batches %llu records %llu bytes %llu", of, name,
	       (unsigned long long)totals->batches, (unsigned long long)totals->records,
	       (unsigned long long)totals->bytes);
}

/* ---- commands ---- */

static void make_streams(const char *servers)
{
	char error[LINK_ERROR_MAX];
	struct link *link = open_link(servers);
	struct link_streams streams = { .replicas = 1 };
	for (int i = 0; i < FLEET_LANES; i++) {
		streams.bytes_max[i] = 1ULL << 32;
	}
	int result = -EAGAIN;
	for (int i = 0; i < 30 && result == -EAGAIN; i++)
		result = link_make_streams(link, &streams, error);
	if (result != 0)
		die("streams", error);
	link_close(link);
}

static void drain(const char *servers, uint64_t messages)
{
	char error[LINK_ERROR_MAX];
	struct link_message fetched[FETCH];
	struct link *link = open_link(servers);
	struct link_pull *pull = link_pull_open(link, LANE_FLOW, error);
	if (pull == NULL)
		die("drain", error);
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	uint64_t count = 0, bytes = 0;
	while (count < messages && seconds_since(begin_us) < 120) {
		int got = link_pull_fetch(pull, fetched, FETCH, 1000);
		for (int i = 0; i < got; i++) {
			bytes += fetched[i].len;
			link_message_done(&fetched[i]);
		}
		count += got > 0 ? (uint64_t)got : 0;
	}
	printf("messages %llu bytes %llu seconds %.3f\n", (unsigned long long)count,
	       (unsigned long long)bytes, seconds_since(begin_us));
	link_pull_close(pull);
	link_close(link);
}

static unsigned number(char **argv, int argc, int at)
{
	if (at >= argc)
		die("usage", "see the head of the file");
	return (unsigned)strtoul(argv[at], NULL, 10);
}

static void backlog(int argc, char **argv)
{
	static struct teller tellers[THREADS];
	struct teller like = { .servers = argv[1],
			       .sensors = number(argv, argc, 3),
			       .rounds = number(argv, argc, 4),
			       .epoch = number(argv, argc, 5) };
	int64_t begin_us = clock_us(CLOCK_MONOTONIC);
	run(&like, tell_backlog, tellers);
	double seconds = seconds_since(begin_us);
	struct totals totals = sum_of(tellers, LANE_FLOW);
	print_totals("", "", &totals);
	printf(" seconds %.3f\n", seconds);
}

static void live(int argc, char **argv)
{
	static struct teller tellers[THREADS];
	struct teller like = { .servers = argv[1],
			       .sensors = number(argv, argc, 3),
			       .rounds = number(argv, argc, 4),
			       .findings = number(argv, argc, 5) / THREADS,
			       .epoch = (uint64_t)clock_us(CLOCK_REALTIME) };
	int64_t late_us = 0;
	run(&like, tell_live, tellers);
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		struct totals totals = sum_of(tellers, lane);
		print_totals("lane ", fleet_lane_name((enum fleet_lane)lane), &totals);
		printf("\n");
	}
	for (unsigned i = 0; i < THREADS; i++)
		if (tellers[i].late_us > late_us)
			late_us = tellers[i].late_us;
	printf("late_ms %lld\n", (long long)(late_us / 1000));
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	if (strcmp(what, "streams") == 0)
		make_streams(argv[1]);
	else if (strcmp(what, "backlog") == 0)
		backlog(argc, argv);
	else if (strcmp(what, "drain") == 0)
		drain(argv[1], number(argv, argc, 3));
	else if (strcmp(what, "live") == 0)
		live(argc, argv);
	else
		die("usage", "see the head of the file");
	return 0;
}
