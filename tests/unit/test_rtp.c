/*
 * test_rtp.c: media is known for what it is, and how well it arrives.
 */
#include "dialogue_check.h"

#include "protocol/rtp.h"

extern const struct protocol protocol_rtp;

enum { PCMU = 0, G729 = 18, OPUS = 111, VOICE = 160, MS_US = 1000, HEADER = 12 };

/* A packet with that much of payload, of noise; good until the next but 8. */
static struct line packet(unsigned by, uint8_t type, uint16_t sequence,
			  uint32_t timestamp, uint32_t source, size_t payload)
{
	static char pool[8][1500];
	static unsigned next;
	char *at = pool[next++ % 8];
	uint32_t state = sequence + 1;
	at[0] = (char)0x80;
	at[1] = (char)type;
	for (int i = 0; i < 2; i++)
		at[2 + i] = (char)(sequence >> (8 - 8 * i));
	for (int i = 0; i < 4; i++) {
		at[4 + i] = (char)(timestamp >> (24 - 8 * i));
		at[8 + i] = (char)(source >> (24 - 8 * i));
	}
	for (size_t i = 0; i < payload; i++) {
		state = state * 1664525 + 1013904223;
		at[HEADER + i] = (char)(state >> 24);
	}
	return (struct line){ by, at, HEADER + payload };
}

static const char *opening(uint16_t port, const struct line *lines, size_t count,
			   unsigned sides)
{
	return dialogue_is(IPPROTO_UDP, port, lines, count, sides);
}

