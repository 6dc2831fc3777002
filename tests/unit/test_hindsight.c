/*
 * test_hindsight.c: evidence that was kept gives the same blocks as when it came; and
 * what other rules would have made of it.
 */
#include "store_check.h"

#include "base/home.h"
#include "cli/hindsight.h"
#include "cli/settings.h"
#include "detect/detect.h"
#include "respond/respond.h"

enum { EVENTS_MAX = 4096 };

struct event {
	enum record_kind kind;
	union {
		struct contact_record contact;
		struct flow_record flow;
		struct login_record login;
	} of;
};

struct past {
	struct event at[EVENTS_MAX];
	size_t count;
};

static struct home ours;
static struct config config;
static struct never never;
static struct blocklists no_lists;

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static struct event *add(struct past *past, enum record_kind kind)
{
	assert_true(past->count < EVENTS_MAX);
	struct event *event = &past->at[past->count++];
	event->kind = kind;
	record_init(kind, &event->of);
	return event;
}

static void contact(struct past *past, const char *client, uint32_t port,
		    const char *outcome, int64_t at_us)
{
	struct contact_record *c = &add(past, RECORD_contact)->of.contact;
	c->at = at_us;
	c->start = at_us - 1000;
	c->transport = "tcp";
	c->client_ip = addr(client);
	c->client_port = 40000 + port;
	c->server_ip = addr("192.0.2.1");
	c->port = port;
	c->technique = "syn";
	c->outcome = outcome;
	c->ttl = 60;
}

static void flow(struct past *past, const char *client, uint32_t port, bool is_served,
		 int64_t at_us)
{
	struct flow_record *f = &add(past, RECORD_flow)->of.flow;
	f->start = at_us - 1000;
	f->end = at_us;
	f->transport = "tcp";
	f->client_ip = addr(client);
	f->client_port = 40000 + port;
	f->server_ip = addr("192.0.2.1");
	f->server_port = port;
	f->state = is_served ? "SF" : "RSTO";
	f->end_reason = "closed";
	f->handshake_us = 300;
	f->client_payload_bytes = is_served ? 300 : 0;
	f->server_payload_bytes = is_served ? 3000 : 0;
	f->responses = is_served ? 1 : 0;
}

static void failure(struct past *past, const char *client, int64_t at_us)
{
	struct login_record *l = &add(past, RECORD_login)->of.login;
	l->at = at_us;
	l->transport = "tcp";
	l->client_ip = addr(client);
	l->client_port = (uint32_t)(40000 + at_us / SECOND % 1000);
	l->server_ip = addr("192.0.2.1");
	l->server_port = 22;
	record_text(l->protocol, sizeof(l->protocol), "ssh");
	record_text(l->user, sizeof(l->user), "root");
	l->outcome = "failure";
	l->method = "password";
	l->seen_by = "log";
}

/* A scan of whole connections of 120 ports, as nmap -sT makes it: some are open. */
static int64_t scan(struct past *past, const char *client, uint32_t from, int64_t at_us)
{
	for (uint32_t port = from; port < from + 120; port++, at_us += 100000) {
		bool is_open = (port - from) % 25 == 24;
		contact(past, client, port, is_open ? "handshake" : "refused", at_us);
		if (is_open)
			flow(past, client, port, false, at_us + 20000);
	}
	return at_us;
}

static int64_t guess(struct past *past, const char *client, unsigned count,
		     int64_t at_us)
{
	contact(past, client, 22, "handshake", at_us);
	for (unsigned i = 0; i < count; i++, at_us += 2 * SECOND) {
		failure(past, client, at_us);
		flow(past, client, 22, false, at_us + SECOND);
	}
	return at_us;
}

/* Clients, a scanner who comes twice, and somebody who guesses. */
static struct past *attack(void)
{
	struct past *past = calloc(1, sizeof(*past));
	int64_t at_us = START_US;
	for (int i = 0; i < 40; i++, at_us += 10 * SECOND) {
		char client[32];
		snprintf(client, sizeof(client), "203.0.113.%d", i + 1);
		contact(past, client, 443, "handshake", at_us);
		flow(past, client, 443, true, at_us + SECOND);
	}
	at_us = scan(past, "198.51.100.7", 1, at_us);
	at_us = guess(past, "198.51.100.9", 80, at_us);
	flow(past, "198.51.100.9", 443, true, at_us);
	scan(past, "198.51.100.7", 1000, at_us + 3600 * SECOND);
	return past;
}

/* ---- as it came ---- */

struct live {
	struct detect *detect;
	struct respond *respond;
	struct block_record blocks[64];
	size_t count;
	int64_t second_us;
};

static void live_finding(void *self, const struct finding_record *finding)
{
	respond_finding(((struct live *)self)->respond, finding);
}

