/*
 * test_dns_message.c: names and records of DNS messages, whole, cut and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dns_made.h"

static struct made made;

/* The name at that offset of the message, as text; its flaw. */
static enum dns_flaw name_at(size_t at, char text[static 256])
{
	struct dns_name name;
	enum dns_flaw flaw = dns_name_read(made_bytes_of(&made), &at, &name);
	text[0] = '\0';
	if (flaw == DNS_SOUND)
		dns_name_text(&name, text, 256);
	return flaw;
}

static void names_are_followed_through_pointers(void **state)
{
	(void)state;
	/* RFC 1035 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA, the root. */
	char text[256];
	memset(made.at, 0, 128);
	memcpy(made.at + 20, "\1F\3ISI\4ARPA", 12);
	memcpy(made.at + 40, "\3FOO\xc0\x14\xc0\x1a", 9);
	made.len = 93;
	struct {
		size_t at;
		const char *text;
		size_t behind;
	} names[] = { { 20, "f.isi.arpa", 32 },
		      { 40, "foo.f.isi.arpa", 46 },
		      { 46, "arpa", 48 },
		      { 92, ".", 93 } };
	for (size_t i = 0; i < 4; i++) {
		struct dns_name name;
		size_t at = names[i].at;
		assert_int_equal(name_at(at, text), DNS_SOUND);
		assert_string_equal(text, names[i].text);
		dns_name_read(made_bytes_of(&made), &at, &name);
		assert_int_equal(at, names[i].behind);
	}
}

static void names_that_mean_the_same_are_the_same_bytes(void **state)
{
	(void)state;
	struct dns_name one, other;
	size_t at = 0;
	made.len = 0;
	made_name(&made, "WwW.ExAmPlE.cOm");
	assert_int_equal(dns_name_read(made_bytes_of(&made), &at, &one), DNS_SOUND);
	made.len = at = 0;
	made_name(&made, "www.example.com");
	assert_int_equal(dns_name_read(made_bytes_of(&made), &at, &other), DNS_SOUND);
	assert_int_equal(one.len, other.len);
	assert_memory_equal(one.at, other.at, one.len);
	assert_true(dns_name_is(&one, "www.example.com"));
	assert_false(dns_name_is(&one, "www.example.co"));
	assert_false(dns_name_is(&one, "www.example.com.au"));
}

/* Capitals are made small eight at a time: each octet at each place of each length. */
static void only_capitals_are_made_small(void **state)
{
	(void)state;
	for (unsigned len = 1; len < 64; len++)
		for (unsigned octet = 0; octet < 256; octet++) {
			struct dns_name name;
			size_t at = 0;
			made.len = 0;
			made_u8(&made, len);
			for (unsigned i = 0; i < len; i++)
				made_u8(&made, octet + i);
			made_u8(&made, 0);
			assert_int_equal(
				dns_name_read(made_bytes_of(&made), &at, &name),
				DNS_SOUND);
			assert_int_equal(name.len, len + 2);
			for (unsigned i = 0; i < len; i++) {
				unsigned c = (octet + i) & 0xff;
				bool is_capital = c >= 'A' && c <= 'Z';
				assert_int_equal(name.at[1 + i],
						 is_capital ? c + 'a' - 'A' : c);
			}
		}
}

static void what_is_not_printable_is_escaped(void **state)
{
	(void)state;
	char text[256];
	made.len = 0;
	made_u8(&made, 6);
	made_bytes(&made, "a.\\\0 \xff", 6);
	made_name(&made, "net");
	assert_int_equal(name_at(0, text), DNS_SOUND);
	assert_string_equal(text, "a\\.\\\\\\000\\032\\255.net");
}

static void a_text_that_does_not_fit_is_cut_between_pieces(void **state)
{
	(void)state;
	struct dns_name name;
	size_t at = 0;
	made.len = 0;
	made_u8(&made, 3);
	made_bytes(&made,
		   "a\xff"
		   "b",
		   3);
	made_u8(&made, 0);
	assert_int_equal(dns_name_read(made_bytes_of(&made), &at, &name), DNS_SOUND);
	char text[16];
	const char *expected[] = { "", "a", "a", "a", "a", "a\\255", "a\\255b" };
	for (size_t size = 1; size <= 7; size++) {
		memset(text, '#', sizeof(text));
		size_t len = dns_name_text(&name, text, size);
		assert_string_equal(text, expected[size - 1]);
		assert_int_equal(len, strlen(text));
		assert_int_equal(text[size], '#');
	}
}

