/*
 * test_detect_traffic.c: clients that the register does not list, ports that answer
 * with nobody there, protocols that are others; all in bounds; and the trial of a
 * register over the past.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect_scene.h"

static const char for_ten[] =
	"ports: [{port: 22, transport: tcp, clients: 10.0.0.0/8, protocol: ssh}]\n";

static struct flow_record flow_from(struct scene *scene, const char *client)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "tcp";
	f.state = "SF";
	f.end_reason = "closed";
	f.client_ip = addr(client);
	f.client_port = 50000;
	f.server_ip = addr("192.0.2.1");
	f.server_port = 22;
	f.client_packets = f.server_packets = 9;
	f.client_payload_bytes = f.server_payload_bytes = 0;
	return f;
}

static void connect_from(struct scene *scene, const char *client)
{
	struct flow_record f = flow_from(scene, client);
	detect_flow(scene->detect, &f);
}

static void a_client_not_listed_is_one_finding_that_counts(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	connect_from(scene, "203.0.113.7");
	const struct finding_record *f =
		said_once(scene, "unauthorized_port", "connection", "medium", "open");
	struct addr client = addr("203.0.113.7");
	assert_true(addr_equal(&f->client_ip, &client));
	assert_int_equal(f->client_prefix, 32);
	assert_string_equal(f->proof, "handshake");
	assert_string_equal(f->summary, "The register does not list 203.0.113.7 among "
					"the clients of 22/tcp.");
	for (int i = 0; i < 5; i++) {
		pass(scene, 1);
		connect_from(scene, "203.0.113.7");
	}
	said_nothing(scene);
	pass(scene, 5);
	f = said_once(scene, "unauthorized_port", "connection", "medium", "open");
	assert_int_equal(f->attempts, 6);
	assert_int_equal(f->last, scene->now_us - 5 * SECOND);
	pass(scene, 594);
	said_nothing(scene);
	pass(scene, 1);
	said_once(scene, "unauthorized_port", "connection", "medium", "closed");
}

static void more_proof_is_said_at_once(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	connect_from(scene, "203.0.113.7");
	scene->count = 0;
	struct flow_record f = flow_from(scene, "203.0.113.7");
	f.client_payload_bytes = f.server_payload_bytes = 5;
	detect_flow(scene->detect, &f);
	const struct finding_record *said =
		said_once(scene, "unauthorized_port", "connection", "medium", "open");
	assert_string_equal(said->proof, "dialogue");
	connect_from(scene, "203.0.113.7");
	said_nothing(scene);
	pass(scene, 10);
	said = said_once(scene, "unauthorized_port", "connection", "medium", "open");
	assert_string_equal(said->proof, "dialogue");
}

static void addresses_of_one_64_are_one_client(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	struct listener_record l = sshd(scene, "opened");
	l.ip = addr("::");
	see(scene, l);
	put_in_force(scene, for_ten);
	struct flow_record f = flow_from(scene, "2001:db8:7::1");
	f.server_ip = addr("2001:db8::1");
	detect_flow(scene->detect, &f);
	f.client_ip = addr("2001:db8:7::2");
	detect_flow(scene->detect, &f);
	const struct finding_record *said =
		said_once(scene, "unauthorized_port", "connection", "medium", "open");
	struct addr source = addr("2001:db8:7::");
	assert_true(addr_equal(&said->client_ip, &source));
	assert_int_equal(said->client_prefix, 64);
}

static void a_long_connection_is_one_attempt(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	struct flow_record a = flow_from(scene, "203.0.113.7");
	struct flow_record b = a;
	b.client_port = 50001;
	b.start += SECOND;
	for (int i = 1; i <= 5; i++) {
		a.end = a.start + i * 60 * SECOND;
		b.end = b.start + i * 60 * SECOND;
		a.end_reason = b.end_reason = i < 5 ? "active" : "closed";
		detect_flow(scene->detect, &a);
		detect_flow(scene->detect, &b);
	}
	assert_int_equal(scene->said[scene->count - 1].attempts, 2);
	scene->count = 0;
}

static void only_connections_to_our_listeners_are_judged(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	connect_from(scene, "10.1.2.3");
	connect_from(scene, "192.0.2.1"); /* the machine itself */
	struct flow_record f = flow_from(scene, "203.0.113.7");
	f.server_ip = addr("198.51.100.1"); /* another machine's */
	detect_flow(scene->detect, &f);
	f = flow_from(scene, "203.0.113.7");
	f.server_port = 23; /* nobody listens */
	detect_flow(scene->detect, &f);
	f = flow_from(scene, "203.0.113.7");
	f.state = "S0";
	detect_flow(scene->detect, &f);
	f.state = "REJ";
	detect_flow(scene->detect, &f);
	f = flow_from(scene, "203.0.113.7");
	f.transport = "icmp";
	detect_flow(scene->detect, &f);
	detect_set_policy(scene->detect, NULL, scene->now_us);
	connect_from(scene, "203.0.113.7");
	said_nothing(scene);
}