static void voice_of_telephones_is_known_from_one_side(void **state)
{
	(void)state;
	const struct {
		uint8_t type;
		size_t len;
		bool fits;
	} cases[] = {
		{ PCMU, 160, true },  { PCMU, 240, true },  { 8, 80, true },
		{ 9, 320, true },     { PCMU, 161, false }, { PCMU, 120, false },
		{ 3, 160, false },    { G729, 20, false },  { OPUS, 160, false },
		{ PCMU, 560, false }, { PCMU, 400, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct line one = packet(CLIENT, cases[i].type, 7, 1000,
					       0x12345678, cases[i].len);
		const char *is = opening(30000, &one, 1, BOTH_SIDES);
		if (cases[i].fits)
			assert_string_equal(is, "rtp");
		else
			assert_null(is);
	}
}

static void other_media_are_known_when_both_sides_speak_alike(void **state)
{
	(void)state;
	const struct line lines[] = { packet(CLIENT, OPUS, 7, 1000, 0x12345678, 73),
				      packet(SERVER, OPUS, 900, 5, 0x87654321, 61) };
	const struct line echo[] = { lines[0],
				     { SERVER, lines[0].text, lines[0].len } };
	const struct line unlike[] = { lines[0],
				       packet(SERVER, 96, 9, 5, 0x87654321, 61) };
	assert_string_equal(opening(30000, lines, 2, BOTH_SIDES), "rtp");
	assert_null(opening(30000, lines, 2, CLIENT_SIDE));
	assert_null(opening(30000, echo, 2, BOTH_SIDES));
	assert_null(opening(30000, unlike, 2, BOTH_SIDES));
	/* RTP has even ports. */
	assert_null(opening(30001, lines, 2, BOTH_SIDES));
	assert_null(opening(500, lines, 2, BOTH_SIDES));
	assert_int_equal(verdict_of(&protocol_rtp, IPPROTO_UDP,
				    bytes_of(lines[0].text, lines[0].len),
				    (struct bytes){ 0 }),
			 VERDICT_MORE);
}

/* A sender's report of no blocks, and its name "a@b" (6.4.1, 6.5). */
#define REPORT                                                                         \
	"\x80\xc8\0\x06"                                                               \
	"\x12\x34\x56\x78"                                                             \
	"01234567"                                                                     \
	"\0\0\0\x01"                                                                   \
	"\0\0\0\x02"                                                                   \
	"\0\0\0\x03"
#define NAME(source)                                                                   \
	"\x81\xca\0\x03" source "\x01\x03"                                             \
	"a@b"                                                                          \
	"\0\0\0"

static void reports_are_known_as_a_compound(void **state)
{
	(void)state;
	struct addr addr[2] = { addr_unset(), addr_unset() };
	struct opening odd = { .transport = IPPROTO_UDP,
			       .port = { 40001, 30001 },
			       .addr = addr };
	static const char whole[] = REPORT NAME("\x12\x34\x56\x78"),
			  other[] = REPORT NAME("\x12\x34\x56\x79"), alone[] = REPORT;
	odd.said[CLIENT] = bytes_of(whole, sizeof(whole) - 1);
	assert_int_equal(protocol_rtp.recognise(&odd), VERDICT_YES);
	odd.said[CLIENT] = bytes_of(other, sizeof(other) - 1);
	assert_int_equal(protocol_rtp.recognise(&odd), VERDICT_NO);
	odd.said[CLIENT] = bytes_of(alone, sizeof(alone) - 1);
	assert_int_equal(protocol_rtp.recognise(&odd), VERDICT_NO);
	for (size_t len = 1; len < sizeof(whole) - 1; len++) {
		odd.said[CLIENT] = bytes_of(whole, len);
		assert_int_equal(protocol_rtp.recognise(&odd), VERDICT_NO);
	}
}

static void noise_is_never_media(void **state)
{
	(void)state;
	enum { TRIES = 300000 };
	uint8_t noise[2][HEADER + 200];
	dialogue_claims_no_other(&protocol_rtp);
	srandom(11);
	for (int i = 0; i < TRIES; i++) {
		size_t len[2];
		for (unsigned by = 0; by < 2; by++) {
			len[by] = HEADER + 1 + (size_t)random() % 199;
			for (size_t k = 0; k < HEADER; k++)
				noise[by][k] = (uint8_t)(random() >> 8);
		}
		assert_int_not_equal(verdict_of(&protocol_rtp, IPPROTO_UDP,
						bytes_of(noise[0], len[0]),
						bytes_of(noise[1], len[1])),
				     VERDICT_YES);
	}
}

/* What was said of voice, 20 ms apart. */
static struct talk_check *call(void)
{
	return talk_check_new(&protocol_rtp, IPPROTO_UDP, 30000);
}

static void say_voice(struct talk_check *c, unsigned by, uint16_t sequence,
		      int64_t late_us)
{
	struct line line = packet(by, PCMU, sequence, 160u * sequence, 77 + by, VOICE);
	int64_t at_us = 1700000000000000 + (int64_t)sequence * 20 * MS_US + late_us;
	c->at_us = at_us - 1000; /* a millisecond passes with each */
	talk_say(c, by, line.text, line.len);
}

static void every_packet_that_never_came_is_lost(void **state)
{
	(void)state;
	struct talk_check *c = call();
	for (uint16_t i = 0; i < 100; i++)
		if (i % 10 != 5)
			say_voice(c, CLIENT, i, 0);
	for (uint16_t i = 50; i < 100; i++)
		say_voice(c, SERVER, i, 0);
	assert_int_equal(c->talk.facts.rtp_packets, 140);
	assert_int_equal(c->talk.facts.rtp_lost, 10);
	assert_int_equal(c->talk.facts.jitter_us, 0);
	assert_int_equal(c->talk.facts.cleartext, 1);
	talk_check_free(c);
}

static void frames_of_ten_octets_may_be_encrypted(void **state)
{
	(void)state;
	struct talk_check *c = call();
	struct line line = packet(CLIENT, G729, 1, 160, 5, 30);
	talk_say(c, CLIENT, line.text, line.len);
	assert_int_equal(c->talk.facts.cleartext, UNKNOWN_FLAG);
	line = packet(CLIENT, PCMU, 2, 320, 5, VOICE + 10);
	talk_say(c, CLIENT, line.text, line.len);
	assert_int_equal(c->talk.facts.cleartext, UNKNOWN_FLAG);
	talk_check_free(c);
}

static void what_overtakes_or_wraps_is_not_lost(void **state)
{
	(void)state;
	struct talk_check *c = call();
	for (uint32_t i = 65400; i < 65700; i += 2) {
		say_voice(c, CLIENT, (uint16_t)(i + 1), 0);
		say_voice(c, CLIENT, (uint16_t)i, 0);
	}
	assert_int_equal(c->talk.facts.rtp_packets, 300);
	assert_int_equal(c->talk.facts.rtp_lost, 0);
	/* Twice is not more than once. */
	say_voice(c, CLIENT, 10, 0);
	say_voice(c, CLIENT, 10, 0);
	assert_int_equal(c->talk.facts.rtp_lost, 0);
	talk_check_free(c);
}

static void a_jump_is_no_loss_but_a_new_begin(void **state)
{
	(void)state;
	struct talk_check *c = call();
	for (uint16_t i = 0; i < 20; i++)
		if (i != 7)
			say_voice(c, CLIENT, i, 0);
	for (uint16_t i = 30000; i < 30020; i++)
		if (i != 30010)
			say_voice(c, CLIENT, i, 0);
	assert_int_equal(c->talk.facts.rtp_lost, 2);
	talk_check_free(c);
}

static void jitter_is_as_the_rfc_has_it(void **state)
{
	(void)state;
	struct talk_check *c = call();
	double jitter = 0;
	for (uint16_t i = 0; i < 200; i++) {
		/* By turns on time and 4 ms late: each differs by 4 ms from the last.
		 */
		say_voice(c, CLIENT, i, i % 2 != 0 ? 4 * MS_US : 0);
		if (i > 0)
			jitter += (4000 - jitter) / 16;
		say_voice(c, SERVER, i, 0);
	}
	assert_true((double)c->talk.facts.jitter_us > jitter - 2);
	assert_true((double)c->talk.facts.jitter_us < jitter + 2);
	talk_check_free(c);
}

/* Opus, whose clock nobody tells: it is found after two seconds. */
static void a_clock_shows_after_a_while(void **state)
{
	(void)state;
	struct talk_check *c = call();
	for (uint32_t i = 0; i < 400; i++) {
		struct line line = packet(CLIENT, OPUS, (uint16_t)i, i * 960, 5, 60);
		c->at_us = 1700000000000000 + i * 20 * MS_US + (i % 2 != 0 ? 1000 : 0);
		talk_say(c, CLIENT, line.text, line.len);
		if (i == 90)
			assert_true(c->talk.facts.jitter_us == UNKNOWN_U64);
	}
	assert_true(c->talk.facts.jitter_us > 990 && c->talk.facts.jitter_us < 1010);
	assert_int_equal(c->talk.facts.cleartext, UNKNOWN_FLAG);
	talk_check_free(c);
}

static void what_else_passes_is_not_counted(void **state)
{
	(void)state;
	struct talk_check *c = call();
	talk_say(c, CLIENT, REPORT, sizeof(REPORT) - 1);
	for (uint16_t i = 0; i < 10; i++) {
		struct line other =
			packet(CLIENT, PCMU, (uint16_t)(i * 500), 0, 99, VOICE);
		say_voice(c, CLIENT, i, 0);
		talk_say(c, CLIENT, REPORT, sizeof(REPORT) - 1);
		talk_say(c, CLIENT, other.text, other.len);
		for (int k = 0; k < 30; k++)
			talk_say_text(c, CLIENT, "\r\n\r\n");
	}
	assert_int_equal(c->talk.facts.rtp_packets, 10);
	assert_int_equal(c->talk.facts.rtp_lost, 0);
	assert_false(c->talk.done);
	for (int i = 0; i < 250; i++)
		talk_say_text(c, CLIENT, "this is no media");
	assert_true(c->talk.done);
	talk_check_free(c);
}

static void a_sender_that_follows_another_is_counted_on(void **state)
{
	(void)state;
	struct talk_check *c = call();
	for (uint16_t i = 0; i < 10; i++)
		if (i != 5)
			say_voice(c, CLIENT, i, 0);
	c->at_us += 10000 * MS_US;
	for (uint16_t i = 0; i < 10; i++) {
		struct line line =
			packet(CLIENT, PCMU, (uint16_t)(4000 + i), 160u * i, 99, VOICE);
		talk_say(c, CLIENT, line.text, line.len);
	}
	assert_int_equal(c->talk.facts.rtp_packets, 19);
	assert_int_equal(c->talk.facts.rtp_lost, 1);
	talk_check_free(c);
}

static void hostile_bytes_do_no_harm(void **state)
{
	(void)state;
	const struct line lines[] = { packet(CLIENT, PCMU, 1, 160, 5, VOICE),
				      packet(SERVER, OPUS, 1, 160, 6, 33),
				      SAYS(CLIENT, "\x9f\x60\0\x01"
						   "01234567"
						   "\xff\xff\xff\xff"),
				      SAYS(SERVER, REPORT NAME("\x12\x34\x56\x78")) };
	dialogue_noise(&protocol_rtp, IPPROTO_UDP);
	dialogue_spoilt(&protocol_rtp, IPPROTO_UDP, lines, 4, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voice_of_telephones_is_known_from_one_side),
		cmocka_unit_test(other_media_are_known_when_both_sides_speak_alike),
		cmocka_unit_test(reports_are_known_as_a_compound),
		cmocka_unit_test(noise_is_never_media),
		cmocka_unit_test(every_packet_that_never_came_is_lost),
		cmocka_unit_test(frames_of_ten_octets_may_be_encrypted),
		cmocka_unit_test(what_overtakes_or_wraps_is_not_lost),
		cmocka_unit_test(a_jump_is_no_loss_but_a_new_begin),
		cmocka_unit_test(jitter_is_as_the_rfc_has_it),
		cmocka_unit_test(a_clock_shows_after_a_while),
		cmocka_unit_test(what_else_passes_is_not_counted),
		cmocka_unit_test(a_sender_that_follows_another_is_counted_on),
		cmocka_unit_test(hostile_bytes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
