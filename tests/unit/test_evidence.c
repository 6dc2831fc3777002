/*
 * test_evidence.c: evidence that is kept: packed and read back, rationed under attack,
 * in files of days that go when they are old.
 */
#include "store_check.h"

#include <errno.h>

#include "store/alike.h"
#include "store/days.h"
#include "store/pack.h"
#include "store/ration.h"

static struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static struct contact_record contact(const char *client, uint32_t port,
				     const char *outcome, int64_t at_us)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = at_us;
	c.start = at_us - 300000;
	c.transport = "tcp";
	c.client_ip = addr(client);
	c.client_port = 40000;
	c.server_ip = addr("192.0.2.1");
	c.port = port;
	c.technique = "syn";
	c.outcome = outcome;
	c.tcp_flags = 2;
	c.ttl = 60;
	c.window = 1024;
	return c;
}

static struct flow_record flow(const char *client, int64_t at_us)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = at_us - 5000000;
	f.end = at_us;
	f.transport = "tcp";
	f.client_ip = addr(client);
	f.client_port = 50000;
	f.server_ip = addr("192.0.2.1");
	f.server_port = 443;
	record_text(f.protocol, sizeof(f.protocol), "tls");
	f.state = "SF";
	f.end_reason = "closed";
	f.handshake_us = 900;
	f.client_payload_bytes = 500;
	f.server_payload_bytes = 70000;
	f.responses = 3;
	return f;
}

/* ---- packed ---- */

struct kept {
	size_t count;
	struct {
		enum record_kind kind;
		struct contact_record contact;
		struct flow_record flow;
		struct login_record login;
		struct port_record port;
	} at[64];
};

static bool keep(void *to, enum record_kind kind, const void *record)
{
	struct kept *kept = to;
	assert_true(kept->count < 64);
	kept->at[kept->count].kind = kind;
	if (kind == RECORD_contact)
		kept->at[kept->count].contact = *(const struct contact_record *)record;
	else if (kind == RECORD_flow)
		kept->at[kept->count].flow = *(const struct flow_record *)record;
	else if (kind == RECORD_login)
		kept->at[kept->count].login = *(const struct login_record *)record;
	else
		kept->at[kept->count].port = *(const struct port_record *)record;
	kept->count++;
	return true;
}

static bool reads(const struct pack *pack, struct kept *kept)
{
	kept->count = 0;
	return pack_read(bytes_of(pack->bytes.at, pack->bytes.len), keep, kept);
}

/* Whole records: what is not packed is unknown. */
static void same(enum record_kind kind, const void *a, const void *b)
{
	struct buf one = { 0 }, other = { 0 };
	record_json(&one, kind, a);
	record_json(&other, kind, b);
	assert_string_equal(buf_cstr(&one), buf_cstr(&other));
	buf_free(&one);
	buf_free(&other);
}

static struct login_record login(int64_t at_us)
{
	struct login_record l;
	record_init(RECORD_login, &l);
	l.at = at_us;
	l.flow_start = at_us - 2;
	l.transport = "tcp";
	l.client_ip = addr("2001:db8:7::5");
	l.client_port = 50022;
	l.server_ip = addr("192.0.2.1");
	l.server_port = 22;
	record_text(l.protocol, sizeof(l.protocol), "ssh");
	record_text(
		l.user, sizeof(l.user),
		"a name of sixty-three bytes, which is the longest there is in it..");
	l.outcome = "failure";
	l.method = "password";
	l.seen_by = "log";
	return l;
}

static struct port_record second(int64_t at_us)
{
	struct port_record p;
	record_init(RECORD_port, &p);
	p.start = at_us;
	p.server_ip = addr("192.0.2.1");
	p.port = 443;
	p.transport = "tcp";
	p.flows = 70;
	p.active = 9;
	p.rejected = 0;
	p.client_packets = 1000;
	p.server_packets = UINT64_MAX - 1;
	p.clients = 3;
	p.syns = 71;
	p.handshakes = 70;
	return p;
}