static void a_connection_to_a_listener_that_has_closed_still_counts(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	struct flow_record f = flow_from(scene, "203.0.113.7");
	pass(scene, 5);
	see(scene, sshd(scene, "closed"));
	pass(scene, 5);
	f.end = scene->now_us;
	detect_flow(scene->detect, &f);
	said_once(scene, "unauthorized_port", "connection", "medium", "open");
	connect_from(scene, "203.0.113.8"); /* began when nobody listened */
	said_nothing(scene);
}

static void a_datagram_proves_nothing(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	l.transport = "udp";
	l.port = 514;
	detect_known_listener(scene->detect, &l);
	see(scene, l);
	put_in_force(scene, "ports: [{port: 514, transport: udp, clients: private}]\n");
	struct flow_record f = flow_from(scene, "203.0.113.7");
	f.transport = "udp";
	f.state = "S0";
	f.server_port = 514;
	f.client_payload_bytes = 50;
	detect_flow(scene->detect, &f);
	const struct finding_record *said =
		said_once(scene, "unauthorized_port", "connection", "low", "open");
	assert_string_equal(said->proof, "unsolicited");
}

static void a_new_register_ends_what_the_old_one_refused(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	connect_from(scene, "203.0.113.7");
	scene->count = 0;
	put_in_force(scene, "ports: [{port: 22, transport: tcp}]\n");
	said_once(scene, "unauthorized_port", "connection", "medium", "closed");
	connect_from(scene, "203.0.113.7");
	said_nothing(scene);
}

static void a_recognised_protocol_other_than_registered_is_a_finding(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	put_in_force(scene, for_ten);
	struct flow_record f = flow_from(scene, "10.1.2.3");
	record_text(f.protocol, sizeof(f.protocol), "http");
	f.protocol_by = "port"; /* only what is usual there */
	detect_flow(scene->detect, &f);
	said_nothing(scene);
	f.protocol_by = "content";
	detect_flow(scene->detect, &f);
	const struct finding_record *said =
		said_once(scene, "unexpected_protocol", "", "medium", "open");
	assert_string_equal(said->summary,
			    "22/tcp speaks http, and the register says ssh.");
	assert_string_equal(said->mitre, "T1571");
	record_text(f.protocol, sizeof(f.protocol), "SSH");
	detect_flow(scene->detect, &f);
	said_nothing(scene);
}

/* One second of a port that answers. */
static struct port_record answers(struct scene *scene)
{
	struct port_record p;
	record_init(RECORD_port, &p);
	p.start = scene->now_us;
	p.interval_s = 1;
	p.server_ip = addr("192.0.2.1");
	p.port = 31337;
	p.transport = "tcp";
	p.flows = 1;
	p.active = 1;
	p.rejected = 0;
	p.server_packets = 5;
	p.handshake_p50_us = 100;
	return p;
}

static void answer(struct scene *scene, uint8_t listens)
{
	struct port_record p = answers(scene);
	detect_port(scene->detect, &p, listens);
}

