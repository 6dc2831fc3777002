/*
 * test_respond_again.c: what was decided is decided again from what is written down.
 */
#include <time.h>

#include "record/digest.h"
#include "respond_scene.h"

static uint64_t seed;

static uint64_t some(uint64_t most)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % (most + 1);
}

static const char *one_of(const char *const *words, size_t count)
{
	return words[some(count - 1)];
}

static void check_again(struct scene *scene)
{
	struct decision_record again;
	const struct decision_record *then = &scene->decision;
	record_init(RECORD_decision, &again);
	assert_true(respond_again_decide(then, &again));
	memcpy(again.block, then->block, sizeof(again.block));
	again.handshake = then->handshake;
	struct buf a = { 0 }, b = { 0 };
	record_json(&a, RECORD_decision, then);
	record_json(&b, RECORD_decision, &again);
	assert_string_equal(buf_cstr(&a), buf_cstr(&b));
	buf_free(&a);
	buf_free(&b);
}

static void a_block_is_decided_again(void **state)
{
	struct scene *scene = *state;
	scene_scan(scene, "203.0.113.5", "handshake");
	assert_int_equal(scene->decisions, 1);
	assert_string_equal(scene->decision.state, "asked");
	assert_string_equal(scene->decision.block, scene->block.id);
	check_again(scene);
}

static void its_digest_is_in_the_audit_record(void **state)
{
	struct scene *scene = *state;
	field_text64 digest;
	scene_scan(scene, "203.0.113.5", "handshake");
	assert_true(digest_record("", RECORD_decision, &scene->decision, digest));
	assert_string_equal(scene->audit.digest, digest);
}

static void a_changed_fact_is_another_decision(void **state)
{
	struct scene *scene = *state;
	struct decision_record changed, again;
	scene_scan(scene, "203.0.113.5", "handshake");
	changed = scene->decision;
	changed.proof = "unsolicited";
	assert_true(respond_again_decide(&changed, &again));
	assert_string_equal(again.state, "vetoed");
	changed = scene->decision;
	changed.never = "gateway";
	assert_true(respond_again_decide(&changed, &again));
	assert_string_equal(again.vetoed_by, "gateway");
	changed = scene->decision;
	changed.least = "critical";
	assert_false(respond_again_decide(&changed, &again));
}

static void nonsense_is_no_decision(void **state)
{
	struct decision_record nothing, again;
	(void)state;
	record_init(RECORD_decision, &nothing);
	assert_false(respond_again_decide(&nothing, &again));
}

static void live_a_little(struct scene *scene, const char *client)
{
	static const char *const users[] = { "ann", "bob", "eve", "kim" };
	switch (some(6)) {
	case 0:
		scene_handshake(scene, client);
		break;
	case 1:
		scene_served(scene, scene_addr(client), 1024 + (uint32_t)some(9),
			     (int64_t)some(600) * SECOND);
		break;
	case 2:
		scene_login(scene, client, one_of(users, 4));
		break;
	case 3:
		scene_pass(scene, (int64_t)some(7200) * SECOND);
		break;
	case 4:
		scene->config.block_new = 1 + (uint32_t)some(5);
		record_text(scene->config.block_mode, sizeof(scene->config.block_mode),
			    some(3) == 0 ? "observe" : "on");
		scene_rules(scene);
		break;
	case 5:
		respond_thaw(scene->respond, "root", scene->now_us);
		break;
	default:
		scene_pass(scene, (int64_t)some(30) * SECOND);
	}
}

static void attack(struct scene *scene, const char *client)
{
	static const char *const kinds[] = { "port_scan", "brute_force", "trap_hit",
					     "connection_flood" };
	static const char *const proofs[] = { "unsolicited", "handshake", "dialogue" };
	struct finding_record f =
		scene_finding(scene, one_of(kinds, 4), client, one_of(proofs, 3));
	f.port = (uint32_t)some(3) * 11;
	f.ports = some(2);
	f.first = f.last - (int64_t)some(1200) * SECOND;
	respond_finding(scene->respond, &f);
}

static void whatever_happened_before(void **state)
{
	struct scene *scene = *state;
	static const char *const clients[] = { "203.0.113.5", "203.0.113.6", "10.1.1.1",
					       "2001:db8::7", "127.0.0.1" };
	const char *given = getenv("SEED");
	unsigned decided = 0;
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL) + 1;
	printf("# SEED=%llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < 600; i++) {
		unsigned before = scene->decisions;
		const char *client = one_of(clients, 5);
		if (some(1) == 0)
			live_a_little(scene, client);
		else
			attack(scene, client);
		if (scene->decisions != before && ++decided <= 60)
			check_again(scene);
	}
	assert_true(decided > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_block_is_decided_again),
		TEST(its_digest_is_in_the_audit_record),
		TEST(a_changed_fact_is_another_decision),
		TEST(nonsense_is_no_decision),
		TEST(whatever_happened_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
