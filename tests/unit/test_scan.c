/*
 * test_scan.c: what a scan asks, in which order, and which answers it believes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalog/catalog.h"
#include "scan/order.h"
#include "scan/pace.h"
#include "scan/packet.h"
#include "scan/payload.h"
#include "scan/ports.h"
#include "scan/targets.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct hash_key key = { 1, 2 };
enum { BLOCK = 61440 };

static struct addr at(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

/* ---- order ---- */

static void every_number_comes_exactly_once(void **state)
{
	static const uint64_t sizes[] = { 1,   2,   3,    5,     7,     64,   255,
					  256, 257, 1000, 65535, 65536, 99991 };
	(void)state;
	for (size_t s = 0; s < COUNT(sizes); s++) {
		uint64_t size = sizes[s];
		struct order order = order_of(size, &key);
		uint8_t *seen = calloc(size, 1);
		assert_non_null(seen);
		for (uint64_t i = 0; i < size; i++) {
			uint64_t number = order_at(&order, i);
			assert_true(number < size);
			assert_int_equal(seen[number]++, 0);
		}
		free(seen);
	}
}

/* One host after the other would be flooded: neighbours in the order are far apart. */
static void numbers_are_spread(void **state)
{
	enum { SIZE = 65535, HOST = 256 };
	(void)state;
	struct order order = order_of(SIZE, &key);
	int alike = 0;
	for (uint64_t i = 1; i < SIZE; i++)
		alike += order_at(&order, i) / HOST == order_at(&order, i - 1) / HOST;
	assert_in_range(alike, 128, 512); /* by chance 256 */
}

static void another_key_is_another_order(void **state)
{
	static const struct hash_key other = { 3, 4 };
	(void)state;
	struct order a = order_of(1000, &key), b = order_of(1000, &other);
	int alike = 0;
	for (uint64_t i = 0; i < 1000; i++)
		alike += order_at(&a, i) == order_at(&b, i);
	assert_in_range(alike, 0, 20);
}

/* ---- pace ---- */

static void the_rate_is_exact_and_never_caught_up_in_a_burst(void **state)
{
	(void)state;
	struct pace pace = pace_begin(1000, 5000000);
	uint64_t sent = 0;
	for (int64_t us = 0; us < 1000000; us += 300) {
		int due = pace_due(&pace, 5000000 + us, 64);
		assert_in_range(due, 0, 1);
		sent += (uint64_t)due;
		pace.sent += (uint64_t)due;
	}
	assert_int_equal(sent, 1000);
	assert_in_range(pace_wait_us(&pace, 6000000 - 300), 1, 301);
	/* A minute asleep: a tenth of a second is caught up, not sixty thousand. */
	int burst = pace_due(&pace, 66000000, 100000);
	assert_in_range(burst, 99, 102);
	struct pace unlimited = pace_begin(0, 0);
	assert_int_equal(pace_due(&unlimited, 0, 64), 64);
	assert_int_equal(pace_wait_us(&unlimited, 0), 0);
}

/* ---- targets ---- */

static void assert_hosts(const char *text, uint32_t hosts, const char *first,
			 const char *last)
{
	struct targets targets = { 0 };
	char error[TARGET_ERROR_MAX];
	assert_true(targets_add(&targets, text, error));
	assert_true(targets_finish(&targets, error));
	assert_int_equal(targets.hosts, hosts);
	struct addr wanted = at(first), got = targets_addr(&targets, 0);
	assert_true(addr_equal(&wanted, &got));
	wanted = at(last);
	got = targets_addr(&targets, hosts - 1);
	assert_true(addr_equal(&wanted, &got));
	targets_free(&targets);
}

static void targets_are_what_people_write(void **state)
{
	(void)state;
	assert_hosts("10.0.0.7", 1, "10.0.0.7", "10.0.0.7");
	assert_hosts("10.0.0.7/24", 256, "10.0.0.0", "10.0.0.255");
	assert_hosts("10.0.0.250-10.0.1.5", 12, "10.0.0.250", "10.0.1.5");
	assert_hosts("10.0.0.1-9", 9, "10.0.0.1", "10.0.0.9");
	assert_hosts("fd00::5", 1, "fd00::5", "fd00::5");
	assert_hosts("fd00::/112", 65536, "fd00::", "fd00::ffff");
	assert_hosts("fd00::fe-fd00::102", 5, "fd00::fe", "fd00::102");
	assert_hosts("10.16.0.0/12", 1 << 20, "10.16.0.0", "10.31.255.255");
}

