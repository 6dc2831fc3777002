/*
 * fake_daemon.c: the real HTTP API over made-up traffic that moves, to try the commands
 * and the page without rights or packets.
 *
 *     fake_daemon SOCKET [ADDR:PORT [healthy|sick|empty|large]]
 *
 * Large, it has 5,000 ports and 100,000 connections.  Of the past it tells what it
 * tells of now, with one gap; sick, it never ends reading.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "web/web.h"

enum {
	FLOWS = 60,
	SERVICES = 10,
	BLOCKS = 3,
	LARGE_PORTS = 5000,
	LARGE_FLOWS = 100000
};

struct service {
	const char *ip, *name, *class, *transport;
	uint16_t port;
	uint32_t per_s, bytes, response_us;
	double lost, retransmits, errors;
};

static const struct service services[SERVICES] = {
	{ "192.0.2.10", "https", "well-known", "tcp", 443, 120, 900000, 12400, 0.0002,
	  0.003, 0.0002 },
	{ "192.0.2.10", "http", "well-known", "tcp", 80, 31, 120000, 3400, 0, 0.001,
	  0 },
	{ "192.0.2.10", "ssh", "well-known", "tcp", 22, 1, 4200, 900, 0, 0, 0.25 },
	{ "192.0.2.11", "postgresql", "registered", "tcp", 5432, 44, 310000, 251000, 0,
	  0, 0 },
	{ "192.0.2.53", "domain", "well-known", "udp", 53, 300, 41000, 640, 0, 0, 0 },
	{ "2001:db8:85a3:1234:5678:8a2e:370:7334", "https", "well-known", "tcp", 443,
	  12, 81000, 45200, 0.031, 0.042, 0 },
	{ "127.0.0.1", "redis", "registered", "tcp", 6379, 900, 22000, 85, 0, 0, 0 },
	{ "192.0.2.12", "", "dynamic", "tcp", 51413, 3, 700, 0, 0, 0, 1 },
	{ "fe80::1", "mdns", "registered", "udp", 5353, 2, 900, 0, 0, 0, 0 },
	{ "192.0.2.13", "ms-wbt-server", "registered", "tcp", 3389, 1, 64000, 31000, 0,
	  0.002, 0 },
};

static const struct {
	const char *ip, *transport, *process, *user, *unit, *package, *service, *reach;
	uint32_t port, pid;
	uint8_t authorized;
} listening[] = {
	{ "0.0.0.0", "tcp", "sshd", "root", "ssh.service", "openssh-server", "ssh",
	  "outside", 22, 812, 1 },
	{ "0.0.0.0", "tcp", "nginx", "root", "nginx.service", "nginx", "http",
	  "outside", 80, 940, 1 },
	{ "::", "tcp", "nginx", "root", "nginx.service", "nginx", "https", "outside",
	  443, 940, 1 },
	{ "127.0.0.1", "tcp", "postgres", "postgres", "postgresql@15-main.service",
	  "postgresql-15", "postgresql", "loopback", 5432, 1033, 1 },
	{ "127.0.0.1", "tcp", "redis-server", "redis", "redis-server.service",
	  "redis-server", "redis", "loopback", 6379, 1101, 1 },
	{ "0.0.0.0", "tcp", "python3", "ada", "session-4.scope", "python3.11-minimal",
	  "", "outside", 8000, 4711, 0 },
	{ "192.0.2.53", "udp", "named", "bind", "named.service", "bind9", "domain",
	  "outside", 53, 901, UNKNOWN_FLAG },
};

static const char *state = "healthy";
static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* 80 to 120 % of value, by the second. */
static uint64_t wobble(uint64_t value, size_t salt)
{
	uint64_t second = (uint64_t)(now_us() / 1000000) + salt * 7;
	return value * (80 + second * 2654435761u % 41) / 100;
}