static void what_is_packed_reads_back_the_same(void **state)
{
	struct pack pack = { 0 };
	struct kept *kept = calloc(1, sizeof(*kept));
	(void)state;
	struct contact_record c = contact("198.51.100.7", 0, "refused", START_US);
	struct contact_record strange;
	record_init(RECORD_contact, &strange);
	strange.at = START_US - 7; /* time may go back */
	strange.client_ip = addr("::");
	struct flow_record f = flow("198.51.100.7", START_US + 1);
	struct login_record l = login(START_US + 2);
	struct port_record p = second(START_US);
	pack_begin(&pack);
	for (int round = 0; round < 3; round++) {
		pack_add(&pack, RECORD_contact, &c);
		pack_add(&pack, RECORD_contact, &strange);
		pack_add(&pack, RECORD_flow, &f);
		pack_add(&pack, RECORD_login, &l);
		pack_add(&pack, RECORD_port, &p);
	}
	assert_true(reads(&pack, kept));
	assert_int_equal(kept->count, 15);
	for (size_t i = 0; i < 15; i += 5) {
		same(RECORD_contact, &kept->at[i].contact, &c);
		same(RECORD_contact, &kept->at[i + 1].contact, &strange);
		same(RECORD_flow, &kept->at[i + 2].flow, &f);
		same(RECORD_login, &kept->at[i + 3].login, &l);
		same(RECORD_port, &kept->at[i + 4].port, &p);
	}
	assert_int_equal(pack.first_us, START_US - 7);
	assert_int_equal(pack.last_us, START_US + 2);
	pack_free(&pack);
	free(kept);
}

static void a_contact_takes_few_bytes(void **state)
{
	struct pack pack = { 0 };
	(void)state;
	pack_begin(&pack);
	for (uint32_t i = 0; i < 256; i++) {
		struct contact_record c = contact("198.51.100.7", 1000 + i, "refused",
						  START_US + i * 20000);
		pack_add(&pack, RECORD_contact, &c);
	}
	assert_true(pack.bytes.len < 256 * 32);
	pack_free(&pack);
}

static void a_block_that_is_cut_or_changed_harms_nothing(void **state)
{
	struct pack pack = { 0 };
	struct kept *kept = calloc(1, sizeof(*kept));
	(void)state;
	pack_begin(&pack);
	struct contact_record c = contact("198.51.100.7", 22, "refused", START_US);
	struct login_record l = login(START_US + 2);
	pack_add(&pack, RECORD_contact, &c);
	pack_add(&pack, RECORD_login, &l);
	size_t len = pack.bytes.len;
	for (size_t i = 0; i < len; i++) {
		kept->count = 0;
		pack_read(bytes_of(pack.bytes.at, i), keep, kept);
		assert_true(kept->count < 2);
	}
	for (int i = 0; i < 20000; i++) {
		size_t at = some(len - 1);
		char was = pack.bytes.at[at];
		pack.bytes.at[at] = (char)random64();
		kept->count = 0;
		pack_read(bytes_of(pack.bytes.at, len), keep, kept);
		pack.bytes.at[at] = was;
	}
	kept->count = 0;
	pack.bytes.at[0] = PACK_VERSION + 1;
	assert_false(pack_read(bytes_of(pack.bytes.at, len), keep, kept));
	assert_int_equal(kept->count, 0);
	pack_free(&pack);
	free(kept);
}

/* ---- rations ---- */

static uint64_t take_many(struct ration *ration, const char *network, unsigned count,
			  const char *outcome, int64_t at_us)
{
	uint64_t taken = 0;
	enum ration_class class;
	for (unsigned i = 0; i < count; i++) {
		char client[32];
		snprintf(client, sizeof(client), "%s.%u.%u", network, i / 250 % 250,
			 i % 250);
		struct contact_record c = contact(client, 22, outcome, at_us);
		taken += ration_take(ration, RECORD_contact, &c, &class);
	}
	return taken;
}

static void forged_sources_hide_nobody_who_is_proven_or_comes_again(void **state)
{
	struct ration ration;
	enum ration_class class;
	(void)state;
	ration_open(&ration, 512 << 20);
	struct contact_record shake =
		contact("203.0.113.5", 443, "handshake", START_US);
	assert_true(ration_take(&ration, RECORD_contact, &shake, &class));
	assert_int_equal(class, RATION_PROVEN);
	for (int second = 0; second < 5; second++) {
		int64_t at_us = START_US + second * SECOND;
		assert_true(take_many(&ration, "10.1", 10000, "refused", at_us) <= 256);
		/* Who has proven where it is, and then fails. */
		struct contact_record c =
			contact("203.0.113.5", 1000, "refused", at_us);
		assert_true(ration_take(&ration, RECORD_contact, &c, &class));
		assert_int_equal(class, RATION_PROVEN);
	}
	ration_close(&ration);
}