static void a_port_that_answers_with_nobody_there_is_a_finding(void **state)
{
	struct scene *scene = *state;
	answer(scene, 0);
	pass(scene, 2);
	answer(scene, 0);
	said_nothing(scene);
	pass(scene, 1);
	answer(scene, 0);
	const struct finding_record *f =
		said_once(scene, "hidden_listener", "traffic", "high", "open");
	assert_string_equal(f->summary,
			    "31337/tcp of 192.0.2.1 answers, though no socket "
			    "listens there; a redirected port looks so too.");
	pass(scene, 1);
	answer(scene, 0);
	said_nothing(scene);
	pass(scene, 299);
	scene->count = 0;
	pass(scene, 1);
	said_once(scene, "hidden_listener", "traffic", "high", "closed");
}

static void the_finding_ends_when_the_listener_is_found(void **state)
{
	struct scene *scene = *state;
	answer(scene, 0);
	pass(scene, 3);
	answer(scene, 0);
	scene->count = 0;
	pass(scene, 1);
	answer(scene, 1);
	said_once(scene, "hidden_listener", "traffic", "high", "closed");
}

static void beside_containers_a_silent_redirection_is_likelier(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	l.netns = 4026532000;
	detect_known_listener(scene->detect, &l);
	see(scene, l);
	answer(scene, 0);
	pass(scene, 3);
	answer(scene, 0);
	const struct finding_record *f =
		said_once(scene, "hidden_listener", "traffic", "medium", "open");
	assert_true(f->confidence < 0.5);
}

enum quiet_change {
	QUIET_LISTENS,
	QUIET_UNKNOWN,
	QUIET_REFUSED,
	QUIET_OLD_FLOWS,
	QUIET_NO_HANDSHAKE,
	QUIET_NO_ANSWER,
	QUIET_EPHEMERAL,
	QUIET_CASES
};

static void refusals_old_connections_and_strangers_are_no_traffic(void **state)
{
	struct scene *scene = *state;
	for (int i = 0; i < QUIET_CASES; i++)
		for (int second = 0; second < 6; second++) {
			struct port_record p = answers(scene);
			uint8_t listens = i == QUIET_LISTENS   ? 1
					  : i == QUIET_UNKNOWN ? UNKNOWN_FLAG
							       : 0;
			p.port += (uint32_t)i;
			if (i == QUIET_REFUSED)
				p.rejected = p.flows;
			if (i == QUIET_OLD_FLOWS)
				p.flows = 0;
			if (i == QUIET_NO_HANDSHAKE)
				p.handshake_p50_us = UNKNOWN_U64;
			if (i == QUIET_NO_ANSWER)
				p.server_packets = 0;
			if (i == QUIET_EPHEMERAL) {
				p.transport = "udp";
				p.port = 40000; /* where Linux begins, not IANA */
				p.class = "registered";
			}
			detect_port(scene->detect, &p, listens);
			pass(scene, 1);
		}
	said_nothing(scene);
}

static void connections_may_outlive_their_listener(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = sshd(scene, "opened");
	l.port = 31337;
	detect_known_listener(scene->detect, &l);
	see(scene, l);
	l.change = "closed";
	see(scene, l);
	for (int i = 0; i < 5; i++) { /* until 5 s after it closed */
		answer(scene, 0);
		pass(scene, 1);
	}
	said_nothing(scene);
	answer(scene, 0);
	pass(scene, 3);
	answer(scene, 0);
	said_once(scene, "hidden_listener", "traffic", "high", "open");
}

/* Counts what is said, and that what opens is closed or still open. */
struct tally {
	uint64_t said, opened, closed;
};

static void count(void *self, const struct finding_record *finding)
{
	struct tally *tally = self;
	tally->said++;
	tally->closed += strcmp(finding->state, "closed") == 0;
	tally->opened +=
		finding->first == finding->at && strcmp(finding->state, "open") == 0;
}

static void a_million_clients_are_some_lines(void **state)
{
	struct scene *scene = *state;
	struct tally tally = { 0 };
	struct detect_sink sink = { .self = &tally, .finding = count };
	struct detect_stats stats;
	detect_free(scene->detect);
	scene->detect = detect_new(&sink);
	struct home own = { .count = 0 };
	struct prefix prefix;
	assert_true(prefix_parse("192.0.2.1", &prefix) && home_add(&own, &prefix));
	detect_set_own(scene->detect, &own);
	know_sshd(scene);
	put_in_force(scene, for_ten);
	struct flow_record f = flow_from(scene, "11.0.0.0");
	for (uint32_t i = 0; i < 1000000; i++) {
		f.client_ip.ip6[13] = (uint8_t)(i >> 16);
		f.client_ip.ip6[14] = (uint8_t)(i >> 8);
		f.client_ip.ip6[15] = (uint8_t)i;
		f.start = f.end = scene->now_us + i;
		detect_flow(scene->detect, &f);
	}
	detect_stats(scene->detect, &stats);
	assert_int_equal(stats.open, 64 + 1);
	assert_int_equal(stats.evicted, 0);
	assert_int_equal(tally.said, 64 + 1);
	pass(scene, 11);
	assert_int_equal(tally.said, 64 + 2);
}