static void pointers_only_lead_back(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\xc0\x0c", 2 },         /* to itself */
		{ "\xc0\x0e\xc0\x0c", 4 }, /* forward, and back again */
		{ "\1a\xc0\x0c", 4 },      /* to its own label: a circle */
		{ "\xc0\x00", 2 },         /* into the header */
		{ "\xff\xff", 2 },         /* far behind the end */
	};
	char text[256];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		made_header(&made, 1, 0, 1, 0);
		made_bytes(&made, bad[i].bytes, bad[i].len);
		assert_int_equal(name_at(DNS_HEADER, text), DNS_POINTER);
	}
	/* Back, from there forward to a name that was passed over. */
	made_header(&made, 1, 0, 1, 0);
	made_bytes(&made, "\xc0\x0e\0\0\xc0\x0c", 6);
	assert_int_equal(name_at(DNS_HEADER + 4, text), DNS_POINTER);
}

static void labels_and_names_have_a_longest(void **state)
{
	(void)state;
	char text[256];
	for (unsigned kind = 0x40; kind <= 0x80; kind += 0x40) {
		made_header(&made, 1, 0, 1, 0);
		made_u8(&made, kind | 1);
		made_name(&made, "a");
		assert_int_equal(name_at(DNS_HEADER, text), DNS_LABEL);
	}
	/* Three labels of 63 and one of 61 are 255 octets with the root; 62 is one
	 * more. */
	for (size_t last = 61; last <= 62; last++) {
		made.len = 0;
		for (size_t i = 0; i < 4; i++) {
			size_t len = i < 3 ? 63 : last;
			made_u8(&made, (unsigned)len);
			memset(made.at + made.len, 'x', len);
			made.len += len;
		}
		made_u8(&made, 0);
		assert_int_equal(name_at(0, text), last == 61 ? DNS_SOUND : DNS_LONG);
	}
}

static void chains_of_pointers_end(void **state)
{
	(void)state;
	char text[256];
	made_header(&made, 1, 0, 1, 0);
	made_u8(&made, 0);
	made_u8(&made, 0);
	/* Each points to the one before: backward, but without end for all purposes. */
	for (size_t i = 0; i < 8000; i++)
		made_u16(&made, 0xc000 | (unsigned)(made.len - 2));
	assert_int_equal(name_at(made.len - 2, text), DNS_POINTER);
	assert_int_equal(name_at(DNS_HEADER + 2 + 100, text), DNS_SOUND);
}

static void make_long_answer(void)
{
	made_header(&made, 7, MADE_ANSWER, 1, 5);
	made_question(&made, "mail.example.com", DNS_A);
	made_rr(&made, DNS_CNAME, 60, "\2mx\xc0\x11", 5);
	made_rr(&made, DNS_A, 300, "\xc0\0\2\1", 4);
	made_rr(&made, DNS_AAAA, 300, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	made_rr(&made, DNS_MX, 300, "\0\xa\1m\xc0\x11", 6);
	made_rr(&made, DNS_TXT, 300, "\6v=spf1", 7);
}

static void records_say_what_is_in_them(void **state)
{
	(void)state;
	static const char *const expected[] = { "mx.example.com", "192.0.2.1",
						"2001:db8::1", "m.example.com",
						"v=spf1" };
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	size_t count = 0;
	make_long_answer();
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	assert_true(dns_is_response(&message));
	assert_int_equal(message.type, DNS_A);
	while (dns_rr_next(&message, &walk, &rr)) {
		char text[64];
		enum dns_flaw flaw;
		size_t len = dns_rr_text(&message, &rr, text, sizeof(text), &flaw);
		assert_int_equal(flaw, DNS_SOUND);
		assert_string_equal(text, expected[count]);
		assert_int_equal(len, strlen(text));
		assert_int_equal(rr.section, DNS_ANSWERS);
		assert_int_equal(rr.ttl, count == 0 ? 60 : 300);
		count++;
	}
	assert_int_equal(count, 5);
	assert_int_equal(walk.flaw, DNS_SOUND);
	assert_int_equal(walk.at, made.len);
}

static void a_long_text_shows_its_begin(void **state)
{
	(void)state;
	uint8_t data[201] = { 200 };
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	char text[128];
	enum dns_flaw flaw;
	memset(data + 1, 'x', 200);
	data[2] = '\n';
	made_header(&made, 7, MADE_ANSWER, 1, 1);
	made_question(&made, "t.example", DNS_TXT);
	made_rr(&made, DNS_TXT, 1, data, sizeof(data));
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	assert_true(dns_rr_next(&message, &walk, &rr));
	assert_int_equal(dns_rr_text(&message, &rr, text, sizeof(text), &flaw), 67);
	assert_int_equal(strncmp(text, "x.xx", 4), 0);
	assert_string_equal(text + 64, "...");
}

static void a_name_beyond_its_record_is_a_flaw(void **state)
{
	(void)state;
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	char text[64];
	enum dns_flaw flaw;
	made_header(&made, 7, MADE_ANSWER, 1, 2);
	made_question(&made, "a.example", DNS_CNAME);
	made_rr(&made, DNS_CNAME, 1, "\1a", 2); /* the next record ends it */
	made_rr(&made, DNS_CNAME, 1, "", 0);
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	for (size_t i = 0; i < 2; i++) {
		assert_true(dns_rr_next(&message, &walk, &rr));
		dns_rr_text(&message, &rr, text, sizeof(text), &flaw);
		assert_int_not_equal(flaw, DNS_SOUND);
		assert_string_equal(text, "");
	}
}

static void every_shorter_message_is_short(void **state)
{
	(void)state;
	make_long_answer();
	for (size_t len = 0; len < made.len; len++) {
		struct dns_message message;
		struct dns_walk walk = { 0 };
		struct dns_rr rr;
		uint8_t *cut = malloc(len > 0 ? len : 1);
		memcpy(cut, made.at, len);
		enum dns_flaw flaw =
			dns_message_read(bytes_of(cut, len), made.len, &message);
		while (flaw == DNS_SOUND && dns_rr_next(&message, &walk, &rr))
			;
		assert_int_equal(flaw != DNS_SOUND ? flaw : walk.flaw, DNS_SHORT);
		free(cut);
	}
}

static void counts_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct dns_message message;
	made_header(&made, 1, MADE_ANSWER, 1, 3);
	made_question(&made, "a", DNS_A);
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_COUNTS);
	/* Cut to fit, a message may say what it would have brought. */
	made.at[2] |= DNS_TC >> 8;
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	made_header(&made, 1, 0, 65, 0);
	for (size_t i = 0; i < 65; i++)
		made_question(&made, "a", DNS_A);
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_COUNTS);
}