static void one_source_does_not_take_the_ration_of_all(void **state)
{
	struct ration ration;
	enum ration_class class;
	uint64_t taken = 0;
	(void)state;
	ration_open(&ration, 512 << 20);
	for (uint32_t port = 1; port < 5000; port++) {
		struct contact_record c =
			contact("203.0.113.5", port, "refused", START_US);
		taken += ration_take(&ration, RECORD_contact, &c, &class);
	}
	assert_in_range(taken, 100, 256);
	struct contact_record c = contact("203.0.113.6", 22, "handshake", START_US);
	assert_true(ration_take(&ration, RECORD_contact, &c, &class));
	ration_close(&ration);
}

static void a_day_of_attack_takes_less_than_half_of_the_room(void **state)
{
	enum { ROOM = 1 << 20, EACH = 20 };
	static const char *const outcomes[] = { "refused", "handshake" };
	struct ration ration;
	uint64_t bytes = 0;
	(void)state;
	ration_open(&ration, ROOM);
	for (int second = 0; second < 2000; second++)
		for (int i = 0; i < 40; i++) {
			char client[32];
			enum ration_class class;
			snprintf(client, sizeof(client), "10.1.%d.%d", second % 250, i);
			struct contact_record c =
				contact(client, (uint32_t)(second % 7 + 1),
					outcomes[i % 2], START_US + second * SECOND);
			if (ration_take(&ration, RECORD_contact, &c, &class)) {
				ration_charge(&ration, class, EACH);
				bytes += EACH;
			}
		}
	assert_in_range(bytes, ROOM / 8, ROOM / 2);
	struct contact_record c =
		contact("203.0.113.6", 22, "handshake", START_US + DAY);
	enum ration_class class;
	assert_true(ration_take(&ration, RECORD_contact, &c, &class));
	ration_close(&ration);
}

/* ---- alike ---- */

static void count_flows(void *to, const struct flow_record *f)
{
	*(uint64_t *)to += f->flows;
}

static void a_flood_of_connections_is_counted_in_one_record(void **state)
{
	struct alike alike;
	uint64_t counted = 0, kept = 0;
	(void)state;
	alike_open(&alike);
	for (int i = 0; i < 1000; i++) {
		struct flow_record f = flow("198.51.100.7", START_US + i * 100);
		f.client_port = (uint32_t)i;
		kept += alike_keeps(&alike, &f, count_flows, &counted);
	}
	assert_int_equal(kept, ALIKE_EACH);
	struct flow_record f = flow("198.51.100.7", START_US);
	f.client_payload_bytes = 0; /* another thing */
	kept += alike_keeps(&alike, &f, count_flows, &counted);
	assert_int_equal(kept + counted, 1001);
	alike_flush(&alike, START_US + 2 * SECOND, count_flows, &counted);
	assert_int_equal(kept + counted, 1001);
	alike_close(&alike);
}

/* ---- in files ---- */

struct read {
	uint64_t count;
	int64_t first_us, last_us;
};

static bool count_one(void *to, enum record_kind kind, const void *record)
{
	struct read *read = to;
	assert_int_equal(kind, RECORD_contact);
	int64_t at_us = ((const struct contact_record *)record)->at;
	if (read->count++ == 0)
		read->first_us = at_us;
	assert_true(read->count == 1 || at_us >= read->last_us);
	read->last_us = at_us;
	return true;
}

static struct read read_since(int64_t since_us, struct store_evidence *evidence)
{
	struct read read = { 0 };
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	assert_non_null(reader);
	*evidence = (struct store_evidence){ .since_us = since_us,
					     .until_us = INT64_MAX,
					     .to = &read,
					     .emit = count_one };
	assert_int_equal(store_read_evidence(reader, evidence, error), 0);
	store_reader_close(reader);
	return read;
}

static void put_contacts(struct store *store, unsigned count, int64_t from_us,
			 int64_t step_us)
{
	for (unsigned i = 0; i < count; i++) {
		char client[32];
		snprintf(client, sizeof(client), "10.2.%u.%u", i / 250 % 250, i % 250);
		struct contact_record c =
			contact(client, 22, "handshake", from_us + i * step_us);
		assert_true(store_put_evidence(store, RECORD_contact, &c));
	}
}