static void keep_crowd(void *to, const struct finding_record *f)
{
	if (addr_is_unset(&f->client_ip))
		*(struct finding_record *)to = *f;
}

static void a_crowd_is_counted(void **state)
{
	struct scene *scene = *state;
	struct finding_record crowd = { 0 };
	know_sshd(scene);
	put_in_force(scene, for_ten);
	struct flow_record f = flow_from(scene, "11.0.0.0");
	for (int i = 0; i < 10064; i++) {
		f.client_ip.ip6[14] = (uint8_t)(i >> 8);
		f.client_ip.ip6[15] = (uint8_t)i;
		detect_flow(scene->detect, &f);
	}
	detect_each(scene->detect, keep_crowd, &crowd);
	assert_int_equal(crowd.attempts, 10000);
	assert_in_range(crowd.hosts, 9000, 11000);
	assert_string_equal(crowd.summary,
			    "Many clients that the register does not list "
			    "connect to 22/tcp.");
}

static void a_hundred_thousand_listeners_stay_in_bounds(void **state)
{
	struct scene *scene = *state;
	struct tally tally = { 0 };
	struct detect_sink sink = { .self = &tally, .finding = count };
	struct detect_stats stats;
	detect_free(scene->detect);
	scene->detect = detect_new(&sink);
	struct listener_record l = sshd(scene, "opened");
	l.hidden = 1; /* critical, and not to be pushed out by what follows */
	see(scene, l);
	for (uint32_t i = 0; i < 100000; i++) {
		l = sshd(scene, "opened");
		l.reach = "loopback";
		l.ip.ip6[13] = (uint8_t)(i >> 16);
		l.ip.ip6[14] = (uint8_t)(i >> 8);
		l.ip.ip6[15] = (uint8_t)(i + 1);
		l.port = 1 + i % 65535;
		see(scene, l);
	}
	detect_stats(scene->detect, &stats);
	assert_int_equal(stats.listeners, 16384);
	assert_int_equal(stats.open, 4096);
	assert_true(stats.evicted > 90000);
	assert_int_equal(tally.opened - tally.closed, stats.open);
	struct addr every = addr("0.0.0.0");
	assert_true(detect_count(scene->detect, "tcp", &every, 22) >= 2);
	put_in_force(scene, "ports: []\n");
	detect_stats(scene->detect, &stats);
	assert_int_equal(stats.open, 4096);
}

static void ports_that_closed_make_room_for_others(void **state)
{
	struct scene *scene = *state;
	struct tally tally = { 0 };
	struct detect_sink sink = { .self = &tally, .finding = count };
	struct detect_stats stats;
	detect_free(scene->detect);
	scene->detect = detect_new(&sink);
	for (uint32_t i = 0; i < 40000; i++) {
		struct listener_record l = sshd(scene, "opened");
		l.port = 1 + i;
		snprintf(l.exe, sizeof(l.exe), "/usr/bin/%u", i / 16);
		see(scene, l);
		l.change = "closed";
		see(scene, l);
	}
	detect_stats(scene->detect, &stats);
	assert_int_equal(stats.listeners, 16384);
	assert_int_equal(stats.listeners_refused, 0);
	assert_int_equal(stats.listeners_forgotten, 40000 - 16384);
	pass(scene, 3);
	detect_stats(scene->detect, &stats);
	assert_int_equal(stats.open, 0);
	assert_int_equal(tally.opened, tally.closed);
}

static void ignore(void *to, const struct finding_record *finding)
{
	(void)to;
	(void)finding;
}

