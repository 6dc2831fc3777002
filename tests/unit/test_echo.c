/*
 * test_echo.c: the packets of ICMP echo, and what a burst of round trips comes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/echo_packet.h"
#include "probe/target.h"
#include "record/record.h"

enum { ECHO_LEN = 8 + ECHO_NONCE };

static const struct echo_packet packet_v4 = { true, 0x1234, 0xfffe, ECHO_NONCE,
					      "0123456789abcde" };
static const struct echo_packet packet_v6 = { false, 0x1234, 7, ECHO_NONCE,
					      "0123456789abcde" };

/* Its answer: the type is another. */
static struct bytes answered(const struct echo_packet *packet, uint8_t *out)
{
	echo_write(packet, out);
	out[0] = packet->is_v4 ? 0 : 129;
	return bytes_of(out, ECHO_LEN);
}

static void an_answer_repeats_what_was_sent(void **state)
{
	(void)state;
	uint8_t made[ECHO_LEN];
	assert_int_equal(echo_answer(&packet_v4, true, answered(&packet_v4, made)),
			 0xfffe);
	assert_int_equal(echo_answer(&packet_v6, true, answered(&packet_v6, made)), 7);
	/* Of a socket whose identifier the kernel chose, it has looked at it. */
	struct echo_packet other = packet_v4;
	other.id++;
	answered(&packet_v4, made);
	assert_int_equal(echo_answer(&other, true, bytes_of(made, ECHO_LEN)), -1);
	assert_int_equal(echo_answer(&other, false, bytes_of(made, ECHO_LEN)), 0xfffe);
}

static void what_was_not_sent_is_no_answer(void **state)
{
	(void)state;
	uint8_t made[ECHO_LEN + 1] = { 0 };
	echo_write(&packet_v4, made); /* a question, as a machine hears its own */
	assert_int_equal(echo_answer(&packet_v4, true, bytes_of(made, ECHO_LEN)), -1);
	answered(&packet_v4, made);
	for (size_t len = 0; len < ECHO_LEN; len++)
		assert_int_equal(echo_answer(&packet_v4, true, bytes_of(made, len)),
				 -1);
	assert_int_equal(echo_answer(&packet_v4, true, bytes_of(made, ECHO_LEN + 1)),
			 -1);
	for (size_t i = 8; i < ECHO_LEN; i++) {
		made[i] ^= 1;
		assert_int_equal(
			echo_answer(&packet_v4, true, bytes_of(made, ECHO_LEN)), -1);
		made[i] ^= 1;
	}
	answered(&packet_v6, made);
	assert_int_equal(echo_answer(&packet_v4, true, bytes_of(made, ECHO_LEN)), -1);
}

/* RFC 1071: with the checksum in it, the sum is all ones. */
static void the_checksum_is_right(void **state)
{
	(void)state;
	uint8_t made[ECHO_LEN];
	for (unsigned id = 0; id < 65536; id += 257) {
		struct echo_packet packet = packet_v4;
		uint32_t sum = 0;
		packet.id = (uint16_t)id;
		echo_write(&packet, made);
		for (size_t i = 0; i < ECHO_LEN; i += 2)
			sum += (uint32_t)made[i] << 8 | made[i + 1];
		assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
	}
}

/* From none to more than there is random, of odd lengths, too. */
static void it_has_as_many_data_as_are_wanted(void **state)
{
	(void)state;
	uint8_t made[8 + 100];
	for (uint16_t len = 0; len <= 100; len++) {
		struct echo_packet packet = packet_v4;
		uint32_t sum = 0;
		packet.data_len = len;
		assert_int_equal(echo_write(&packet, made), 8 + len);
		for (size_t i = 0; i < 8u + len; i++)
			sum += i % 2 == 0 ? (uint32_t)made[i] << 8 : made[i];
		assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
		made[0] = 0;
		assert_int_equal(echo_answer(&packet, true, bytes_of(made, 8u + len)),
				 0xfffe);
		assert_int_equal(echo_answer(&packet, true, bytes_of(made, 7u + len)),
				 -1);
	}
}

