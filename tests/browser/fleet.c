/*
 * fleet.c: a hub of a made-up fleet, for tests of what people see of one.
 *
 *   fleet ADDRESS:PORT SOCKET SENSORS|none
 *
 * Prints where it listens, and serves until it is ended.  "none": it is no hub, but a
 * machine that knows of no sensors.  The first sensors have each
 * one thing that is wrong; the rest is well.  All have the same two services on the
 * same addresses, as machines of one make have: only the sensor tells them apart. Every
 * second some of them tell something.  Nothing is kept: of the past there is none.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/web.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

enum {
	SITES = 7,
	PLACES = 5,            /* from which the target is asked */
	TOLD_EACH_SECOND = 20, /* sensors whose ports are told */
	STOP_AFTER_S = 1800,   /* nobody looks any more */
};

static const char *const sites[SITES] = { "berlin",  "dublin",    "hamburg", "lisbon",
					  "nairobi", "singapore", "tallinn" };
static const char *const roles[] = { "web", "database", "mail", "edge" };
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static size_t sensors;
static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

static const char *role_of(size_t i)
{
	return roles[i % ROLES];
}

static void name_of(size_t i, field_text64 out)
{
	snprintf(out, sizeof(field_text64), "%s-%zu", role_of(i), i / ROLES + 1);
}

/* ---- what is wrong with the first ---- */

static void make_late(struct sensor_record *s)
{
	s->state = "late";
	s->at = now_us() - 4 * 60 * SECOND;
}

static void cut_off(struct sensor_record *s)
{
	s->cut_off = 1;
}

static void refuse(struct sensor_record *s)
{
	s->config_version = 41;
	record_text(s->config_refused, sizeof(s->config_refused),
		    "version 42: breakwater.yaml:7:3: home: \"192.0.2.0/33\" is not a "
		    "network such as 192.0.2.0/24");
}

static void lag(struct sensor_record *s)
{
	s->lag_us = 11 * 60 * (uint64_t)SECOND;
	s->spool_bytes = 420 << 20;
}

static void lose(struct sensor_record *s)
{
	s->records_dropped = 18230;
	s->packets_dropped = 77;
}

static void turn_clock(struct sensor_record *s)
{
	s->clock_offset_ms = -301250;
}

static void go(struct sensor_record *s)
{
	s->state = "gone";
	s->at = now_us() - 2 * DAY;
}

static void put_out(struct sensor_record *s)
{
	s->state = "revoked";
	s->at = now_us() - 9 * DAY;
}

static void (*const wrong[])(struct sensor_record *s) = {
	make_late, cut_off, refuse, lag, lose, turn_clock, go, put_out,
};
enum { WRONG = sizeof(wrong) / sizeof(wrong[0]) };

static void make_sensor(size_t i, struct sensor_record *s)
{
	record_init(RECORD_sensor, s);
	name_of(i, s->sensor);
	s->at = now_us() - (int64_t)(i % 10) * SECOND;
	s->state = "up";
	record_text(s->site, sizeof(s->site), sites[i % SITES]);
	snprintf(s->tags, sizeof(s->tags), "%s,%s", role_of(i),
		 i % 3 == 0 ? "old" : "new");
	record_text(s->version, sizeof(s->version), "0.1.0");
	s->since = now_us() - 3 * DAY;
	s->spool_bytes = 0;
	s->lag_us = 0;
	s->sent = 1000 + i;
	s->records_dropped = s->packets_dropped = 0;
	s->clock_offset_ms = (double)(i % 40) - 20;
	s->config_version = 42;
	s->proven = now_us() - (int64_t)(i % 24) * HOUR;
	s->cut_off = 0;
	if (i < WRONG)
		wrong[i](s);
	else if (i % 10 == 9)
		record_text(s->blind, sizeof(s->blind),
			    "processes of other users: it does not run as root");
}

static void give_sensors(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < sensors; i++) {
		struct sensor_record sensor;
		make_sensor(i, &sensor);
		emit(to, &sensor);
	}
}

/* ---- what they tell ---- */

enum { SERVICES = 2 };
static const struct {
	uint32_t port;
	const char *service, *process;
} services[SERVICES] = { { 22, "ssh", "sshd" }, { 443, "https", "nginx" } };

