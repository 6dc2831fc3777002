/*
 * test_dns_tunnel.c: what tunnels ask and answer is found, what looks like it is not.
 *
 * Most lookups here are by one client who uses a new port, so a new conversation, for
 * each, as resolvers' clients do.
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
#include "protocol/dns_tunnel.h"
#include "talk_check.h"

enum { SECOND_US = 1000000 };

extern const struct protocol protocol_dns;

static struct dns_tunnels *tunnels;
static struct addr client;
static int64_t at_us;
static unsigned seed;
static char said[DNS_TUNNEL_TEXT_MAX];
static struct made made;

static int begin(void **state)
{
	(void)state;
	tunnels = dns_tunnels_new(&(struct hash_key){ 0 });
	client = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
	at_us = 1700000000LL * SECOND_US;
	seed = (unsigned)time(NULL);
	said[0] = '\0';
	return 0;
}

static int end(void **state)
{
	(void)state;
	dns_tunnels_free(tunnels);
	return 0;
}

/* Random letters of an alphabet. */
static void fill(char *out, size_t len, const char *alphabet)
{
	for (size_t i = 0; i < len; i++)
		out[i] = alphabet[(size_t)rand_r(&seed) % strlen(alphabet)];
	out[len] = '\0';
}

static const char hex[] = "0123456789abcdef";
static const char base32[] = "abcdefghijklmnopqrstuvwxyz012345";
static const char letters[] = "aaabcddeeeefghiiijklmnnnooopqrrsssttttuvwxyz";

static struct dns_name name_of(const char *text)
{
	struct dns_name name;
	size_t at = 0;
	made.len = 0;
	made_name(&made, text);
	assert_int_equal(dns_name_read(made_bytes_of(&made), &at, &name), DNS_SOUND);
	return name;
}

static bool ask(const char *text, unsigned type)
{
	struct dns_name name = name_of(text);
	struct dns_lookup lookup = { &client, &name, (uint16_t)type, at_us };
	return dns_tunnel_asked(tunnels, &lookup, said);
}

/* The answer is one record of that type. */
static bool answer(const char *text, unsigned asked, unsigned type, const void *data,
		   size_t len)
{
	struct dns_name name = name_of(text);
	struct dns_lookup lookup = { &client, &name, (uint16_t)asked, at_us };
	struct dns_message message;
	struct dns_walk walk = { 0 };
	struct dns_rr rr;
	made_header(&made, 1, MADE_ANSWER, 1, 1);
	made_question(&made, text, asked);
	made_rr(&made, type, 1, data, len);
	assert_int_equal(dns_message_read(made_bytes_of(&made), made.len, &message),
			 DNS_SOUND);
	assert_true(dns_rr_next(&message, &walk, &rr));
	return dns_tunnel_answered(tunnels, &lookup, &message, &rr, said);
}

static bool ask_and_answer_text(const char *name, unsigned type, const char *text)
{
	uint8_t data[256] = { (uint8_t)strlen(text) };
	memcpy(data + 1, text, strlen(text));
	bool found = ask(name, type);
	return answer(name, type, type, data, 1 + strlen(text)) || found;
}

/* ---- tunnels ---- */

static void a_tunnel_in_null_records_is_found_at_once(void **state)
{
	(void)state;
	/* As iodine asks: base32, short while it only polls. */
	char name[128], data[64];
	unsigned asked = 0;
	for (bool found = false; !found; asked++) {
		assert_true(asked < 10);
		fill(data, 50, base32);
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		found = ask(name, DNS_NULL);
	}
	assert_in_range(asked, 8, 10);
	assert_string_equal(said,
			    "8 new names under example.com with 50 octets each in "
			    "long labels, last of type NULL");
}

static void a_private_type_is_as_odd(void **state)
{
	(void)state;
	char name[128], data[64];
	bool found = false;
	for (unsigned i = 0; i < 10; i++) {
		fill(data, 50, base32);
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		found |= ask(name, 65399);
	}
	assert_true(found);
}

/* As iodine asks where octets come through as they are. */
static void names_of_octets_that_no_host_has_are_as_odd(void **state)
{
	(void)state;
	char name[128], data[64];
	bool found = false;
	for (unsigned i = 0; i < 10; i++) {
		fill(data, 50, "abcdefgh\xe9\xea\xeb\xf0\xf1\xf2+");
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		found |= ask(name, DNS_A);
	}
	assert_true(found);
}