static void wrong_targets_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "10.0.0.0/11", "\"10.0.0.0/11\": more than 1048576 hosts" },
		{ "::/0", "more than 1048576 hosts" },
		{ "fd00::/64", "more than 1048576 hosts" },
		{ "10.0.0.0/33", "not a network" },
		{ "10.0.0.9-10.0.0.1", "ends before it begins" },
		{ "10.0.0.9-1", "ends before it begins" },
		{ "10.0.0.9-256", "not a range" },
		{ "10.0.0.9-", "not a range" },
		{ "fd00::1-9x", "not a range" },
		{ "10.0.0.1-fd00::1", "different networks" },
		{ "fd00::1-fd00:0:0:1::1", "different networks" },
		{ "0.0.0.0-255.255.255.255", "more than" },
		{ "224.0.0.1", "multicast" },
		{ "ff02::1", "multicast" },
		{ "223.255.255.0-224.0.0.9", "multicast" },
		{ "0.0.0.0", "nobody" },
		{ "", "allowed are addresses" },
		{ "10.0.0", NULL }, /* a name or an old form of an address */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct targets targets = { 0 };
		char error[TARGET_ERROR_MAX] = "";
		bool added = targets_add(&targets, wrong[i].text, error);
		if (wrong[i].says != NULL) {
			assert_false(added);
			assert_non_null(strstr(error, wrong[i].says));
		}
		targets_free(&targets);
	}
	struct targets none = { 0 };
	char error[TARGET_ERROR_MAX];
	assert_false(targets_finish(&none, error));
	assert_non_null(strstr(error, "no targets"));
}

static void what_is_written_twice_is_asked_once(void **state)
{
	static const char *const texts[] = { "10.0.0.128/25", "fd00::1",
					     "10.0.0.0/25",   "10.0.0.7",
					     "10.0.1.0-3",    "10.0.0.100-10.0.0.200" };
	(void)state;
	struct targets targets = { 0 };
	char error[TARGET_ERROR_MAX];
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_true(targets_add(&targets, texts[i], error));
	assert_true(targets_finish(&targets, error));
	assert_int_equal(targets.hosts, 256 + 4 + 1);
	for (uint32_t host = 0; host < targets.hosts; host++) {
		struct addr addr = targets_addr(&targets, host);
		uint32_t found = UINT32_MAX;
		assert_true(targets_find(&targets, &addr, &found));
		assert_int_equal(found, host);
	}
	struct addr strangers[] = { at("10.0.1.4"), at("9.255.255.255"), at("fd00::2"),
				    at("fd00::"), at("::ffff:0:1") };
	for (size_t i = 0; i < COUNT(strangers); i++) {
		uint32_t host;
		assert_false(targets_find(&targets, &strangers[i], &host));
	}
	targets_free(&targets);
}

static bool is_outside(const char *text, const struct home *home)
{
	struct targets targets = { 0 };
	char error[TARGET_ERROR_MAX];
	assert_true(targets_add(&targets, text, error));
	assert_true(targets_finish(&targets, error));
	bool outside = targets_outside(&targets, home) != NULL;
	targets_free(&targets);
	return outside;
}

static void home_is_what_is_private_or_configured(void **state)
{
	(void)state;
	struct home home = { 0 };
	struct prefix mine;
	assert_true(prefix_parse("198.51.100.0/24", &mine));
	assert_true(home_add(&home, &mine));
	assert_false(is_outside("127.0.0.1", &home));
	assert_false(is_outside("192.168.0.0/16", &home));
	assert_false(is_outside("fe80::1", &home));
	assert_false(is_outside("198.51.100.0/25", &home));
	assert_true(is_outside("198.51.100.250-198.51.101.1", &home));
	assert_true(is_outside("172.31.255.0-172.32.0.5", &home));
	assert_true(is_outside("8.8.8.8", &home));
	assert_true(is_outside("2001:db8::1", &home));
}

