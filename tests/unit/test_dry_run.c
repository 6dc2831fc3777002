/*
 * test_dry_run.c: what would have been blocked, of records of the past.
 */
#include "respond_scene.h"

#include "cli/dry_run.h"

struct past {
	struct scene scene;
	struct home ours;
	struct dry_run *run;
};

static int begin(void **state)
{
	struct past *past = calloc(1, sizeof(*past));
	assert_non_null(past);
	const struct prefix server = { scene_addr("192.0.2.1"), 128 };
	const struct prefix spared = { scene_addr("203.0.113.9"), 128 };
	struct config *config = &past->scene.config;
	config_init(config);
	config->block_never.at[0] = spared;
	config->block_never.count = 1;
	past->scene.now_us = BEGIN;
	home_add(&past->ours, &server);
	past->run = dry_run_new(config, &past->ours, &past->scene, scene_block);
	assert_non_null(past->run);
	*state = past;
	return 0;
}

static int end(void **state)
{
	struct past *past = *state;
	dry_run_free(past->run);
	free(past);
	return 0;
}

static void find(struct past *past, const char *client, const char *proof)
{
	const struct finding_record f =
		scene_finding(&past->scene, "port_scan", client, proof);
	dry_run_take(past->run, RECORD_finding, &f);
}

static void who_attacks_would_be_blocked_and_it_would_end(void **state)
{
	struct past *past = *state;
	const struct block_record *told = &past->scene.block;
	find(past, "203.0.113.7", "handshake");
	assert_int_equal(past->scene.blocks, 1);
	assert_string_equal(told->state, "observed");
	assert_string_equal(told->vetoed_by, "mode");
	dry_run_tick(past->run, BEGIN + HOUR);
	assert_string_equal(told->state, "expired");
	assert_true(told->until == BEGIN + 10 * MINUTE);
}

static void ends_are_told_as_time_goes_on(void **state)
{
	struct past *past = *state;
	find(past, "203.0.113.7", "handshake");
	past->scene.now_us += HOUR;
	find(past, "203.0.113.8", "unsolicited");
	assert_string_equal(past->scene.block.state, "expired");
	assert_int_equal(past->scene.blocks, 3);
}

static void who_is_named_in_block_never_would_not(void **state)
{
	struct past *past = *state;
	find(past, "203.0.113.9", "handshake");
	assert_string_equal(past->scene.block.state, "vetoed");
	assert_string_equal(past->scene.block.vetoed_by, "never");
}

static struct flow_record flow_to(const struct past *past, const char *server)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = past->scene.now_us;
	f.transport = "tcp";
	f.state = "SF";
	f.client_ip = scene_addr("198.51.100.1");
	f.server_ip = scene_addr(server);
	f.server_port = 443;
	f.responses = 2;
	f.server_payload_bytes = 5000;
	return f;
}

/* What a client of ours is told elsewhere is no service of ours. */
static void clients_are_those_of_our_addresses(void **state)
{
	struct past *past = *state;
	struct flow_record f = flow_to(past, "198.51.100.99");
	dry_run_take(past->run, RECORD_flow, &f);
	find(past, "203.0.113.7", "handshake");
	assert_int_equal(past->scene.block.clients, 0);
	f = flow_to(past, "192.0.2.1");
	dry_run_take(past->run, RECORD_flow, &f);
	find(past, "203.0.113.8", "handshake");
	assert_int_equal(past->scene.block.clients, 1);
	assert_int_equal(past->scene.block.clients_cut, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(who_attacks_would_be_blocked_and_it_would_end),
		TEST(ends_are_told_as_time_goes_on),
		TEST(who_is_named_in_block_never_would_not),
		TEST(clients_are_those_of_our_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