/* dnscat2 asks for TXT, CNAME and MX by turns, 18 hexadecimal digits when idle. */
static bool dnscat2_polls(unsigned count, unsigned every_s, const char *format)
{
	static const unsigned types[] = { DNS_TXT, DNS_CNAME, DNS_MX };
	char name[128], data[64], back[64];
	bool found = false;
	for (unsigned i = 0; i < count; i++) {
		unsigned type = types[i % 3];
		fill(data, 18, hex);
		fill(back, 18, hex);
		snprintf(name, sizeof(name), format, data);
		if (type == DNS_TXT) {
			found |= ask_and_answer_text(name, type, back);
		} else {
			uint8_t target[32] = { 0, 10, 18 };
			memcpy(target + 3, back, 18);
			target[21] = 0xc0;
			target[22] = 0x0c + 19;
			size_t from = type == DNS_MX ? 0 : 2;
			found |= ask(name, type);
			found |= answer(name, type, type, target + from, 23 - from);
		}
		at_us += every_s * SECOND_US;
	}
	return found;
}

static void a_slow_tunnel_is_found(void **state)
{
	(void)state;
	assert_true(dnscat2_polls(60, 1, "%s.c2.example.net"));
	client = addr_v4((const uint8_t[]){ 192, 0, 2, 2 });
	assert_true(dnscat2_polls(40, 5, "%s.c2.example.net"));
	client = addr_v4((const uint8_t[]){ 192, 0, 2, 3 });
	assert_true(dnscat2_polls(60, 1, "%s.c2.example.co.uk"));
}

static void very_long_names_need_not_be_many(void **state)
{
	(void)state;
	char name[200], data[64], back[64];
	bool found = false;
	for (unsigned i = 0; i < 10; i++) {
		fill(data, 60, base32);
		fill(back, 50, base32);
		snprintf(name, sizeof(name), "%s.%s.t.example.com", data, data + 20);
		found |= ask_and_answer_text(name, DNS_TXT, back);
		at_us += SECOND_US;
	}
	assert_true(found);
}

static void a_tunnel_that_has_no_domain_is_found(void **state)
{
	(void)state;
	assert_true(dnscat2_polls(60, 1, "dnscat.%s"));
}

/* Addresses are asked for, names with data are answered. */
static void a_tunnel_in_aliases_is_found(void **state)
{
	(void)state;
	char name[128], data[64], back[64];
	bool found = false;
	for (unsigned i = 0; i < 60; i++) {
		fill(data, 40, base32);
		fill(back, 40, base32);
		uint8_t target[64] = { 40 };
		memcpy(target + 1, back, 40);
		target[41] = 0xc0;
		target[42] = 0x0c + 41;
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		found |= ask(name, DNS_A);
		found |= answer(name, DNS_A, DNS_CNAME, target, 43);
		at_us += SECOND_US;
	}
	assert_true(found);
}

static void data_that_only_goes_out_is_found(void **state)
{
	(void)state;
	char name[256], data[2][64];
	bool found = false;
	for (unsigned i = 0; i < 240 && !found; i++) {
		fill(data[0], 62, hex);
		fill(data[1], 30, hex);
		snprintf(name, sizeof(name), "%s.%s.x.example.com", data[0], data[1]);
		found = ask(name, DNS_A);
		at_us += SECOND_US / 2;
	}
	assert_true(found);
}

static void it_is_told_once_in_a_window(void **state)
{
	(void)state;
	unsigned told = 0;
	char name[128], data[64];
	for (unsigned i = 0; i < 1000; i++) {
		fill(data, 50, base32);
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		told += ask(name, DNS_NULL);
		at_us += SECOND_US / 2;
	}
	/* Of 500 s, in windows of 120. */
	assert_int_equal(told, 5);
}

static void a_busy_resolver_does_not_hide_a_tunnel(void **state)
{
	(void)state;
	char name[128], data[64];
	bool found = false;
	for (unsigned i = 0; i < 40000 && !found; i++) {
		client = addr_v4(
			(const uint8_t[]){ 10, 0, (uint8_t)(i >> 8), (uint8_t)i });
		fill(data, 14, letters);
		snprintf(name, sizeof(name), "%s.cdn%u.example", data, i % 50);
		assert_false(ask(name, DNS_A));
		if (i % 2000 > 1)
			continue;
		client = addr_v4((const uint8_t[]){ 192, 0, 2, 1 });
		fill(data, 50, base32);
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		found = ask(name, DNS_NULL);
		at_us += SECOND_US / 4;
	}
	assert_true(found);
}

/* ---- what is none ---- */

static void reverse_lookups_are_none(void **state)
{
	(void)state;
	char name[128];
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "host-%08x-name.%u.in-addr.arpa",
			 (unsigned)rand_r(&seed), i % 256);
		assert_false(ask_and_answer_text(name, DNS_TXT, name));
		at_us += SECOND_US / 100;
	}
}