/* ---- ports ---- */

static void ports_are_what_people_write(void **state)
{
	static const struct {
		const char *text;
		uint32_t count;
		uint16_t first, last;
	} right[] = {
		{ "22", 1, 22, 22 },
		{ "80,22,80", 2, 22, 80 },
		{ "1000-2000,1500-2001", 1002, 1000, 2001 },
		{ "-", 65535, 1, 65535 },
		{ "-1023", 1023, 1, 1023 },
		{ "60000-", 5536, 60000, 65535 },
	};
	static struct ports ports;
	char error[TARGET_ERROR_MAX];
	(void)state;
	for (size_t i = 0; i < COUNT(right); i++) {
		assert_true(ports_parse(&ports, right[i].text, error));
		assert_int_equal(ports.count, right[i].count);
		assert_int_equal(ports.at[0], right[i].first);
		assert_int_equal(ports.at[ports.count - 1], right[i].last);
		for (uint32_t p = 0; p < ports.count; p++) {
			uint32_t place;
			assert_true(ports_find(&ports, ports.at[p], &place));
			assert_int_equal(place, p);
		}
	}
	uint32_t place;
	assert_false(ports_find(&ports, 59999, &place));
	assert_false(ports_find(&ports, 0, &place));
}

static void wrong_ports_say_what_is_wrong(void **state)
{
	static const char *const wrong[] = { "",    "0",     "65536",
					     "22,", ",22",   "2-1",
					     "a",   "1-2-3", "22 23",
					     "-0",  "1,,2",  "99999999999999999999",
					     "+1" };
	static struct ports ports;
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		char error[TARGET_ERROR_MAX] = "";
		assert_false(ports_parse(&ports, wrong[i], error));
		assert_non_null(strstr(error, "ports: \""));
	}
}

static void the_usual_ports_are_well_known_or_have_a_name(void **state)
{
	static struct ports ports;
	uint32_t place;
	(void)state;
	struct catalog *catalog = catalog_open("/nonexistent", "/nonexistent");
	assert_non_null(catalog);
	ports_usual(&ports, catalog, IPPROTO_TCP);
	assert_in_range(ports.count, 1023, 1500);
	assert_true(ports_find(&ports, 1023, &place));
	assert_true(ports_find(&ports, 5432, &place));
	assert_false(ports_find(&ports, 49999, &place));
	ports_usual(&ports, catalog, IPPROTO_UDP);
	assert_true(ports_find(&ports, 53, &place));
	assert_false(ports_find(&ports, 22, &place));
	catalog_close(catalog);
}

/* ---- packets ---- */

static uint32_t sum16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static size_t make_syn(uint8_t *out, const char *from, const char *to, uint16_t port,
		       unsigned pass)
{
	struct addr source = at(from), target = at(to);
	struct cookie cookie = cookie_of(&key, BLOCK, &target, port, pass);
	return packet_syn(out, &source, &target, port, &cookie);
}

static void a_syn_is_whole_and_its_checksums_are_right(void **state)
{
	uint8_t p[PACKET_SYN_MAX];
	(void)state;
	assert_int_equal(make_syn(p, "10.0.0.1", "10.0.0.2", 80, 0), 60);
	assert_int_equal(p[0], 0x45);
	assert_int_equal(sum16(p, 20, 0), 0xffff);
	assert_int_equal(sum16(p + 12, 48, IPPROTO_TCP + 40), 0xffff);
	assert_int_equal(p[22] << 8 | p[23], 80);
	assert_int_equal(p[33], 2); /* SYN alone */
	assert_int_equal(make_syn(p, "fd00::1", "fd00::2", 65535, 7), 80);
	assert_int_equal(p[0], 0x60);
	assert_int_equal(sum16(p + 8, 72, IPPROTO_TCP + 40), 0xffff);
}