static void a_walk_ends_after_many(void **state)
{
	(void)state;
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	size_t count = 0;
	made_header(&made, 1, MADE_ANSWER, 1, 1000);
	made_question(&made, "a", DNS_A);
	for (size_t i = 0; i < 1000; i++)
		made_rr(&made, DNS_A, 1, "\1\2\3\4", 4);
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	while (dns_rr_next(&message, &walk, &rr))
		count++;
	assert_int_equal(count, DNS_RECORDS_MAX);
	assert_int_equal(walk.flaw, DNS_SOUND);
}

static void types_and_outcomes_have_names(void **state)
{
	(void)state;
	assert_string_equal(dns_type_name(DNS_A), "A");
	assert_string_equal(dns_type_name(65), "HTTPS");
	assert_string_equal(dns_type_name(65399), "PRIVATE");
	assert_string_equal(dns_type_name(65535), "OTHER");
	assert_string_equal(dns_type_name(0), "OTHER");
	assert_string_equal(dns_rcode_name(0), "NOERROR");
	assert_string_equal(dns_rcode_name(3), "NXDOMAIN");
	assert_string_equal(dns_rcode_name(16), "BADVERS");
	assert_string_equal(dns_rcode_name(12), "OTHER");
	assert_string_equal(dns_rcode_name(4095), "OTHER");
}

/* The sanitizer watches; whatever is said of it, it ends. */
static void random_changes_do_no_harm(void **state)
{
	(void)state;
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (size_t round = 0; round < 20000; round++) {
		struct dns_message message;
		struct dns_walk walk = { 0 };
		struct dns_rr rr;
		make_long_answer();
		for (size_t i = 0; i < 1 + round % 4; i++)
			made.at[(size_t)rand_r(&seed) % made.len] =
				(uint8_t)rand_r(&seed);
		uint8_t *copy = malloc(made.len);
		memcpy(copy, made.at, made.len);
		enum dns_flaw flaw =
			dns_message_read(bytes_of(copy, made.len), made.len, &message);
		while (flaw == DNS_SOUND && dns_rr_next(&message, &walk, &rr)) {
			char text[40];
			enum dns_flaw inner;
			dns_rr_text(&message, &rr, text, sizeof(text), &inner);
			assert_int_equal(dns_rr_flaw(&message, &rr), inner);
			assert_true(strlen(text) < sizeof(text));
		}
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_followed_through_pointers),
		cmocka_unit_test(names_that_mean_the_same_are_the_same_bytes),
		cmocka_unit_test(only_capitals_are_made_small),
		cmocka_unit_test(what_is_not_printable_is_escaped),
		cmocka_unit_test(a_text_that_does_not_fit_is_cut_between_pieces),
		cmocka_unit_test(pointers_only_lead_back),
		cmocka_unit_test(labels_and_names_have_a_longest),
		cmocka_unit_test(chains_of_pointers_end),
		cmocka_unit_test(records_say_what_is_in_them),
		cmocka_unit_test(a_long_text_shows_its_begin),
		cmocka_unit_test(a_name_beyond_its_record_is_a_flaw),
		cmocka_unit_test(every_shorter_message_is_short),
		cmocka_unit_test(counts_that_cannot_be_are_refused),
		cmocka_unit_test(a_walk_ends_after_many),
		cmocka_unit_test(types_and_outcomes_have_names),
		cmocka_unit_test(random_changes_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