static void block_lists_are_none(void **state)
{
	(void)state;
	char name[160], nibbles[64];
	for (unsigned i = 0; i < 2000; i++) {
		unsigned ip = (unsigned)rand_r(&seed);
		snprintf(name, sizeof(name), "%u.%u.%u.%u.bl.example.org", ip & 255,
			 ip >> 8 & 255, ip >> 16 & 255, ip >> 24);
		assert_false(ask_and_answer_text(name, DNS_TXT, name));
		size_t len = 0;
		for (unsigned k = 0; k < 32; k++) {
			nibbles[len++] = hex[(unsigned)rand_r(&seed) % 16];
			nibbles[len++] = '.';
		}
		nibbles[len - 1] = '\0';
		snprintf(name, sizeof(name), "%s.bl.example.org", nibbles);
		assert_false(ask_and_answer_text(name, DNS_TXT, name));
		at_us += SECOND_US / 100;
	}
}

static void keys_for_mail_are_none(void **state)
{
	(void)state;
	char name[128], key[101], tenant[32];
	for (unsigned i = 0; i < 500; i++) {
		fill(tenant, 12, letters);
		fill(key, 100, base32);
		snprintf(name, sizeof(name),
			 "selector1-%s-com._domainkey.%s.provider.example", tenant,
			 tenant);
		assert_false(ask_and_answer_text(name, DNS_TXT, key));
		at_us += SECOND_US / 10;
	}
}

static void scanners_that_ask_about_hashes_are_none(void **state)
{
	(void)state;
	char name[160], hash[64];
	for (unsigned i = 0; i < 1000; i++) {
		/* A service nobody could know, which answers as these do. */
		fill(hash, 32, hex);
		snprintf(name, sizeof(name), "%s.hash.scanner.example", hash);
		assert_false(ask(name, DNS_A));
		assert_false(answer(name, DNS_A, DNS_A,
				    (uint8_t[]){ 127, 0, 0, (uint8_t)(i % 3) }, 4));
		/* One that is known, which answers at length. */
		fill(hash, 60, base32);
		snprintf(name, sizeof(name), "%s.%s.i.01.s.sophosxl.net", hash, hash);
		assert_false(ask_and_answer_text(name, DNS_TXT, hash));
		at_us += SECOND_US / 2;
	}
}

static void texts_that_are_few_are_none(void **state)
{
	(void)state;
	static const char *const verdicts[] = { "clean", "unknown", "bad" };
	char name[160], hash[64];
	for (unsigned i = 0; i < 1000; i++) {
		fill(hash, 32, hex);
		snprintf(name, sizeof(name), "%s.hash.scanner.example", hash);
		assert_false(ask_and_answer_text(name, DNS_TXT, verdicts[i % 3]));
		at_us += SECOND_US / 2;
	}
}

/* A mail server asks each sender's domain for its policy. */
static void domains_of_a_country_are_none(void **state)
{
	(void)state;
	char name[160], word[32], policy[64];
	for (unsigned i = 0; i < 1000; i++) {
		fill(word, 20, letters);
		snprintf(name, sizeof(name), "%s.co.uk", word);
		snprintf(policy, sizeof(policy), "v=spf1 include:%s -all", word);
		assert_false(ask_and_answer_text(name, DNS_TXT, policy));
		at_us += SECOND_US / 10;
	}
}

static void content_networks_are_none(void **state)
{
	(void)state;
	static const uint8_t alias[] = { 6, 's', 'e', 'r', 'v', 'e', 'r', 0xc0, 0x0c };
	char name[160], id[32];
	for (unsigned i = 0; i < 3000; i++) {
		fill(id, 14, base32);
		snprintf(name, sizeof(name), "r%u---sn-%s.video.example.com", i % 20,
			 id);
		assert_false(ask(name, i % 2 == 0 ? DNS_A : DNS_AAAA));
		assert_false(answer(name, DNS_A, i % 2 == 0 ? DNS_A : DNS_CNAME,
				    i % 2 == 0 ? id : (const char *)alias,
				    i % 2 == 0 ? 4 : sizeof(alias)));
		at_us += SECOND_US / 10;
	}
}

/* Names of hashes on one page: many, once. */
static void a_page_of_hashes_is_none(void **state)
{
	(void)state;
	char name[160], id[64];
	for (unsigned page = 0; page < 3; page++) {
		for (unsigned i = 0; i < 60; i++) {
			fill(id, 59, base32);
			snprintf(name, sizeof(name), "%s.ipfs.gateway.example", id);
			assert_false(ask(name, DNS_A));
			assert_false(ask(name, DNS_AAAA));
		}
		at_us += 300LL * SECOND_US;
	}
}

static void random_names_that_nobody_has_are_none(void **state)
{
	(void)state;
	/* A flood on a victim's server by names that no cache has: not data. */
	char name[160], id[32];
	for (unsigned i = 0; i < 5000; i++) {
		fill(id, 16, base32);
		snprintf(name, sizeof(name), "%s.victim.example", id);
		assert_false(ask(name, DNS_A));
		at_us += SECOND_US / 1000;
	}
}

