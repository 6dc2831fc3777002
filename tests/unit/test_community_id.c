/*
 * test_community_id.c: the ids that other tools give the same flows.
 *
 * A few vectors are built in; where the reference implementation's baselines lie
 * beside the project, all of them are asked too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "record/record.h"

struct vector {
	int protocol;
	const char *src, *dst;
	uint32_t sport, dport;
	const char *id;
};

static struct flow_record flow_of(const struct vector *v)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.ip_proto = (uint16_t)v->protocol;
	assert_true(addr_parse(v->src, &flow.client_ip));
	assert_true(addr_parse(v->dst, &flow.server_ip));
	flow.client_port = v->sport;
	flow.server_port = v->dport;
	return flow;
}

static const struct vector vectors[] = {
	{ 6, "128.232.110.120", "66.35.250.204", 34855, 80,
	  "1:LQU9qZlK+B5F3KDmev6m5PMibrg=" },
	{ 17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
	{ 132, "192.168.170.8", "192.168.170.56", 7, 7,
	  "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=" },
	{ 1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
	{ 58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 136,
	  "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
	{ 46, "10.1.12.1", "10.1.12.2", UNKNOWN_U32, UNKNOWN_U32,
	  "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw=" },
	{ 6, "2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a", 63943,
	  25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=" },
};
enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

static void known_flows_have_their_known_ids_in_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct vector back = vectors[i];
		back.src = vectors[i].dst, back.dst = vectors[i].src;
		back.sport = vectors[i].dport, back.dport = vectors[i].sport;
		struct flow_record flow = flow_of(&vectors[i]),
				   reverse = flow_of(&back);
		record_community_id(&flow, 0);
		record_community_id(&reverse, 0);
		assert_string_equal(flow.community_id, vectors[i].id);
		assert_string_equal(reverse.community_id, vectors[i].id);
	}
}

static void icmp_that_nothing_answers_keeps_its_direction(void **state)
{
	(void)state;
	const struct vector unreachable = {
		.protocol = 58,
		.src = "3ffe:501:410:0:2c0:dfff:fe47:33e",
		.dst = "3ffe:507:0:1:200:86ff:fe05:80da",
		.sport = 1,
		.dport = 4,
	};
	struct flow_record flow = flow_of(&unreachable);
	record_community_id(&flow, 0);
	assert_string_equal(flow.community_id, "1:hLZd0XGWojozrvxqE0dWB1iM6R0=");
	flow.client_ip = flow.server_ip;
	assert_true(addr_parse(unreachable.src, &flow.server_ip));
	record_community_id(&flow, 0);
	/* SHA-1 over the larger address first, reckoned elsewhere. */
	assert_string_equal(flow.community_id, "1:YCMzqVMD1PTSPL+Pvmidiv2VXuA=");
}

static void a_seed_gives_other_ids(void **state)
{
	(void)state;
	struct flow_record flow = flow_of(&vectors[0]);
	record_community_id(&flow, 1);
	assert_string_equal(flow.community_id, "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
}

static void the_transport_tells_the_protocol_when_no_number_does(void **state)
{
	(void)state;
	struct flow_record flow = flow_of(&vectors[0]);
	flow.ip_proto = UNKNOWN_U16;
	flow.transport = "tcp";
	record_community_id(&flow, 0);
	assert_string_equal(flow.community_id, vectors[0].id);
}

static void too_little_known_gives_no_id(void **state)
{
	(void)state;
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	record_text(flow.community_id, sizeof(flow.community_id), "old");
	record_community_id(&flow, 0);
	assert_string_equal(flow.community_id, "");
	flow = flow_of(&vectors[0]);
	flow.client_port = UNKNOWN_U32; /* an aggregate of a source */
	record_community_id(&flow, 0);
	assert_string_equal(flow.community_id, "");
}

static void *id_in_thread(void *flow)
{
	record_community_id(flow, 0);
	return NULL;
}

static void every_thread_can_ask_and_leaves_nothing_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct flow_record flow = flow_of(&vectors[i]);
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, id_in_thread, &flow), 0);
		pthread_join(thread, NULL);
		assert_string_equal(flow.community_id, vectors[i].id);
	}
}

/* The file's text from the folder beside the project; NULL if it is not there. */
static char *read_baseline(const char *name, const char *seed)
{
	static const char *const roots[] = { "../shared", "../../shared" };
	for (size_t i = 0; i < 2; i++) {
		char path[256];
		snprintf(path, sizeof(path),
			 "%s/captures/cid__cid__%s.pcap.expected/"
			 "communityid__baseline_%s.json",
			 roots[i], name, seed);
		FILE *file = fopen(path, "r");
		if (file == NULL)
			continue;
		char *text = calloc(1, 65536);
		assert_true(fread(text, 1, 65535, file) > 0);
		fclose(file);
		return text;
	}
	return NULL;
}

/* Compares every object of the text; returns how many there were. */
static int compare(const char *text, uint16_t seed)
{
	int count = 0;
	for (; (text = strchr(text, '{')) != NULL; text++, count++) {
		char protocol[8], src[64], dst[64], sport[8], dport[8], id[32];
		struct vector v = { .src = src, .dst = dst };
		assert_int_equal(
			sscanf(text,
			       "{\"proto\": %7[^,], \"saddr\": \"%63[^\"]\", "
			       "\"daddr\": \"%63[^\"]\", \"sport\": %7[^,], "
			       "\"dport\": %7[^,], \"communityid\": \"%31[^\"]",
			       protocol, src, dst, sport, dport, id),
			6);
		v.protocol = (int)strtoul(protocol, NULL, 10);
		v.sport = (uint32_t)strtoul(sport, NULL, 10);
		v.dport = (uint32_t)strtoul(dport, NULL, 10);
		struct flow_record flow = flow_of(&v);
		record_community_id(&flow, seed);
		assert_string_equal(flow.community_id, id);
	}
	return count;
}

static void the_reference_baselines_agree(void **state)
{
	(void)state;
	static const char *const names[] = { "icmp", "icmp6", "ipv6", "tcp", "udp" };
	int count = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *plain = read_baseline(names[i], "deflt");
		char *seeded = read_baseline(names[i], "seed1");
		if (plain != NULL && seeded != NULL)
			count += compare(plain, 0) + compare(seeded, 1);
		free(plain);
		free(seeded);
	}
	if (count == 0)
		skip(); /* the vectors above stand alone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_flows_have_their_known_ids_in_both_directions),
		cmocka_unit_test(icmp_that_nothing_answers_keeps_its_direction),
		cmocka_unit_test(a_seed_gives_other_ids),
		cmocka_unit_test(the_transport_tells_the_protocol_when_no_number_does),
		cmocka_unit_test(too_little_known_gives_no_id),
		cmocka_unit_test(every_thread_can_ask_and_leaves_nothing_behind),
		cmocka_unit_test(the_reference_baselines_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