/* Beyond the first ten the same services again, at ports of their own. */
static void fill(struct port_record *port, size_t i)
{
	const struct service *s = &services[i % SERVICES];
	record_init(RECORD_port, port);
	port->start = (now_us() / 1000000 - 1) * 1000000;
	port->interval_s = 1;
	addr_parse(s->ip, &port->server_ip);
	port->port = (uint16_t)(s->port + i / SERVICES * 7);
	port->transport = s->transport;
	record_text(port->service, sizeof(port->service), s->name);
	port->class = s->class;
	port->flows = wobble(s->per_s, i);
	port->state = s->errors >= 1 ? "closed" : "open";
	for (size_t l = 0; l < sizeof(listening) / sizeof(listening[0]); l++)
		if (listening[l].port == s->port)
			record_text(port->process, sizeof(port->process),
				    listening[l].process);
	port->findings = 0;
	port->active = s->per_s * 3;
	port->clients = s->per_s / 2 + 1;
	port->rejected = 0;
	port->client_bytes = wobble(s->bytes / 9, i);
	port->server_bytes = wobble(s->bytes, i);
	port->client_packets = port->server_packets = s->per_s * 10;
	port->error_ratio = s->errors;
	if (s->response_us == 0)
		return;
	port->response_p50_us = s->response_us;
	port->response_p95_us = wobble(s->response_us * 3, i);
	port->response_p99_us = s->response_us * 5;
	port->handshake_p50_us = 310;
	port->lost_ratio = s->lost;
	port->retransmit_ratio = s->retransmits;
}

static size_t service_count(void)
{
	bool empty = strcmp(state, "empty") == 0;
	bool large = strcmp(state, "large") == 0;
	return empty ? 0 : large ? LARGE_PORTS : SERVICES;
}

static int flow_count(void)
{
	return service_count() == 0             ? 0
	       : service_count() == LARGE_PORTS ? LARGE_FLOWS
						: FLOWS;
}

static void ports(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < service_count(); i++) {
		struct port_record port;
		fill(&port, i);
		emit(to, &port);
	}
}

static void fill_flow(struct flow_record *flow, int i)
{
	static const char *const states[] = { "SF", "S1", "REJ", "S0", "RSTO" };
	static const char *const ends[] = { "closed", "active", "rejected", "timeout",
					    "reset" };
	const struct service *s = &services[i % SERVICES];
	const uint8_t client[4] = { 198, (uint8_t)(51 + (i >> 16)),
				    (uint8_t)(100 + (i >> 8)), (uint8_t)i };
	record_init(RECORD_flow, flow);
	flow->end = now_us() - (int64_t)i * 400000;
	flow->start = flow->end - (int64_t)i * 90000;
	flow->transport = s->transport;
	flow->client_ip = addr_v4(client);
	flow->client_port = (uint16_t)(40000 + i % 20000);
	addr_parse(s->ip, &flow->server_ip);
	flow->server_port = s->port;
	record_text(flow->protocol, sizeof(flow->protocol), s->name);
	flow->state = states[i % 5];
	flow->end_reason = ends[i % 5];
	flow->client_bytes = (uint64_t)i * 311;
	flow->server_bytes = (uint64_t)i * 9041;
	flow->server_rtt_us = 310;
	flow->response_mean_us = s->response_us;
	flow->client_retransmits = (uint64_t)i % 3;
	flow->lost_bytes = i % 17 == 16 ? 1460 : 0;
}

static void flows(void *self, web_emit emit, void *to)
{
	(void)self;
	for (int i = 0; i < flow_count(); i++) {
		struct flow_record flow;
		fill_flow(&flow, i);
		emit(to, &flow);
	}
}

enum { LISTENING = sizeof(listening) / sizeof(listening[0]) };

static void fill_listener(struct listener_record *listener, size_t i)
{
	record_init(RECORD_listener, listener);
	listener->at = now_us();
	listener->transport = listening[i].transport;
	addr_parse(listening[i].ip, &listener->ip);
	listener->port = listening[i].port;
	listener->pid = listening[i].pid;
	listener->processes = 1;
	record_text(listener->process, sizeof(listener->process), listening[i].process);
	record_text(listener->user, sizeof(listener->user), listening[i].user);
	record_text(listener->unit, sizeof(listener->unit), listening[i].unit);
	record_text(listener->package, sizeof(listener->package), listening[i].package);
	record_text(listener->service, sizeof(listener->service), listening[i].service);
	listener->class = listening[i].port < 1024 ? "well-known" : "registered";
	listener->authorized = listening[i].authorized;
	listener->reach = listening[i].reach;
	listener->since = now_us() - (int64_t)(i + 1) * 5000 * 1000000;
	listener->backlog = listening[i].port == 5432 ? 129 : 0;
	listener->backlog_max = 128;
	listener->overflows = listening[i].port == 5432 ? 17 : 0;
}

