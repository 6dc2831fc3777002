/*
 * test_disagreement.c: probes and clients that do not say the same: when that is a
 * finding, when it is over, and what clients prove.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect_scene.h"

#define TARGET "ssh://127.0.0.1:22"

enum how { WELL, REJECTED, UNANSWERED, RESET, ERRORS, CAME_AND_WENT, HALF_OPEN, PROBE };

static struct flow_record flow_by(struct scene *scene, enum how how, unsigned source)
{
	static const struct {
		const char *state, *end_reason;
		uint64_t handshake_us, server_bytes, responses, answers, errors;
	} ways[] = {
		[WELL] = { "SF", "closed", 40, 100, 2, UNKNOWN_U64, UNKNOWN_U64 },
		[REJECTED] = { "REJ", "rejected", UNKNOWN_U64, 0, 0, UNKNOWN_U64, 0 },
		[UNANSWERED] = { "S0", "timeout", UNKNOWN_U64, 0, 0, UNKNOWN_U64, 0 },
		[RESET] = { "RSTR", "reset", 40, 0, 0, UNKNOWN_U64, UNKNOWN_U64 },
		[ERRORS] = { "SF", "closed", 40, 100, 2, 2, 2 },
		[CAME_AND_WENT] = { "SF", "closed", 40, 0, 0, UNKNOWN_U64, 0 },
		[HALF_OPEN] = { "S1", "timeout", UNKNOWN_U64, 0, 0, UNKNOWN_U64, 0 },
		[PROBE] = { "RSTR", "reset", 40, 0, 0, UNKNOWN_U64, UNKNOWN_U64 },
	};
	struct flow_record f;
	char client[32];
	record_init(RECORD_flow, &f);
	snprintf(client, sizeof(client), "203.0.113.%u", source % 250);
	f.start = f.end = scene->now_us;
	f.transport = "tcp";
	f.client_ip = addr(client);
	f.server_ip = addr("192.0.2.1");
	f.server_port = 22;
	f.state = ways[how].state;
	f.end_reason = ways[how].end_reason;
	f.handshake_us = ways[how].handshake_us;
	f.server_payload_bytes = ways[how].server_bytes;
	f.responses = ways[how].responses;
	f.response_mean_us = 900;
	f.answers = ways[how].answers;
	f.answer_errors = ways[how].errors;
	f.probe = how == PROBE ? 1 : UNKNOWN_FLAG;
	return f;
}

static void connect_many(struct scene *scene, enum how how, unsigned count,
			 unsigned sources)
{
	for (unsigned i = 0; i < count; i++) {
		struct flow_record f = flow_by(scene, how, i % sources);
		detect_flow(scene->detect, &f);
	}
}

static struct probe_record probed(struct scene *scene, const char *state,
				  const char *by)
{
	struct probe_record p;
	record_init(RECORD_probe, &p);
	p.at = scene->now_us;
	record_text(p.target, sizeof(p.target), TARGET);
	p.by = by;
	p.transport = "tcp";
	p.ip = addr("127.0.0.1");
	p.port = 22;
	p.state = state;
	p.total_us = 2100;
	if (state != NULL && strcmp(state, "down") == 0)
		record_text(p.detail, sizeof(p.detail), "no answer in 5000 ms");
	detect_probe(scene->detect, &p);
	return p;
}

/* A probe on loopback, users who come to another address of the same listener. */
static struct scene *served(void **state)
{
	struct scene *scene = *state;
	know_sshd(scene);
	probed(scene, "up", "probe");
	pass(scene, 1);
	said_nothing(scene);
	return scene;
}

static void users_who_fail_are_a_finding_with_numbers(void **state)
{
	struct scene *scene = served(state);
	connect_many(scene, RESET, 30, 9);
	connect_many(scene, REJECTED, 7, 9);
	connect_many(scene, WELL, 15, 9);
	pass(scene, 1);
	const struct finding_record *f =
		said_once(scene, "users_failing", "", "high", "open");
	assert_string_equal(f->summary,
			    TARGET ": the probe is answered in 2.1 ms, yet 37 of 52 "
				   "connections of clients in the last minute failed: "
				   "7 refused, 30 reset.");
	assert_int_equal(f->port, 22);
	assert_string_equal(f->detector, "disagreement");
	assert_int_equal(f->attempts, 37);
}

/* What must not be a finding, by what happened. */
static void what_is_no_disagreement_is_not_said(void **state)
{
	static const struct {
		enum how how;
		unsigned failing, well, sources;
		const char *probe;
	} cases[] = {
		{ RESET, 19, 0, 9, "up" },         /* too few to tell */
		{ RESET, 19, 81, 9, "up" },        /* 19 % */
		{ RESET, 60, 0, 2, "up" },         /* two sources only */
		{ RESET, 60, 0, 9, "down" },       /* the probe says so, too */
		{ RESET, 60, 0, 9, "unknown" },    /* it knows nothing */
		{ CAME_AND_WENT, 60, 0, 9, "up" }, /* nothing was asked */
		{ HALF_OPEN, 60, 0, 9, "up" }, /* a flood of SYNs that is answered */
		{ PROBE, 60, 0, 9, "up" },     /* our own */
	};
	struct scene *scene = served(state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		probed(scene, cases[i].probe, "probe");
		connect_many(scene, cases[i].how, cases[i].failing, cases[i].sources);
		connect_many(scene, WELL, cases[i].well, 9);
		pass(scene, 3);
		if (scene->count != 0)
			fail_msg("case %zu: %s", i, scene->said[0].summary);
		pass(scene, 120);
	}
}