/* What a host answers to a SYN: ends exchanged, its number plus one acknowledged. */
static size_t answer_to(uint8_t *out, const uint8_t *syn, size_t len, uint8_t flags)
{
	size_t head = len - 40, addr_len = head == 20 ? 4 : 16,
	       addrs = head - 2 * addr_len;
	uint32_t number;
	memcpy(out, syn, len);
	memcpy(out + addrs, syn + addrs + addr_len, addr_len);
	memcpy(out + addrs + addr_len, syn + addrs, addr_len);
	memcpy(out + head, syn + head + 2, 2);
	memcpy(out + head + 2, syn + head, 2);
	memcpy(&number, syn + head + 4, 4);
	number = htonl(ntohl(number) + 1);
	memset(out + head + 4, 0, 4);
	memcpy(out + head + 8, &number, 4);
	out[head + 13] = flags;
	return len;
}

enum { SYN_ACK = 0x12, RST_ACK = 0x14, RST = 4, SYN = 2 };

static struct packet_answer read_answer(const char *from, const char *to, uint16_t port,
					uint8_t flags)
{
	uint8_t syn[PACKET_SYN_MAX], answer[PACKET_SYN_MAX];
	size_t len = make_syn(syn, from, to, port, 3);
	return packet_read(bytes_of(answer, answer_to(answer, syn, len, flags)));
}

static void answers_to_our_syn_are_believed(void **state)
{
	static const char *const ends[2][2] = { { "10.0.0.1", "10.0.0.2" },
						{ "fd00::1", "fd00::2" } };
	(void)state;
	for (int family = 0; family < 2; family++) {
		const char *from = ends[family][0], *to = ends[family][1];
		struct addr probed = at(to);
		struct packet_answer open = read_answer(from, to, 443, SYN_ACK);
		assert_int_equal(open.says, SAYS_SYN_ACK);
		assert_true(packet_is_ours(&open, &key, BLOCK));
		assert_int_equal(open.port, 443);
		assert_true(addr_equal(&open.probed, &probed));
		assert_int_equal(cookie_pass(open.cookie.source_port), 3);
		assert_int_equal(open.ttl, 64);
		struct packet_answer closed = read_answer(from, to, 444, RST_ACK);
		assert_int_equal(closed.says, SAYS_RESET);
		assert_true(packet_is_ours(&closed, &key, BLOCK));
		assert_int_equal(read_answer(from, to, 1, RST).says, SAYS_NOTHING);
		assert_int_equal(read_answer(from, to, 1, SYN).says, SAYS_NOTHING);
	}
}

/* Each field that a forger would have to guess. */
static void what_is_forged_is_not_believed(void **state)
{
	static const struct hash_key other = { 9, 9 };
	(void)state;
	struct packet_answer right = read_answer("10.0.0.1", "10.0.0.2", 443, SYN_ACK);
	assert_false(packet_is_ours(&right, &other, BLOCK));
	assert_false(packet_is_ours(&right, &key, BLOCK - 256));
	struct packet_answer wrong = right;
	wrong.cookie.sequence++;
	assert_false(packet_is_ours(&wrong, &key, BLOCK));
	wrong = right;
	wrong.cookie.source_port ^= 1;
	assert_false(packet_is_ours(&wrong, &key, BLOCK));
	wrong = right;
	wrong.port = 80;
	assert_false(packet_is_ours(&wrong, &key, BLOCK));
	wrong = right;
	wrong.probed = at("10.0.0.3");
	assert_false(packet_is_ours(&wrong, &key, BLOCK));
}

/* An ICMP error by a router, with the SYN quoted as far as RFC 792 asks. */
static size_t make_error(uint8_t *out, const uint8_t *syn, bool is_v6, uint8_t type,
			 uint8_t code)
{
	size_t head = is_v6 ? 40 : 20, quoted = head + 8;
	memset(out, 0, head + 8);
	out[0] = is_v6 ? 0x60 : 0x45;
	out[is_v6 ? 6 : 9] = is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	out[is_v6 ? 7 : 8] = 250;
	out[head] = type;
	out[head + 1] = code;
	memcpy(out + head + 8, syn, quoted);
	return head + 8 + quoted;
}

