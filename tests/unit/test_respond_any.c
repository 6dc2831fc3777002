/*
 * test_respond_any.c: whatever records come, in whatever order: nobody who is never
 * blocked is ordered to be, nobody without proof, never more than the bounds, and every
 * block ends.
 */
#include "base/hash.h"
#include "respond_scene.h"

enum { STEPS = 60000, SOURCES = 300, TRACKED = 4096, FEW = 40, A_MINUTE = 7 };

struct held {
	uint64_t id;
	int64_t begun_us;
};

struct any {
	struct scene scene;
	uint64_t seed;
	int64_t proven_us[SOURCES]; /* last handshake or proven finding */
	struct held held[TRACKED];
	size_t held_count;
	int64_t begun_us[A_MINUTE]; /* the last blocks that began */
	size_t begun;
};

static uint32_t number(struct any *any, uint32_t below)
{
	any->seed = any->seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(any->seed >> 33) % below;
}

static uint32_t source_of(const struct addr *addr)
{
	return (uint32_t)addr->ip6[14] << 8 | addr->ip6[15];
}

static struct held *find_held(struct any *any, uint64_t id)
{
	for (size_t i = 0; i < any->held_count; i++)
		if (any->held[i].id == id)
			return &any->held[i];
	return NULL;
}

static void note_new(struct any *any, const struct respond_order *order)
{
	const struct block_record *block = order->block;
	int64_t now_us = any->scene.now_us;
	int64_t *oldest = &any->begun_us[any->begun++ % A_MINUTE];
	assert_true(source_of(&block->address) % 10 != 0);
	assert_true(now_us - any->proven_us[source_of(&block->address)] <= 10 * MINUTE);
	assert_true(*oldest == 0 || now_us - *oldest > 58 * SECOND);
	*oldest = now_us;
	assert_true(any->held_count < FEW);
	any->held[any->held_count++] = (struct held){ order->id, now_us };
}

static void order_any(void *self, const struct respond_order *order)
{
	struct any *any = self;
	struct held *held = find_held(any, order->id);
	any->scene.order = *order;
	if (order->kind == RESPOND_ADD) {
		assert_true(order->left_us > 0 && order->left_us <= HOUR);
		if (held == NULL)
			note_new(any, order);
		else
			assert_true(any->scene.now_us + order->left_us -
					    held->begun_us <=
				    HOUR);
	}
}

static void block_any(void *self, const struct block_record *block)
{
	struct any *any = self;
	struct held *held = find_held(any, strtoull(block->id, NULL, 16));
	bool is_over = strcmp(block->state, "expired") == 0 ||
		       strcmp(block->state, "removing") == 0 ||
		       strcmp(block->state, "removed") == 0 ||
		       strcmp(block->state, "failed") == 0;
	if (held != NULL && is_over)
		*held = any->held[--any->held_count];
}

static void find_any(struct any *any, uint32_t source)
{
	static const char *const kinds[] = { "port_scan", "brute_force", "trap_hit",
					     "connection_flood", "beacon" };
	static const char *const proofs[] = { "unsolicited", "handshake", "dialogue",
					      NULL };
	struct scene *scene = &any->scene;
	struct finding_record f = scene_finding(scene, kinds[number(any, 5)],
						"203.0.113.7", proofs[number(any, 4)]);
	f.client_ip = scene_number(source);
	snprintf(f.id, sizeof(f.id), "f%u", number(any, 500));
	f.first -= number(any, 40) * MINUTE;
	f.port = number(any, 2) ? 22 : UNKNOWN_U32;
	f.severity = severity_names[number(any, SEVERITIES)];
	f.client_prefix = number(any, 20) == 0 ? 24 : 32;
	if (f.proof != NULL && f.proof[0] != 'u' && f.last - f.first <= 10 * MINUTE)
		any->proven_us[source] = scene->now_us;
	respond_finding(scene->respond, &f);
}

static void shake_hands(struct any *any, uint32_t source)
{
	char text[ADDR_TEXT_MAX];
	const struct addr addr = scene_number(source);
	addr_text(&addr, text);
	any->proven_us[source] = any->scene.now_us;
	scene_handshake(&any->scene, text);
}

static void ask_any(struct any *any, uint32_t source)
{
	struct scene *scene = &any->scene;
	struct buf message = { 0 };
	char text[ADDR_TEXT_MAX];
	const struct addr addr = scene_number(source);
	addr_text(&addr, text);
	if (number(any, 2) == 0)
		respond_unblock(scene->respond, text, "root", scene->now_us, &message);
	else
		respond_thaw(scene->respond, "root", scene->now_us);
	buf_free(&message);
}

static void step(struct any *any)
{
	struct scene *scene = &any->scene;
	uint32_t source = number(any, SOURCES);
	scene_pass(scene, number(any, 4 * SECOND));
	switch (number(any, 10)) {
	case 0:
		shake_hands(any, source);
		break;
	case 1:
		scene_served(scene, scene_number(source), number(any, 4),
			     number(any, 100) * SECOND);
		any->proven_us[source] = scene->now_us;
		break;
	case 2:
		ask_any(any, source);
		break;
	case 3:
		if (scene->order.id != 0)
			scene_active(scene);
		break;
	default:
		find_any(any, source);
		break;
	}
}

static void nothing_that_comes_blocks_who_must_not_be(void **state)
{
	(void)state;
	struct any *any = calloc(1, sizeof(*any));
	const struct respond_sink sink = { any, block_any, order_any, NULL, NULL };
	const char *given = getenv("SEED");
	assert_non_null(any);
	any->seed = given != NULL ? strtoull(given, NULL, 10) : hash_key_random().k0;
	print_message("# SEED=%llu\n", (unsigned long long)any->seed);
	config_init(&any->scene.config);
	record_text(any->scene.config.block_mode, 8, "on");
	any->scene.config.block_longest = 3600;
	any->scene.config.block_new = A_MINUTE;
	any->scene.config.block_total = FEW;
	any->scene.now_us = BEGIN;
	never_init(&any->scene.never);
	for (uint32_t i = 0; i < SOURCES; i += 10)
		assert_true(never_add(
			&any->scene.never,
			&(struct never_entry){ .prefix = { scene_number(i), 128 },
					       .reason = NEVER_never,
					       .until_us = INT64_MAX }));
	any->scene.respond = respond_new(&sink);
	scene_rules(&any->scene);
	respond_set_never(any->scene.respond, &any->scene.never);
	for (int i = 0; i < STEPS; i++)
		step(any);
	assert_true(any->begun > 100);
	scene_pass(&any->scene, HOUR);
	assert_int_equal(respond_state(any->scene.respond).in_force, 0);
	assert_int_equal(any->held_count, 0);
	respond_free(any->scene.respond);
	free(any);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_comes_blocks_who_must_not_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