static void each_kind_of_failure_counts(void **state)
{
	struct scene *scene = served(state);
	static const enum how failures[] = { REJECTED, UNANSWERED, RESET, ERRORS };
	for (size_t i = 0; i < 4; i++) {
		connect_many(scene, failures[i], 10, 5);
		connect_many(scene, WELL, 30, 5);
		pass(scene, 1);
		said_once(scene, "users_failing", "", "medium", "open");
		pass(scene, 120);
		assert_int_equal(scene->count, 1);
		assert_string_equal(scene->said[0].state, "closed");
		scene->count = 0;
		probed(scene, "up", "probe");
	}
}

static void it_ends_when_users_are_served_again(void **state)
{
	struct scene *scene = served(state);
	connect_many(scene, RESET, 25, 9);
	pass(scene, 1);
	said_once(scene, "users_failing", "", "high", "open");
	pass(scene, 10);
	scene->count = 0;
	/* A few that go well among those that fail are no end of it. */
	connect_many(scene, WELL, 10, 9);
	connect_many(scene, RESET, 2, 9);
	pass(scene, 3);
	for (size_t i = 0; i < scene->count; i++)
		assert_string_equal(scene->said[i].state, "open");
	pass(scene, 10);
	scene->count = 0;
	connect_many(scene, WELL, 12, 9);
	pass(scene, 1);
	said_once(scene, "users_failing", "", "high", "closed");
	pass(scene, 5);
	said_nothing(scene);
}

static void it_ends_when_the_probe_fails_too_or_goes(void **state)
{
	struct scene *scene = served(state);
	static const char *const states[] = { "down", NULL };
	for (size_t i = 0; i < 2; i++) {
		probed(scene, "up", "probe");
		connect_many(scene, RESET, 25, 9);
		pass(scene, 1);
		said_once(scene, "users_failing", "", "high", "open");
		probed(scene, states[i], states[i] != NULL ? "probe" : NULL);
		scene->now_us += SECOND;
		detect_tick(scene->detect, scene->now_us);
		assert_int_equal(scene->count, 1);
		assert_string_equal(scene->said[0].state, "closed");
		scene->count = 0;
		pass(scene, 120);
	}
	assert_int_equal(open_count(scene), 0);
}

static void what_traffic_answered_is_no_probe(void **state)
{
	struct scene *scene = served(state);
	probed(scene, "down", "probe");
	probed(scene, "up", "traffic");
	connect_many(scene, RESET, 25, 9);
	pass(scene, 2);
	said_nothing(scene);
}

static void a_probe_that_fails_tells_that_users_are_served(void **state)
{
	struct scene *scene = served(state);
	connect_many(scene, WELL, 40, 3);
	connect_many(scene, RESET, 1, 3);
	struct probe_record p = probed(scene, "down", "probe");
	assert_string_equal(p.detail,
			    "no answer in 5000 ms; yet 40 of 41 connections of clients "
			    "in the last minute were served");
	connect_many(scene, RESET, 40, 3);
	p = probed(scene, "down", "probe");
	assert_string_equal(p.detail, "no answer in 5000 ms");
}

/* ---- what they prove ---- */

struct proofs {
	unsigned count;
	bool takes;
	struct detect_proof last;
};

static bool take_proof(void *to, const struct detect_proof *proof)
{
	struct proofs *proofs = to;
	assert_string_equal(proof->target, TARGET);
	proofs->count++;
	proofs->last = *proof;
	return proofs->takes;
}

static void users_who_are_served_prove_it_once(void **state)
{
	struct scene *scene = served(state);
	struct proofs proofs = { .takes = false };
	detect_each_proof(scene->detect, take_proof, &proofs);
	assert_int_equal(proofs.count, 0);
	connect_many(scene, WELL, 3, 1);
	detect_each_proof(scene->detect, take_proof, &proofs);
	proofs.takes = true; /* nobody took the first */
	detect_each_proof(scene->detect, take_proof, &proofs);
	detect_each_proof(scene->detect, take_proof, &proofs);
	assert_int_equal(proofs.count, 2);
	assert_true(proofs.last.is_well && !proofs.last.fails);
	assert_int_equal(proofs.last.connect_us, 40);
	assert_int_equal(proofs.last.first_byte_us, 900);
	connect_many(scene, RESET, 1, 1);
	detect_each_proof(scene->detect, take_proof, &proofs);
	assert_int_equal(proofs.count, 3);
	assert_true(!proofs.last.is_well && proofs.last.fails);
	connect_many(scene, PROBE, 5, 1);
	detect_each_proof(scene->detect, take_proof, &proofs);
	assert_int_equal(proofs.count, 3);
}

static void our_own_probe_is_no_client_that_is_not_listed(void **state)
{
	struct scene *scene = served(state);
	put_in_force(scene,
		     "ports: [{port: 22, transport: tcp, clients: 10.0.0.0/8}]\n");
	connect_many(scene, PROBE, 3, 1);
	said_nothing(scene);
	connect_many(scene, WELL, 1, 1);
	said_once(scene, "unauthorized_port", "connection", "medium", "open");
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		IN_SCENE(users_who_fail_are_a_finding_with_numbers),
		IN_SCENE(what_is_no_disagreement_is_not_said),
		IN_SCENE(each_kind_of_failure_counts),
		IN_SCENE(it_ends_when_users_are_served_again),
		IN_SCENE(it_ends_when_the_probe_fails_too_or_goes),
		IN_SCENE(what_traffic_answered_is_no_probe),
		IN_SCENE(a_probe_that_fails_tells_that_users_are_served),
		IN_SCENE(users_who_are_served_prove_it_once),
		IN_SCENE(our_own_probe_is_no_client_that_is_not_listed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