static void live_block(void *self, const struct block_record *block)
{
	struct live *live = self;
	if (strcmp(block->state, "vetoed") == 0)
		return;
	for (size_t i = 0; i < live->count; i++)
		if (strcmp(live->blocks[i].id, block->id) == 0) {
			live->blocks[i] = *block;
			return;
		}
	assert_true(live->count < 64);
	live->blocks[live->count++] = *block;
}

static void live_take(struct live *live, const struct event *event)
{
	int64_t at_us =
		event->kind == RECORD_flow ? event->of.flow.end : event->of.contact.at;
	if (at_us / SECOND != live->second_us / SECOND) {
		live->second_us = at_us;
		detect_tick(live->detect, at_us);
		respond_tick(live->respond, at_us);
	}
	if (event->kind == RECORD_contact) {
		respond_contact(live->respond, &event->of.contact);
		detect_contact(live->detect, &event->of.contact);
	} else if (event->kind == RECORD_flow) {
		detect_flow(live->detect, &event->of.flow);
		respond_flow(live->respond, &event->of.flow);
	} else {
		respond_login(live->respond, &event->of.login);
		detect_login(live->detect, &event->of.login);
	}
}

static struct live *live_through(const struct past *past)
{
	struct live *live = calloc(1, sizeof(*live));
	const struct detect_sink found = { .self = live, .finding = live_finding };
	const struct respond_sink decided = { .self = live, .block = live_block };
	live->detect = detect_new(&found);
	live->respond = respond_new(&decided);
	respond_set_rules(live->respond, &config, UNKNOWN_TIME);
	respond_set_never(live->respond, &never);
	detect_set_own(live->detect, &ours);
	detect_set_home(live->detect, &ours);
	settings_detect(&config, live->detect);
	for (size_t i = 0; i < past->count; i++)
		live_take(live, &past->at[i]);
	detect_free(live->detect);
	respond_free(live->respond);
	return live;
}

/* ---- as it was kept ---- */

static void keep(const struct past *past)
{
	struct store *store = store_open(folder, &store_no_limits);
	assert_non_null(store);
	for (size_t i = 0; i < past->count; i++)
		assert_true(
			store_put_evidence(store, past->at[i].kind, &past->at[i].of));
	wait_written(store);
	store_close(store);
}

static bool pass_on(void *to, enum record_kind kind, const void *record)
{
	hindsight_evidence(to, kind, record);
	return true;
}

static struct hindsight *look_back(const struct config *rules_of)
{
	const struct hindsight_rules rules = { rules_of, &no_lists, &never, &ours,
					       &ours };
	struct hindsight *hindsight = hindsight_new(&rules);
	struct store_evidence evidence = { .since_us = INT64_MIN,
					   .until_us = INT64_MAX,
					   .to = hindsight,
					   .emit = pass_on };
	char error[STORE_ERROR_MAX];
	int status;
	assert_non_null(hindsight);
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	assert_int_equal(store_read_evidence(reader, &evidence, error), 0);
	assert_int_equal(evidence.left_out, 0);
	store_reader_close(reader);
	hindsight_finish(hindsight);
	return hindsight;
}

static int begin(void **state)
{
	struct prefix prefix;
	config_init(&config);
	never_init(&never);
	ours.count = 0;
	assert_true(prefix_parse("192.0.2.1", &prefix));
	assert_true(home_add(&ours, &prefix));
	return new_folder(state);
}

/* ---- what must hold ---- */

static void what_was_kept_gives_the_same_blocks_as_when_it_came(void **state)
{
	size_t count;
	(void)state;
	struct past *past = attack();
	struct live *live = live_through(past);
	keep(past);
	struct hindsight *hindsight = look_back(&config);
	const struct block_record *blocks = hindsight_blocks(hindsight, &count);
	assert_int_equal(live->count, 3);
	assert_int_equal(count, live->count);
	for (size_t i = 0; i < count; i++) {
		assert_true(addr_equal(&blocks[i].address, &live->blocks[i].address));
		assert_int_equal(blocks[i].start, live->blocks[i].start);
		assert_int_equal(blocks[i].until, live->blocks[i].until);
		assert_int_equal(blocks[i].port, live->blocks[i].port);
		assert_int_equal(blocks[i].strike, live->blocks[i].strike);
		assert_string_equal(blocks[i].reason, live->blocks[i].reason);
	}
	hindsight_free(hindsight);
	free(live);
	free(past);
}

struct told {
	size_t count;
	char changes[16][12];
	struct hindsight_pair pairs[16];
};

static void tell(void *to, const struct hindsight_pair *pair, const char *change)
{
	struct told *told = to;
	assert_true(told->count < 16);
	snprintf(told->changes[told->count], sizeof(told->changes[0]), "%s", change);
	told->pairs[told->count++] = *pair;
}

static struct told compare(const struct hindsight *in_force,
			   const struct hindsight *file)
{
	struct told told = { 0 };
	size_t a, b;
	const struct block_record *before = hindsight_blocks(in_force, &a);
	const struct block_record *after = hindsight_blocks(file, &b);
	hindsight_compare(before, a, after, b, tell, &told);
	return told;
}