static void evidence_comes_back_in_its_order_over_midnight_and_a_restart(void **state)
{
	struct store_evidence evidence;
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	put_contacts(store, 3000, START_US - 1500 * SECOND, SECOND);
	wait_written(store);
	store_close(store);
	store = store_open(folder, &store_no_limits);
	put_contacts(store, 500, START_US + 2000 * SECOND, SECOND);
	wait_written(store);
	store_close(store);
	struct read read = read_since(INT64_MIN, &evidence);
	assert_int_equal(read.count, 3500);
	assert_int_equal(evidence.left_out, 0);
	assert_int_equal(evidence.covered_us, START_US - 1500 * SECOND);
	read = read_since(START_US, &evidence);
	assert_int_equal(read.count, 2000);
	assert_int_equal(read.first_us, START_US);
}

static void what_is_left_out_is_told(void **state)
{
	struct store_evidence evidence;
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	for (uint32_t port = 1; port <= 2000; port++) {
		struct contact_record c =
			contact("203.0.113.5", port, "refused", START_US + port);
		store_put_evidence(store, RECORD_contact, &c);
	}
	wait_written(store);
	store_close(store);
	struct read read = read_since(INT64_MIN, &evidence);
	assert_in_range(read.count, 100, 256);
	assert_int_equal(read.count + evidence.left_out, 2000);
	read = read_since(START_US + DAY, &evidence);
	assert_int_equal(read.count + evidence.left_out, 0);
}

static void a_damaged_block_is_said_and_the_rest_is_read(void **state)
{
	struct store_evidence evidence = { .until_us = INT64_MAX, .emit = count_one };
	char path[256], error[STORE_ERROR_MAX];
	struct read read = { 0 };
	int status;
	sqlite3 *db;
	(void)state;
	struct store *store = store_open(folder, &store_no_limits);
	put_contacts(store, 100, START_US - DAY, SECOND);
	put_contacts(store, 100, START_US, SECOND);
	wait_written(store);
	store_close(store);
	day_path(folder, DAYS_EVIDENCE, day_of(START_US - DAY), path, sizeof(path));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE evidence SET data=x'09'", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	struct store_reader *reader = store_reader_open(folder, error, &status);
	evidence.to = &read;
	assert_int_equal(store_read_evidence(reader, &evidence, error), -EIO);
	assert_non_null(strstr(error, "incomplete"));
	assert_int_equal(read.count, 100);
	store_reader_close(reader);
}

static long count_days(void)
{
	int64_t *days = NULL;
	long count = days_list(folder, DAYS_EVIDENCE, &days);
	free(days);
	return count;
}

static void old_days_go_and_so_does_what_is_too_much(void **state)
{
	struct store_limits limits = store_no_limits;
	(void)state;
	limits.evidence_s = 3 * 86400;
	struct store *store = store_open(folder, &limits);
	for (int day = 0; day < 6; day++)
		put_contacts(store, 10, START_US + day * DAY, SECOND);
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = START_US + 5 * DAY + 3600 * SECOND;
	store_put(store, RECORD_self, &self);
	wait_written(store);
	for (int i = 0; i < 1000 && count_days() > 4; i++)
		pause_ms(10);
	assert_int_equal(count_days(), 4);
	limits.evidence_bytes = 1;
	store_limit(store, &limits);
	for (int i = 0; i < 2000 && count_days() > 1; i++)
		pause_ms(10);
	assert_int_equal(count_days(), 1);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_reads_back_the_same),
		cmocka_unit_test(a_contact_takes_few_bytes),
		cmocka_unit_test(a_block_that_is_cut_or_changed_harms_nothing),
		cmocka_unit_test(
			forged_sources_hide_nobody_who_is_proven_or_comes_again),
		cmocka_unit_test(one_source_does_not_take_the_ration_of_all),
		cmocka_unit_test(a_day_of_attack_takes_less_than_half_of_the_room),
		cmocka_unit_test(a_flood_of_connections_is_counted_in_one_record),
		cmocka_unit_test_setup_teardown(
			evidence_comes_back_in_its_order_over_midnight_and_a_restart,
			new_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_left_out_is_told, new_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(
			a_damaged_block_is_said_and_the_rest_is_read, new_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(
			old_days_go_and_so_does_what_is_too_much, new_folder,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