static void make_port(size_t i, size_t service, struct port_record *p)
{
	record_init(RECORD_port, p);
	name_of(i, p->sensor);
	addr_parse("10.0.0.1", &p->server_ip);
	p->start = now_us() - 60 * SECOND;
	p->interval_s = 60;
	p->port = services[service].port;
	p->transport = "tcp";
	p->class = "well-known";
	p->state = "open";
	p->flows = p->active = 3 + i % 50;
	p->clients = 1 + i % 9;
	p->rejected = 0;
	p->client_packets = p->server_packets = 100;
	p->client_bytes = 1000 * (1 + i % 977);
	p->server_bytes = 20000 * (1 + i % 977);
	p->response_p95_us = i == 1 ? 340000 : 4000 + i % 1000;
	p->lost_ratio = p->error_ratio = 0;
	record_text(p->service, sizeof(p->service), services[service].service);
	record_text(p->protocol, sizeof(p->protocol), service == 0 ? "ssh" : "tls");
	record_text(p->process, sizeof(p->process), services[service].process);
}

static void give_ports(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < sensors; i++)
		for (size_t s = 0; s < SERVICES; s++) {
			struct port_record port;
			make_port(i, s, &port);
			emit(to, &port);
		}
}

static void give_listeners(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < sensors; i++)
		for (size_t s = 0; s < SERVICES; s++) {
			struct listener_record listener;
			record_init(RECORD_listener, &listener);
			name_of(i, listener.sensor);
			listener.at = listener.since = now_us() - DAY;
			addr_parse("0.0.0.0", &listener.ip);
			listener.port = services[s].port;
			listener.transport = "tcp";
			listener.reach = "outside";
			record_text(listener.process, sizeof(listener.process),
				    services[s].process);
			emit(to, &listener);
		}
}

static void give_findings(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < sensors; i += 97) {
		struct finding_record f;
		record_init(RECORD_finding, &f);
		name_of(i, f.sensor);
		snprintf(f.id, sizeof(f.id), "%08zx", i + 1);
		f.at = f.last = now_us() - 30 * SECOND;
		f.first = f.last - HOUR;
		f.state = "open";
		f.kind = "brute_force";
		f.severity = "medium";
		f.port = 22;
		f.transport = "tcp";
		f.attempts = 40 + i;
		addr_parse("198.51.100.7", &f.client_ip);
		addr_parse("10.0.0.1", &f.server_ip);
		snprintf(f.summary, sizeof(f.summary),
			 "198.51.100.7 tries passwords on port 22");
		emit(to, &f);
	}
}

/* One target from several places, of which one does not reach it. */
static void give_probes(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < PLACES && i < sensors; i++) {
		struct probe_record p;
		bool is_up = i != 1;
		record_init(RECORD_probe, &p);
		name_of(i, p.sensor);
		p.at = now_us();
		p.hard_since = p.at - HOUR;
		record_text(p.target, sizeof(p.target), "tcp://192.0.2.80:443");
		record_text(p.protocol, sizeof(p.protocol), "tcp");
		addr_parse("192.0.2.80", &p.ip);
		p.port = 443;
		p.transport = "tcp";
		p.state = p.hard_state = is_up ? "up" : "down";
		if (is_up)
			p.connect_us = p.answer_us = 9000 + i;
		else
			record_text(p.detail, sizeof(p.detail), "no answer to SYN");
		emit(to, &p);
	}
}

/* One of all machines together, which a hub itself found; and one of a machine. */
static void give_incidents(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < 2; i++) {
		struct incident_record one;
		record_init(RECORD_incident, &one);
		record_text(one.sensor, sizeof(one.sensor), i == 0 ? "hub" : "web-1");
		snprintf(one.id, sizeof(one.id), "cafe000%zu", i);
		one.at = one.last = now_us();
		one.first = one.detected = now_us() - HOUR;
		one.state = "firing";
		one.severity = i == 0 ? "high" : "medium";
		record_text(one.rule, sizeof(one.rule), "brute_force");
		snprintf(one.summary, sizeof(one.summary), "%s",
			 i == 0 ? "198.51.100.7 tries passwords on 11 machines"
				: "198.51.100.7 tries passwords on port 22");
		one.findings = i == 0 ? 11 : 1;
		one.targets = one.findings;
		emit(to, &one);
	}
}

static void give_self(void *self, struct self_record *out)
{
	(void)self;
	record_init(RECORD_self, out);
	out->at = now_us();
}

static void give_status(void *self, struct buf *json)
{
	(void)self;
	buf_text(json, "{\"version\":\"0.1.0\",\"uptime_s\":3600,"
		       "\"incidents\":{\"firing\":2,\"worst\":{\"id\":\"cafe0000\","
		       "\"severity\":\"high\",\"rule\":\"brute_force\","
		       "\"summary\":\"198.51.100.7 tries passwords on 11 machines\"}},"
		       "\"findings\":{\"open\":11},\"alerts\":{\"firing\":0}");
	if (sensors > WRONG)
		buf_printf(json,
			   ",\"hub\":{\"name\":\"hub-1\",\"leads\":true,\"sensors\":"
			   "{\"up\":%zu,\"late\":1,\"gone\":1,\"revoked\":1},"
			   "\"board\":{\"findings\":11},\"lanes\":{\"event\":"
			   "{\"batches\":70,\"bytes\":81920,\"again\":1,\"refused\":"
			   "0,\"lost_records\":0,\"waiting\":2,\"lag_us\":1200},"
			   "\"flow\":{\"batches\":9,\"bytes\":40960,\"again\":0,"
			   "\"refused\":0,\"lost_records\":18230,\"waiting\":0}},"
			   "\"lag_us\":1200,\"waiting\":2,\"refused\":0,\"depot\":"
			   "{\"kind\":\"postgresql\",\"up\":false,\"trouble\":"
			   "\"the database does not answer\"},\"servers\":"
			   "{\"up\":true,\"trouble\":\"\"},\"unshown\":0}",
			   sensors - 3);
	buf_char(json, '}');
}