static void listeners(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < LISTENING && service_count() > 0; i++) {
		struct listener_record listener;
		fill_listener(&listener, i);
		emit(to, &listener);
	}
}

static void findings(void *self, web_emit emit, void *to)
{
	(void)self;
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	record_text(finding.id, sizeof(finding.id), "unauthorized_port-8000");
	finding.at = finding.last = now_us();
	finding.first = now_us() - 125 * INT64_C(1000000);
	finding.state = "open";
	finding.kind = "unauthorized_port";
	finding.technique = "listener";
	addr_parse("0.0.0.0", &finding.server_ip);
	finding.port = 8000;
	finding.transport = "tcp";
	finding.attempts = 1;
	finding.severity = "high";
	finding.detector = "register";
	finding.pid = 4711;
	record_text(finding.process, sizeof(finding.process), "python3");
	record_text(finding.summary, sizeof(finding.summary),
		    "python3 (pid 4711, user ada) listens on 0.0.0.0 port 8000/tcp, "
		    "which no entry of the register allows");
	if (service_count() > 0)
		emit(to, &finding);
}

static void fill_block(struct block_record *block, size_t i)
{
	static const struct {
		const char *id, *address, *action, *state, *veto, *actor, *reason;
		uint16_t len;
		uint32_t port;
		uint64_t packets;
	} made[BLOCKS] = {
		{ "3fa2b1c45d6e7f80", "198.51.100.7", "drop", "active", "",
		  "breakwater",
		  "brute_force: 198.51.100.7 guesses passwords of ssh; cuts 0 of 412 "
		  "clients of the last 30 days",
		  32, 22, 1234 },
		{ "91d0aa35c2e8b746", "203.0.113.0", "drop", "unconfirmed", "", "ada",
		  "ticket 4711", 24, UNKNOWN_U32, 0 },
		{ "c80e51f6a9d37b24", "192.0.2.1", "drop", "vetoed", "gateway",
		  "breakwater", "port_scan: 192.0.2.1 scanned 200 ports", 32,
		  UNKNOWN_U32, UNKNOWN_U64 },
	};
	record_init(RECORD_block, block);
	record_text(block->id, sizeof(block->id), made[i].id);
	block->at = block->start = now_us() - (int64_t)(i + 1) * 60000000;
	block->until = now_us() + 540 * INT64_C(1000000);
	addr_parse(made[i].address, &block->address);
	block->prefix_len = made[i].len;
	block->port = made[i].port;
	block->transport = made[i].port != UNKNOWN_U32 ? "tcp" : NULL;
	block->action = made[i].action;
	block->state = made[i].state;
	record_text(block->vetoed_by, sizeof(block->vetoed_by), made[i].veto);
	record_text(block->actor, sizeof(block->actor), made[i].actor);
	record_text(block->reason, sizeof(block->reason), made[i].reason);
	block->packets = made[i].packets;
	block->clients = 412;
	block->clients_cut = 0;
}

static void blocks(void *self, web_emit emit, void *to)
{
	(void)self;
	for (size_t i = 0; i < BLOCKS && service_count() > 0; i++) {
		struct block_record block;
		fill_block(&block, i);
		emit(to, &block);
	}
}

/* Whatever is asked is refused as a block of the gateway is. */
static int block_change(void *self, const char *text, size_t len, const char *actor,
			struct buf *message)
{
	(void)self;
	(void)actor;
	if (len >= 8 && memcmp(text, "unblock=", 8) == 0) {
		buf_add(message, text + 8, len - 8);
		return 0;
	}
	buf_text(message, "192.0.2.1 is this machine's gateway: never blocked");
	return -EPERM;
}

/* ---- the past ---- */

static void logins(void *self, web_emit emit, void *to)
{
	static const char *const outcomes[] = { "failure", "success" };
	(void)self;
	for (size_t i = 0; i < 2; i++) {
		struct login_record login;
		record_init(RECORD_login, &login);
		login.at = now_us() - (int64_t)i * 1000000;
		login.transport = "tcp";
		addr_parse("198.51.100.7", &login.client_ip);
		login.client_port = 40022;
		addr_parse("192.0.2.10", &login.server_ip);
		login.server_port = 22;
		login.outcome = outcomes[i];
		login.method = "password";
		login.seen_by = "packets";
		record_text(login.protocol, sizeof(login.protocol), "ssh");
		record_text(login.user, sizeof(login.user), i == 0 ? "root" : "ada");
		record_text(login.source, sizeof(login.source), "sshd, journal");
		emit(to, &login);
	}
}