static void long_names_of_words_are_none(void **state)
{
	(void)state;
	char name[200], word[4][20];
	for (unsigned i = 0; i < 3000; i++) {
		for (unsigned k = 0; k < 4; k++)
			fill(word[k], 14, letters);
		snprintf(name, sizeof(name), "%s-%s.%s.svc.%s.corp.example", word[0],
			 word[1], word[2], word[3]);
		assert_false(ask(name, i % 2 == 0 ? DNS_A : DNS_AAAA));
		at_us += SECOND_US / 20;
	}
}

static void the_same_names_again_are_none(void **state)
{
	(void)state;
	char name[160];
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "0a1b2c3d4e5f6071829304%02u.app.example",
			 i % 20);
		assert_false(ask_and_answer_text(name, DNS_TXT, name));
		at_us += SECOND_US / 100;
	}
}

static void services_found_by_name_are_none(void **state)
{
	(void)state;
	char name[160], site[32];
	for (unsigned i = 0; i < 500; i++) {
		fill(site, 14, base32);
		snprintf(name, sizeof(name),
			 "_ldap._tcp.%s._sites.dc._msdcs.corp.example", site);
		assert_false(ask_and_answer_text(name, DNS_SRV, site));
		at_us += SECOND_US / 10;
	}
}

/* ---- from conversations ---- */

static void conversations_of_one_client_add_up(void **state)
{
	(void)state;
	struct talk_check *check = talk_check_new(&protocol_dns, IPPROTO_UDP, 53);
	char name[128], data[64];
	size_t found_at = 0;
	for (size_t i = 1; i <= 20 && found_at == 0; i++) {
		fill(data, 60, base32);
		snprintf(name, sizeof(name), "%s.t.example.com", data);
		made_query(&made, (unsigned)i, name, DNS_NULL);
		talk_say(check, CLIENT, made.at, made.len);
		made_header(&made, (unsigned)i, MADE_ANSWER, 1, 1);
		made_question(&made, name, DNS_NULL);
		made_rr(&made, DNS_NULL, 0, data, 30);
		talk_say(check, SERVER, made.at, made.len);
		if (talk_check_noticed(check, "dns"))
			found_at = i;
		/* The next one is another conversation. */
		talk_finish(check);
		check->port[CLIENT]++;
		talk_begin(&check->talk, &protocol_dns);
	}
	/* Two names in a few are taken for one now and then. */
	assert_in_range(found_at, 8, 10);
	assert_int_equal(check->notices, 1);
	assert_string_equal(check->notice[0]->kind, "tunnel");
	assert_string_equal(check->notice[0]->severity, "high");
	talk_check_free(check);
}

static void names_of_every_shape_do_no_harm(void **state)
{
	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned i = 0; i < 50000; i++) {
		struct dns_name name = { .len = 0 };
		size_t most = 1 + (size_t)rand_r(&seed) % (DNS_NAME_MAX - 1);
		while (name.len + 2u < most) {
			size_t len = 1 + (size_t)rand_r(&seed) % 63;
			if (name.len + 1 + len + 1 > most)
				len = most - name.len - 2;
			if (len == 0)
				break;
			name.at[name.len++] = (uint8_t)len;
			for (size_t k = 0; k < len; k++)
				name.at[name.len++] = (uint8_t)rand_r(&seed);
		}
		name.at[name.len++] = 0;
		struct dns_lookup lookup = { &client, &name, (uint16_t)rand_r(&seed),
					     at_us };
		dns_tunnel_asked(tunnels, &lookup, said);
		at_us += rand_r(&seed) % SECOND_US;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_tunnel_in_null_records_is_found_at_once),
		TEST(a_private_type_is_as_odd),
		TEST(names_of_octets_that_no_host_has_are_as_odd),
		TEST(a_slow_tunnel_is_found),
		TEST(very_long_names_need_not_be_many),
		TEST(a_tunnel_that_has_no_domain_is_found),
		TEST(a_tunnel_in_aliases_is_found),
		TEST(data_that_only_goes_out_is_found),
		TEST(it_is_told_once_in_a_window),
		TEST(a_busy_resolver_does_not_hide_a_tunnel),
		TEST(reverse_lookups_are_none),
		TEST(block_lists_are_none),
		TEST(keys_for_mail_are_none),
		TEST(scanners_that_ask_about_hashes_are_none),
		TEST(texts_that_are_few_are_none),
		TEST(domains_of_a_country_are_none),
		TEST(content_networks_are_none),
		TEST(a_page_of_hashes_is_none),
		TEST(random_names_that_nobody_has_are_none),
		TEST(long_names_of_words_are_none),
		TEST(the_same_names_again_are_none),
		TEST(services_found_by_name_are_none),
		TEST(conversations_of_one_client_add_up),
		TEST(names_of_every_shape_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