static void the_same_rules_make_no_difference(void **state)
{
	(void)state;
	struct past *past = attack();
	keep(past);
	struct hindsight *a = look_back(&config), *b = look_back(&config);
	struct told told = compare(a, b);
	assert_int_equal(told.count, 3);
	for (size_t i = 0; i < told.count; i++)
		assert_string_equal(told.changes[i], "same");
	hindsight_free(a);
	hindsight_free(b);
	free(past);
}

/* By which the first that differs is told. */
static struct told try_other(const struct config *other, struct hindsight **in_force,
			     struct hindsight **file)
{
	struct past *past = attack();
	keep(past);
	*in_force = look_back(&config);
	*file = look_back(other);
	free(past);
	return compare(*in_force, *file);
}

static void a_lower_threshold_blocks_earlier(void **state)
{
	static struct config other;
	struct hindsight *a, *b;
	(void)state;
	other = config;
	other.block_findings.count = 0;
	record_text(config.block_severity, sizeof(config.block_severity), "low");
	record_text(other.block_severity, sizeof(other.block_severity), "low");
	other.detect_guesses = 3;
	struct told told = try_other(&other, &a, &b);
	bool is_earlier = false;
	for (size_t i = 0; i < told.count; i++)
		is_earlier |=
			strcmp(told.changes[i], "earlier") == 0 &&
			told.pairs[i].file->port == 22 &&
			told.pairs[i].in_force->start - told.pairs[i].file->start ==
				4 * SECOND;
	assert_true(is_earlier);
	hindsight_free(a);
	hindsight_free(b);
}

static void a_longer_time_makes_longer_blocks_and_never_takes_some_away(void **state)
{
	static struct config other;
	struct hindsight *a, *b;
	(void)state;
	other = config;
	other.block_time = 1200;
	other.block_never.count = 1;
	assert_true(prefix_parse("198.51.100.9", &other.block_never.at[0]));
	struct told told = try_other(&other, &a, &b);
	assert_int_equal(told.count, 3);
	assert_string_equal(told.changes[0], "longer");
	assert_string_equal(told.changes[1], "gone");
	assert_null(told.pairs[1].file);
	assert_string_equal(told.changes[2], "longer");
	hindsight_free(a);
	hindsight_free(b);
}

static struct hindsight *of_one_who_was_served(bool scans)
{
	struct past *past = calloc(1, sizeof(*past));
	int64_t at_us = START_US;
	for (int i = 0; i < 3; i++, at_us += 3600 * SECOND)
		flow(past, "203.0.113.5", 443, true, at_us);
	at_us = scans ? scan(past, "203.0.113.5", 1, at_us)
		      : guess(past, "203.0.113.5", 80, at_us);
	for (int i = 0; i < 5; i++, at_us += 10 * SECOND)
		flow(past, "203.0.113.5", 443, true, at_us);
	flow(past, "203.0.113.6", 443, true, at_us);
	keep(past);
	free(past);
	return look_back(&config);
}

static void who_would_be_cut_off_is_told_and_how_often_it_was_served(void **state)
{
	struct hindsight_sum sum;
	size_t count;
	(void)state;
	struct hindsight *hindsight = of_one_who_was_served(true);
	const struct block_record *blocks = hindsight_blocks(hindsight, &count);
	hindsight_sum(hindsight, &sum);
	assert_int_equal(count, 1);
	assert_int_equal(sum.clients, 2);
	assert_int_equal(sum.cut, 1);
	assert_int_equal(blocks[0].port, UNKNOWN_U32);
	assert_int_equal(blocks[0].served, 5);
	hindsight_free(hindsight);
}

static void who_is_blocked_at_another_port_is_served_on(void **state)
{
	struct hindsight_sum sum;
	size_t count;
	(void)state;
	struct hindsight *hindsight = of_one_who_was_served(false);
	const struct block_record *blocks = hindsight_blocks(hindsight, &count);
	hindsight_sum(hindsight, &sum);
	assert_int_equal(count, 1);
	assert_int_equal(sum.cut, 0);
	assert_int_equal(blocks[0].port, 22);
	assert_int_equal(blocks[0].served, 0);
	hindsight_free(hindsight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_kept_gives_the_same_blocks_as_when_it_came, begin,
			remove_folder),
		cmocka_unit_test_setup_teardown(the_same_rules_make_no_difference,
						begin, remove_folder),
		cmocka_unit_test_setup_teardown(a_lower_threshold_blocks_earlier, begin,
						remove_folder),
		cmocka_unit_test_setup_teardown(
			a_longer_time_makes_longer_blocks_and_never_takes_some_away,
			begin, remove_folder),
		cmocka_unit_test_setup_teardown(
			who_would_be_cut_off_is_told_and_how_often_it_was_served, begin,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			who_is_blocked_at_another_port_is_served_on, begin,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