static bool is_home(void *self, const struct addr *addr)
{
	(void)self;
	(void)addr;
	return true;
}

/* ---- the past: there is none ---- */

static struct store_reader *open_past(const char *folder,
				      char error[static STORE_ERROR_MAX], int *status)
{
	static int nothing;
	(void)folder;
	error[0] = '\0';
	*status = 0;
	return (struct store_reader *)(void *)&nothing;
}

static int read_past(struct store_reader *reader, enum record_kind kind,
		     const struct store_filter *filter, store_emit emit, void *to,
		     char error[static STORE_ERROR_MAX])
{
	(void)reader;
	(void)kind;
	(void)filter;
	(void)emit;
	(void)to;
	error[0] = '\0';
	return 0;
}

static void close_past(struct store_reader *reader)
{
	(void)reader;
}

/* ---- serving ---- */

static void tell(struct web *web, size_t *next)
{
	struct self_record self;
	give_self(NULL, &self);
	web_live(web, RECORD_self, &self);
	for (size_t n = 0; n < TOLD_EACH_SECOND && sensors > 0; n++) {
		struct port_record port;
		struct sensor_record sensor;
		size_t i = (*next)++ % sensors;
		make_sensor(i, &sensor);
		make_port(i, 1, &port);
		web_live(web, RECORD_sensor, &sensor);
		web_live(web, RECORD_port, &port);
	}
}

static void serve(struct web *web)
{
	const int64_t begin_us = now_us();
	int64_t told_us = 0;
	size_t next = 0;
	while (!ended && now_us() - begin_us < STOP_AFTER_S * SECOND) {
		struct pollfd fd = { web_fd(web), POLLIN, 0 };
		int timeout_ms = web_timeout_ms(web);
		poll(&fd, 1, timeout_ms < 0 || timeout_ms > 200 ? 200 : timeout_ms);
		web_run(web);
		if (now_us() - told_us < SECOND)
			continue;
		told_us = now_us();
		tell(web, &next);
	}
}

static void *begin_explaining(void *self)
{
	(void)self;
	return &sensors;
}

static void end_explaining(void *begun, const struct web_port_facts *known,
			   struct buf *json)
{
	(void)begun;
	if (json == NULL)
		return;
	buf_printf(json,
		   "{\"port\":%u,\"sensor\":\"%s\",\"cause\":\"well\",\"why\":\"Well: "
		   "60 connections in the last 60 s.\",\"ask\":\"Its packets only %s "
		   "itself knows; ask there: breakwater explain %u\"}\n",
		   known->port, known->sensor, known->sensor, known->port);
}

int main(int argc, char **argv)
{
	struct web_source source = {
		.sensors = give_sensors,
		.ports = give_ports,
		.listeners = give_listeners,
		.findings = give_findings,
		.incidents = give_incidents,
		.probes = give_probes,
		.self_record = give_self,
		.status = give_status,
		.is_home = is_home,
		.explain_begin = begin_explaining,
		.explain_end = end_explaining,
	};
	static const struct web_past past = {
		.folder = "", .open = open_past, .read = read_past, .close = close_past
	};
	char error[WEB_ERROR_MAX];
	int status;
	if (argc != 4) {
		fputs("fleet ADDRESS:PORT SOCKET SENSORS|none\n", stderr);
		return 2;
	}
	sensors = strtoul(argv[3], NULL, 10);
	if (strcmp(argv[3], "none") == 0)
		source.sensors = NULL;
	const struct web_options options = { .listen = argv[1],
					     .socket_path = argv[2],
					     .version = "0.1.0",
					     .source = &source,
					     .past = &past };
	signal(SIGTERM, end);
	signal(SIGINT, end);
	struct web *web = web_open(&options, error, &status);
	if (web == NULL) {
		fprintf(stderr, "fleet: %s\n", error);
		return status;
	}
	printf("http://%s\n", web_address(web));
	fflush(stdout);
	serve(web);
	web_close(web);
	return 0;
}
