/*
 * Who is asked whether a conversation is theirs: the table of first octets leaves out
 * nobody who might have said yes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "protocol/header.h"
#include "talk_check.h"

enum { TRIES = 200, WORDS_MAX = 64 };

/* Where first words differ from noise: what follows the first octet of some. */
static const char *const words[] = {
	"",
	"SSH-2.0-x\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HTTP/1.1 400 Bad Request\r\n\r\n",
	"220 mail ESMTP\r\n",
	"+OK ready\r\n",
	"* OK IMAP4rev1\r\n",
	"RFB 003.008\n",
	"INVITE sip:a@b SIP/2.0\r\n\r\n",
	"a1 LOGIN x y\r\n",
	"*1\r\n$4\r\nPING\r\n",
	"\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03",
	"\x03\x01\x13\x0e\xe0\x01\x01\x01\x01\x01\x01\x08\x01\x03",
	"EHLO a\r\n",
	"USER a\r\n",
};

static unsigned seed;

static size_t words_with(uint8_t first, uint8_t out[WORDS_MAX])
{
	const char *word =
		words[(size_t)rand_r(&seed) % (sizeof(words) / sizeof(words[0]))];
	size_t len = strlen(word);
	bool is_noise = rand_r(&seed) % 2 == 0 || len == 0;
	if (is_noise)
		len = 1 + (size_t)rand_r(&seed) % WORDS_MAX;
	if (len > WORDS_MAX)
		len = WORDS_MAX;
	for (size_t i = 0; i < len; i++)
		out[i] = is_noise ? (uint8_t)rand_r(&seed) : (uint8_t)word[i];
	out[0] = first;
	return len;
}

static const struct protocol *asked(candidates *left, const struct protocol *protocol,
				    struct opening *opening)
{
	/* Its own port is where its recogniser is the least strict. */
	opening->port[SERVER] = protocol->ports[(unsigned)rand_r(&seed) % 8];
	*left = candidates_begin(IPPROTO_TCP);
	return candidates_ask(left, opening);
}

/* The one it is by asking all, in the order of candidates_ask(). */
static enum verdict verdict_by_asking(const struct protocol *protocol,
				      const struct opening *opening)
{
	bool over_tcp = false;
	for (size_t i = 0; i < sizeof(protocol->transports); i++)
		over_tcp |= protocol->transports[i] == IPPROTO_TCP;
	if (!over_tcp || protocol->recognise == NULL)
		return VERDICT_NO;
	return protocol->recognise(opening);
}

static void fail_with(const struct protocol *protocol, const struct opening *opening,
		      enum verdict verdict)
{
	struct bytes said = opening->said[opening->first];
	char hex[2 * WORDS_MAX + 1] = "";
	for (size_t i = 0; i < said.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", said.at[i]);
	fail_msg("%s on port %u says %d to side %u's %s, of which the first octet is "
		 "ruled out, or is not",
		 protocol->name, opening->port[SERVER], verdict, opening->first, hex);
}

static void check_octet(unsigned by, uint8_t first)
{
	const struct addr unset[2] = { addr_unset(), addr_unset() };
	uint8_t said[WORDS_MAX];
	size_t count;
	const struct protocol *const *all = protocols(&count);
	struct opening opening = { .first = by,
				   .transport = IPPROTO_TCP,
				   .port = { 40000, 0 },
				   .addr = unset };
	opening.said[by] = bytes_of(said, words_with(first, said));
	for (size_t i = 0; i < count; i++) {
		candidates left;
		const struct protocol *is = asked(&left, all[i], &opening);
		enum verdict verdict = verdict_by_asking(all[i], &opening);
		if (is != NULL && is != all[i])
			continue; /* asked before it, and sure */
		enum verdict expected = is == all[i]           ? VERDICT_YES
					: (left >> i & 1) != 0 ? VERDICT_MORE
							       : VERDICT_NO;
		if (verdict != expected)
			fail_with(all[i], &opening, verdict);
	}
}

static void who_is_not_asked_would_have_said_no(void **state)
{
	(void)state;
	for (unsigned octet = 0; octet < 256; octet++)
		for (int i = 0; i < TRIES; i++) {
			check_octet(CLIENT, (uint8_t)octet);
			check_octet(SERVER, (uint8_t)octet);
		}
}

static void most_are_ruled_out_by_one_octet(void **state)
{
	(void)state;
	const struct addr unset[2] = { addr_unset(), addr_unset() };
	struct opening opening = { .first = CLIENT,
				   .transport = IPPROTO_TCP,
				   .port = { 40000, 1 },
				   .addr = unset };
	opening.said[CLIENT] = bytes_of("\x01", 1);
	candidates all = candidates_begin(IPPROTO_TCP), left = all;
	assert_null(candidates_ask(&left, &opening));
	assert_true(__builtin_popcountll(left) * 2 < __builtin_popcountll(all));
}

/* ISUP's "USER" and "220" are FTP's and SMTP's by turns; the port decides. */
static void the_usual_one_of_a_port_is_asked_first(void **state)
{
	(void)state;
	struct bytes greeting = bytes_of("220 ready\r\n", 11);
	struct bytes none = bytes_of("", 0);
	assert_string_equal(opening_is(IPPROTO_TCP, 25, SERVER, none, greeting),
			    "smtp");
	assert_string_equal(opening_is(IPPROTO_TCP, 21, SERVER, none, greeting), "ftp");
	assert_null(opening_is(IPPROTO_TCP, 4711, SERVER, none, greeting));
}

static void a_token_is_what_the_rfc_says(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		bool is_token = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') ||
				(c != 0 && strchr("!#$%&'*+-.^_`|~", (int)c) != NULL);
		assert_int_equal(header_is_token((uint8_t)c), is_token);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_not_asked_would_have_said_no),
		cmocka_unit_test(most_are_ruled_out_by_one_octet),
		cmocka_unit_test(the_usual_one_of_a_port_is_asked_first),
		cmocka_unit_test(a_token_is_what_the_rfc_says),
	};
	const char *given = getenv("PROTOCOLS_SEED");
	seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
			     : (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