static void an_error_that_quotes_our_syn_is_believed(void **state)
{
	uint8_t syn[PACKET_SYN_MAX], error[2 * PACKET_SYN_MAX];
	(void)state;
	make_syn(syn, "10.0.0.1", "10.0.0.2", 99, 1);
	size_t len = make_error(error, syn, false, 3, 13);
	struct packet_answer answer = packet_read(bytes_of(error, len));
	assert_int_equal(answer.says, SAYS_UNREACHABLE);
	assert_string_equal(answer.reason, "admin-prohibited");
	assert_int_equal(answer.port, 99);
	assert_int_equal(answer.ttl, 250);
	assert_true(packet_is_ours(&answer, &key, BLOCK));
	error[20 + 8 + 20 + 4] ^= 1; /* the quoted number */
	answer = packet_read(bytes_of(error, len));
	assert_false(packet_is_ours(&answer, &key, BLOCK));
	make_error(error, syn, false, 11, 0); /* time exceeded says nothing */
	assert_int_equal(packet_read(bytes_of(error, len)).says, SAYS_NOTHING);
	make_syn(syn, "fd00::1", "fd00::2", 99, 1);
	len = make_error(error, syn, true, 1, 4);
	answer = packet_read(bytes_of(error, len));
	assert_string_equal(answer.reason, "port-unreach");
	assert_true(packet_is_ours(&answer, &key, BLOCK));
}

static void what_is_cut_says_nothing_or_the_same(void **state)
{
	uint8_t syn[PACKET_SYN_MAX], whole[2 * PACKET_SYN_MAX];
	(void)state;
	size_t len = make_syn(syn, "10.0.0.1", "10.0.0.2", 443, 0);
	answer_to(whole, syn, len, SYN_ACK);
	for (size_t n = 0; n <= len; n++) {
		struct packet_answer answer = packet_read(bytes_of(whole, n));
		assert_int_equal(answer.says,
				 n < 20 + 14 ? SAYS_NOTHING : SAYS_SYN_ACK);
	}
	len = make_error(whole, syn, false, 3, 3);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(packet_read(bytes_of(whole, n)).says, SAYS_NOTHING);
	assert_int_equal(packet_read(bytes_of(whole, len)).says, SAYS_UNREACHABLE);
}

/* ---- payloads ---- */

static size_t payload_to(const struct catalog *catalog, uint16_t port, uint8_t *out)
{
	struct payload_to to = { .local = at("10.0.0.1"),
				 .remote = at("10.0.0.2"),
				 .local_port = 40000,
				 .port = port };
	return payload_make(out, catalog, &key, &to);
}

static void services_are_asked_in_their_own_words(void **state)
{
	static uint8_t out[PAYLOAD_MAX];
	(void)state;
	struct catalog *catalog = catalog_open("/nonexistent", "/nonexistent");
	assert_non_null(catalog);
	assert_int_equal(payload_to(catalog, 111, out), 40);
	assert_int_equal(payload_to(catalog, 443, out), 1200);
	assert_int_equal(out[0], 0xc0);
	assert_int_equal(out[1199], 0);
	assert_int_equal(payload_to(catalog, 3478, out), 20);
	assert_int_equal(payload_to(catalog, 137, out), 50);
	assert_int_equal(payload_to(catalog, 1194, out), 14);
	assert_int_equal(payload_to(catalog, 9999, out), 0);
	catalog_close(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_comes_exactly_once),
		cmocka_unit_test(numbers_are_spread),
		cmocka_unit_test(another_key_is_another_order),
		cmocka_unit_test(the_rate_is_exact_and_never_caught_up_in_a_burst),
		cmocka_unit_test(targets_are_what_people_write),
		cmocka_unit_test(wrong_targets_say_what_is_wrong),
		cmocka_unit_test(what_is_written_twice_is_asked_once),
		cmocka_unit_test(home_is_what_is_private_or_configured),
		cmocka_unit_test(ports_are_what_people_write),
		cmocka_unit_test(wrong_ports_say_what_is_wrong),
		cmocka_unit_test(the_usual_ports_are_well_known_or_have_a_name),
		cmocka_unit_test(a_syn_is_whole_and_its_checksums_are_right),
		cmocka_unit_test(answers_to_our_syn_are_believed),
		cmocka_unit_test(what_is_forged_is_not_believed),
		cmocka_unit_test(an_error_that_quotes_our_syn_is_believed),
		cmocka_unit_test(what_is_cut_says_nothing_or_the_same),
		cmocka_unit_test(services_are_asked_in_their_own_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