/* More than it lists, each is said when it opens and when it closes. */
static void a_trial_counts_what_it_does_not_list_once(void **state)
{
	struct scene *scene = *state;
	struct home own = { .count = 0 };
	struct detect_trial_sum sum;
	put_in_force(scene, "ports: []\n");
	struct detect_trial *trial = detect_trial_new(scene->policy, &own);
	assert_non_null(trial);
	for (uint32_t i = 0; i < 10000; i++) {
		struct listener_record l = sshd(scene, "opened");
		l.port = 1 + i;
		detect_trial_listener(trial, &l);
		l.change = "closed";
		l.at = scene->now_us += 3 * SECOND;
		detect_trial_listener(trial, &l);
	}
	detect_trial_finish(trial, &sum, ignore, NULL);
	assert_int_equal(sum.findings, DETECT_TRIAL_MAX);
	assert_int_equal(sum.left_out, 10000 - DETECT_TRIAL_MAX);
	assert_int_equal(sum.refused_listeners, 10000);
	detect_trial_free(trial);
}

static void a_trial_says_what_a_register_would_have_raised(void **state)
{
	struct scene *scene = *state;
	struct home own = { .count = 0 };
	struct prefix prefix;
	struct buf errors = { 0 };
	assert_true(prefix_parse("192.0.2.1", &prefix) && home_add(&own, &prefix));
	scene->policy = policy_parse(for_ten, strlen(for_ten), "f", &errors);
	assert_non_null(scene->policy);
	struct detect_trial *trial = detect_trial_new(scene->policy, &own);
	assert_non_null(trial);
	/* What listened when the time begins, then records in order of time. */
	detect_trial_listener(trial, &(struct listener_record){ 0 });
	struct listener_record l = sshd(scene, "opened");
	detect_trial_listener(trial, &l);
	struct flow_record f = flow_from(scene, "10.1.1.1");
	detect_trial_flow(trial, &f);
	for (int i = 0; i < 5; i++) {
		scene->now_us += 3600 * SECOND;
		f = flow_from(scene, "203.0.113.7");
		detect_trial_flow(trial, &f);
		f.start++;
		detect_trial_flow(trial, &f);
	}
	l = sshd(scene, "opened");
	l.port = 23;
	detect_trial_listener(trial, &l);
	struct detect_trial_sum sum;
	detect_trial_finish(trial, &sum, say, scene);
	/* An hour apart, each visit of the client is a finding of its own. */
	assert_int_equal(sum.findings, 6);
	assert_int_equal(scene->count, 6);
	assert_int_equal(sum.refused_listeners, 1);
	assert_int_equal(sum.refused_connections, 10);
	assert_int_equal(sum.listeners, 3);
	assert_int_equal(sum.flows, 11);
	assert_int_equal(sum.left_out, 0);
	assert_string_equal(scene->said[0].state, "closed");
	assert_string_equal(scene->said[5].technique, "listener");
	detect_trial_free(trial);
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		SCENE(a_client_not_listed_is_one_finding_that_counts),
		SCENE(more_proof_is_said_at_once),
		SCENE(addresses_of_one_64_are_one_client),
		SCENE(a_long_connection_is_one_attempt),
		SCENE(only_connections_to_our_listeners_are_judged),
		SCENE(a_connection_to_a_listener_that_has_closed_still_counts),
		SCENE(a_datagram_proves_nothing),
		SCENE(a_new_register_ends_what_the_old_one_refused),
		SCENE(a_recognised_protocol_other_than_registered_is_a_finding),
		SCENE(a_port_that_answers_with_nobody_there_is_a_finding),
		SCENE(the_finding_ends_when_the_listener_is_found),
		SCENE(beside_containers_a_silent_redirection_is_likelier),
		SCENE(refusals_old_connections_and_strangers_are_no_traffic),
		SCENE(connections_may_outlive_their_listener),
		SCENE(a_million_clients_are_some_lines),
		SCENE(a_crowd_is_counted),
		SCENE(a_hundred_thousand_listeners_stay_in_bounds),
		SCENE(ports_that_closed_make_room_for_others),
		SCENE(a_trial_counts_what_it_does_not_list_once),
		SCENE(a_trial_says_what_a_register_would_have_raised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