static int64_t memory_since(void *self, enum record_kind kind)
{
	(void)self;
	(void)kind;
	return now_us() - 60 * INT64_C(1000000);
}

static struct store_reader *open_past(const char *path,
				      char error[static STORE_ERROR_MAX], int *status)
{
	static int reader;
	*status = 2;
	snprintf(error, STORE_ERROR_MAX, "no store in %s", path);
	return service_count() == 0 ? NULL : (struct store_reader *)&reader;
}

static void close_past(struct store_reader *reader)
{
	(void)reader;
}

struct copying {
	store_emit emit;
	void *to;
};

static void copy(void *to, const void *record)
{
	const struct copying *copying = to;
	copying->emit(copying->to, record);
}

static void read_gap(const struct copying *copying)
{
	struct gap_record gap;
	record_init(RECORD_gap, &gap);
	gap.start = now_us() - 1800 * INT64_C(1000000);
	gap.end = gap.start + 300 * INT64_C(1000000);
	gap.reason = "stopped";
	copying->emit(copying->to, &gap);
}

static int read_past(struct store_reader *reader, enum record_kind kind,
		     const struct store_filter *filter, store_emit emit, void *to,
		     char error[static STORE_ERROR_MAX])
{
	struct copying copying = { emit, to };
	(void)reader;
	while (strcmp(state, "sick") == 0 && !atomic_load(filter->cancel))
		usleep(1000);
	snprintf(error, STORE_ERROR_MAX, "cancelled");
	if (atomic_load(filter->cancel))
		return -ECANCELED;
	if (kind == RECORD_gap)
		read_gap(&copying);
	else if (kind == RECORD_port)
		ports(NULL, copy, &copying);
	else if (kind == RECORD_flow)
		flows(NULL, copy, &copying);
	else if (kind == RECORD_finding)
		findings(NULL, copy, &copying);
	else if (kind == RECORD_login)
		logins(NULL, copy, &copying);
	else if (kind == RECORD_block)
		blocks(NULL, copy, &copying);
	return 0;
}

/* ---- the register ---- */

static struct buf policy_text;

static bool policy(void *self, struct buf *yaml)
{
	(void)self;
	buf_add(yaml, policy_text.at, policy_text.len);
	return policy_text.len > 0;
}

static int policy_apply(void *self, const char *text, size_t len, const char *actor,
			struct buf *message)
{
	(void)self;
	buf_clear(&policy_text);
	buf_add(&policy_text, text, len);
	buf_printf(message, "in force, by %s", actor);
	return 0;
}

static void self_record(void *self, struct self_record *out)
{
	(void)self;
	record_init(RECORD_self, out);
	out->at = now_us();
	out->packets = (uint64_t)(now_us() / 1000 % 100000000);
	out->bytes = out->packets * 700;
	out->dropped = strcmp(state, "sick") == 0 ? 1234 : 0;
	out->cpu_ratio = 0.013;
	out->rss_bytes = 23000000;
}