static void an_error_quotes_at_least_its_header(void **state)
{
	(void)state;
	uint8_t made[ECHO_LEN];
	echo_write(&packet_v4, made);
	assert_int_equal(echo_quoted(&packet_v4, true, bytes_of(made, 8)), 0xfffe);
	assert_int_equal(echo_quoted(&packet_v4, true, bytes_of(made, 7)), -1);
	assert_int_equal(echo_quoted(&packet_v6, true, bytes_of(made, 8)), -1);
}

static void the_header_of_ipv4_is_as_long_as_it_says(void **state)
{
	(void)state;
	uint8_t packet[64] = { 0x46 };
	packet[24] = 7;
	struct bytes behind = echo_behind_ip(bytes_of(packet, sizeof(packet)));
	assert_int_equal(behind.len, 40);
	assert_int_equal(behind.at[0], 7);
	assert_int_equal(echo_behind_ip(bytes_of(packet, 23)).len, 0);
	assert_int_equal(echo_behind_ip(bytes_of(packet, 0)).len, 0);
	packet[0] = 0x44;
	assert_int_equal(echo_behind_ip(bytes_of(packet, sizeof(packet))).len, 0);
}

static void a_burst_has_loss_and_jitter(void **state)
{
	(void)state;
	static const struct trip trips[] = {
		{ 100, 110 }, { 120, 130 }, { -1, -1 }, { 90, 120 }
	};
	struct burst_sums sums = burst_sum(trips, 4);
	assert_int_equal(sums.lost, 1);
	assert_int_equal(sums.rtt_us, 310 / 3);
	assert_int_equal(sums.wait_us, 120);
	assert_int_equal(sums.jitter_us, (20 + 30) / 2);
	sums = burst_sum(trips, 1);
	assert_true(sums.jitter_us == UNKNOWN_U64);
	sums = burst_sum(trips + 2, 1);
	assert_int_equal(sums.lost, 1);
	assert_true(sums.rtt_us == UNKNOWN_U64);
}

static void assert_target(const char *text, bool is_one)
{
	struct target target;
	char why[TARGET_WHY_MAX];
	if (target_parse(&target, text, why) != is_one)
		fail_msg("%s: %s", text, is_one ? why : "taken");
	if (is_one)
		target_free(&target);
}

static void a_burst_must_fit_into_half_of_the_timeout(void **state)
{
	(void)state;
	assert_target("icmp://192.0.2.1?count=26&interval=100ms", true);
	assert_target("icmp://192.0.2.1?count=27&interval=100ms", false);
	assert_target("icmp://192.0.2.1?count=2&timeout=100ms", false);
	assert_target("icmp://192.0.2.1?count=0", false);
	assert_target("icmp://192.0.2.1?count=101&interval=10", false);
	assert_target("icmp://192.0.2.1?count=-1", false);
	assert_target("icmp://192.0.2.1?interval=9ms", false);
	assert_target("icmp://192.0.2.1?interval=1s", false);
	assert_target("tcp://192.0.2.1:80?count=2", true);
	assert_target("tls://192.0.2.1?count=2", false);
}

static void a_zone_is_an_interface(void **state)
{
	(void)state;
	struct target target;
	char why[TARGET_WHY_MAX];
	assert_true(target_parse(&target, "icmp://[fe80::1%25eth7]", why));
	assert_string_equal(target.question.host, "fe80::1");
	assert_string_equal(target.interface, "eth7");
	target_free(&target);
}

static void where_nobody_logs_in_no_user_is_taken(void **state)
{
	(void)state;
	assert_target("icmp://alice@192.0.2.1", false);
	assert_target("udp://alice@192.0.2.1:9", false);
	assert_target("tcp://alice@192.0.2.1:9", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_repeats_what_was_sent),
		cmocka_unit_test(what_was_not_sent_is_no_answer),
		cmocka_unit_test(the_checksum_is_right),
		cmocka_unit_test(it_has_as_many_data_as_are_wanted),
		cmocka_unit_test(an_error_quotes_at_least_its_header),
		cmocka_unit_test(the_header_of_ipv4_is_as_long_as_it_says),
		cmocka_unit_test(a_burst_has_loss_and_jitter),
		cmocka_unit_test(a_burst_must_fit_into_half_of_the_timeout),
		cmocka_unit_test(a_zone_is_an_interface),
		cmocka_unit_test(where_nobody_logs_in_no_user_is_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