static void status(void *self, struct buf *json)
{
	(void)self;
	bool sick = strcmp(state, "sick") == 0;
	buf_printf(json,
		   "{\"version\":\"0.1.0\",\"pid\":812,\"started\":\"2026-01-31T12:00:"
		   "00Z\","
		   "\"uptime_s\":4211,\"workers\":1,\"interfaces\":[\"eth0\",\"lo\"],"
		   "\"home\":"
		   "[\"192.0.2.0/24\",\"127.0.0.0/8\"],\"listen\":\"127.0.0.1:7070\","
		   "\"packets\":%llu,\"bytes\":99123456789,\"packets_per_s\":%llu,"
		   "\"bytes_per_s\":%llu,",
		   (unsigned long long)(now_us() / 1000 % 100000000),
		   (unsigned long long)wobble(14200, 1),
		   (unsigned long long)wobble(1530000, 2));
	buf_printf(json,
		   "\"kernel_dropped\":%d,\"ring_dropped\":0,\"undecoded\":{\"not_ip\":"
		   "181},"
		   "\"flows\":1432,\"half_open\":3,\"flows_evicted\":0,\"flows_"
		   "refused\":0,"
		   "\"services\":10,\"memory_bytes\":11000000,\"rss_bytes\":23000000,"
		   "\"cpu_ratio\":0.013,"
		   "\"privileges\":{\"user\":{\"holds\":true,\"detail\":\"nobody\"},"
		   "\"capabilities\":{\"holds\":true,\"detail\":\"none\"},"
		   "\"no_new_privs\":{\"holds\":true,\"detail\":\"set\"},"
		   "\"landlock\":{\"holds\":%s,\"detail\":\"not in this kernel\"},"
		   "\"seccomp\":{\"holds\":true,\"detail\":\"\"},"
		   "\"guard\":{\"holds\":%s,\"detail\":\"%s\"}},",
		   sick ? 1234 : 0, sick ? "false" : "true", sick ? "false" : "true",
		   sick ? "ended by signal 9 (Killed)" : "pid 813");
	buf_printf(
		json,
		"\"store\":{\"state\":\"%s\",\"message\":\"%s\",\"bytes\":12400000,"
		"\"oldest\":\"2026-01-31T12:00:00Z\",\"written\":99120,\"waiting\":0,"
		"\"lost\":0},\"sockets\":{\"listening\":%zu,\"outside\":5,"
		"\"by_bpf_events\":%s,\"sees_processes\":%s,\"sees_namespaces\":true,"
		"\"namespaces\":2,\"reason\":\"%s\"},",
		sick ? "full" : "ok", sick ? "full: no space left" : "",
		(size_t)LISTENING, sick ? "false" : "true", sick ? "false" : "true",
		sick ? "not permitted" : "");
	buf_printf(json,
		   "\"logs\":{\"looked\":true,\"journal\":true,\"files\":2,"
		   "\"logins\":1234,\"lost\":%d,\"skips\":0,\"denied\":\"%s\"},",
		   sick, sick ? "/var/log/auth.log (Permission denied)" : "");
	buf_printf(json, "\"findings\":{\"open\":%d,\"high\":%d},", service_count() > 0,
		   service_count() > 0);
	buf_text(json, "\"policy\":{\"entries\":6,\"expired\":1,"
		       "\"path\":\"/var/lib/breakwater/policy.yaml\"}}");
}

static void tell(struct web *web)
{
	struct self_record self;
	struct port_record port;
	for (size_t i = 0; i < service_count(); i++) {
		fill(&port, i);
		web_live(web, RECORD_port, &port);
	}
	self_record(NULL, &self);
	web_live(web, RECORD_self, &self);
}

static void serve(struct web *web)
{
	int64_t told_s = 0;
	while (!ended) {
		struct pollfd fd = { web_fd(web), POLLIN, 0 };
		int timeout_ms = web_timeout_ms(web);
		poll(&fd, 1, timeout_ms < 0 || timeout_ms > 200 ? 200 : timeout_ms);
		web_run(web);
		if (told_s == now_us() / 1000000)
			continue;
		told_s = now_us() / 1000000;
		tell(web);
	}
}

int main(int argc, char **argv)
{
	const struct web_source source = { .ports = ports,
					   .flows = flows,
					   .self_record = self_record,
					   .status = status,
					   .listeners = listeners,
					   .findings = findings,
					   .blocks = blocks,
					   .block_change = block_change,
					   .memory_since_us = memory_since,
					   .policy = policy,
					   .policy_apply = policy_apply };
	const struct web_past past = { .folder = "/var/lib/breakwater",
				       .open = open_past,
				       .read = read_past,
				       .close = close_past };
	const struct web_options options = { .listen = argc > 2 ? argv[2] : "off",
					     .socket_path = argc > 1 ? argv[1] : NULL,
					     .version = "0.1.0",
					     .source = &source,
					     .past = &past };
	char error[WEB_ERROR_MAX];
	int code;
	if (argc > 3)
		state = argv[3];
	signal(SIGTERM, end);
	signal(SIGINT, end);
	struct web *web = web_open(&options, error, &code);
	if (web == NULL) {
		fprintf(stderr, "fake_daemon: %s\n", error);
		return code;
	}
	printf("%s\n", web_address(web));
	fflush(stdout);
	serve(web);
	web_close(web);
	buf_free(&policy_text);
	return 0;
}
