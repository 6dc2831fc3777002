/*
 * test_record.c: records as our JSON, as Zeek's conn.log and as Suricata's EVE.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/home.h"
#include "record/record.h"
#include "record/text.h"

static struct buf out;

static int free_out(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

static struct flow_record a_flow(void)
{
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	flow.start = INT64_C(1706702400123456);
	flow.end = INT64_C(1706702401358023);
	flow.transport = "tcp";
	addr_parse("10.0.0.1", &flow.client_ip);
	addr_parse("2001:db8::1", &flow.server_ip);
	flow.client_port = 65535;
	flow.server_port = 80;
	flow.state = "SF";
	flow.end_reason = "closed";
	record_text(flow.history, sizeof(flow.history), "ShADadfF");
	flow.client_packets = 10;
	flow.server_packets = 12;
	flow.client_bytes = 1200;
	flow.server_bytes = 23456;
	flow.client_payload_bytes = 600;
	flow.server_payload_bytes = 22000;
	return flow;
}

static const char *json_of(enum record_kind kind, const void *record)
{
	buf_clear(&out);
	record_json(&out, kind, record);
	return buf_cstr(&out);
}

static const char *zeek_of(const struct flow_record *flow, const struct home *home)
{
	buf_clear(&out);
	record_zeek_conn(&out, flow, home);
	return buf_cstr(&out);
}

static const char *eve_of(const struct flow_record *flow)
{
	buf_clear(&out);
	record_eve_flow(&out, flow);
	return buf_cstr(&out);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no %s in %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("%s in %s", part, text);
}

static void a_new_record_knows_nothing(void **state)
{
	(void)state;
	union {
		struct flow_record flow;
		struct port_record port;
		struct self_record self;
	} record;
	memset(&record, 0x5a, sizeof(record));
	record_init(RECORD_flow, &record);
	assert_string_equal(json_of(RECORD_flow, &record), "{\"record\":\"flow\"}");
	record_init(RECORD_port, &record);
	assert_string_equal(json_of(RECORD_port, &record), "{\"record\":\"port\"}");
	record_init(RECORD_self, &record);
	assert_string_equal(json_of(RECORD_self, &record), "{\"record\":\"self\"}");
}

static void known_fields_come_in_the_order_of_the_table(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	flow.lost_bytes = 0;
	assert_string_equal(
		json_of(RECORD_flow, &flow),
		"{\"record\":\"flow\",\"start\":\"2024-01-31T12:00:00.123456Z\","
		"\"end\":\"2024-01-31T12:00:01.358023Z\",\"transport\":\"tcp\","
		"\"client_ip\":\"10.0.0.1\",\"client_port\":65535,"
		"\"server_ip\":\"2001:db8::1\",\"server_port\":80,\"state\":\"SF\","
		"\"history\":\"ShADadfF\",\"end_reason\":\"closed\","
		"\"client_packets\":10,\"server_packets\":12,\"client_bytes\":1200,"
		"\"server_bytes\":23456,\"client_payload_bytes\":600,"
		"\"server_payload_bytes\":22000,\"lost_bytes\":0}");
}

static void ratios_are_short_decimals_and_never_no_number(void **state)
{
	(void)state;
	struct port_record port;
	record_init(RECORD_port, &port);
	port.retransmit_ratio = 0.25;
	port.lost_ratio = 0;
	port.error_ratio = INFINITY;
	assert_string_equal(
		json_of(RECORD_port, &port),
		"{\"record\":\"port\",\"retransmit_ratio\":0.25,\"lost_ratio\":0}");
}

static void hostile_text_is_escaped_and_cut(void **state)
{
	(void)state;
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	record_text(flow.protocol, sizeof(flow.protocol), "a\"b\n\xff");
	flow.client_packets = 1;
	assert_string_equal(
		json_of(RECORD_flow, &flow),
		"{\"record\":\"flow\",\"protocol\":\"a\\\"b\\u000a\\u00ff\","
		"\"client_packets\":1}");

	char longer[100];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	record_text(flow.protocol, sizeof(flow.protocol), longer);
	assert_int_equal(strlen(flow.protocol), sizeof(flow.protocol) - 1);
}

static void the_largest_record_is_written_whole(void **state)
{
	(void)state;
	_Alignas(struct flow_record) char bytes[sizeof(struct flow_record)];
	record_init(RECORD_flow, bytes);
	const struct schema *schema = schema_by_name("flow");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		const char *word = "a word of some length, as long as any of them";
		if (field->type == TYPE_u64)
			memcpy(bytes + field->offset, &(uint64_t){ UINT64_MAX - 1 }, 8);
		else if (field->type == TYPE_word)
			*(field_word *)(void *)(bytes + field->offset) = word;
		else if (field->type == TYPE_text32)
			memset(bytes + field->offset,
			       i + 1 < schema->field_count ? 'x' : '\x01',
			       31); /* the last one needs escaping */
		else if (field->type == TYPE_addr)
			memset(bytes + field->offset, 0xee, 16);
		else if (field->type == TYPE_time)
			memset(bytes + field->offset, 0x01, 8);
		else
			memset(bytes + field->offset, 0xfe, 2);
	}
	const char *json = json_of(RECORD_flow, bytes);
	for (size_t i = 0; i < schema->field_count; i++)
		assert_has(json, schema->fields[i].key);
	assert_int_equal(json[out.len - 1], '}');
}

static void the_schema_and_the_docs_name_every_field(void **state)
{
	(void)state;
	struct buf docs = { 0 };
	buf_clear(&out);
	record_schema_json(&out);
	record_docs(&docs);
	for (size_t kind = 0; kind < RECORD_KINDS; kind++)
		for (size_t i = 0; i < schemas[kind].field_count; i++) {
			char part[64];
			const char *name = schemas[kind].fields[i].name;
			snprintf(part, sizeof(part), "{\"name\":\"%s\",", name);
			assert_has(buf_cstr(&out), part);
			snprintf(part, sizeof(part), "| `%s` |", name);
			assert_has(buf_cstr(&docs), part);
		}
	assert_has(out.at, "{\"name\":\"handshake_us\",\"type\":\"integer\","
			   "\"unit\":\"us\",\"role\":\"gauge\",\"doc\":\"");
	assert_has(out.at, "{\"name\":\"server_ip\",\"type\":\"string\","
			   "\"unit\":\"ip\",\"role\":\"key\",\"doc\":\"");
	buf_free(&docs);
}

static void schemas_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(schema_by_name("port"), &schemas[RECORD_port]);
	assert_null(schema_by_name("flows"));
	assert_null(schema_by_name(""));
}

static void assert_time(int64_t at_us)
{
	char text[TIME_TEXT_MAX], expected[64];
	int64_t s = at_us / 1000000 - (at_us % 1000000 < 0);
	struct tm tm;
	gmtime_r(&(time_t){ s }, &tm);
	snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		 tm.tm_sec, (int)(at_us - s * 1000000));
	record_time_text(at_us, text);
	assert_string_equal(text, expected);
}

static void times_agree_with_the_c_library_from_year_0_to_9999(void **state)
{
	(void)state;
	const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
	for (int64_t day = first / 86400; day <= last / 86400; day += 13)
		assert_time(day * INT64_C(86400000000) + 86399999999);
	for (int64_t day = 19000; day < 19000 + 366 * 8; day++)
		assert_time(day * INT64_C(86400000000));
	assert_time(0);
	assert_time(-1);
	assert_time(first * 1000000);
	assert_time(last * 1000000 + 999999);
}

static void times_beyond_four_digit_years_are_clamped(void **state)
{
	(void)state;
	char text[TIME_TEXT_MAX];
	record_time_text(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	record_time_text(INT64_MIN + 1, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
}

static void fast_numbers_agree_with_the_slow(void **state)
{
	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		char fast[64], slow[64];
		uint64_t value = (uint64_t)random() * (uint64_t)random() * 4;
		value >>= random() % 64;
		fast[text_u64(value, fast)] = '\0';
		snprintf(slow, sizeof(slow), "%llu", (unsigned long long)value);
		assert_string_equal(fast, slow);
	}
	char text[32];
	text[text_u64(UINT64_MAX, text)] = '\0';
	assert_string_equal(text, "18446744073709551615");
}

static void zeek_has_its_fields_in_its_order(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	struct home home = { .count = 0 };
	prefix_parse("10.0.0.0/8", &home.at[home.count++]);
	record_text(flow.protocol, sizeof(flow.protocol), "http");
	flow.protocol_by = "port";
	flow.vlan = 13;
	flow.vlan_inner = 10;
	record_text(flow.community_id, sizeof(flow.community_id), "1:x");
	const char *json = zeek_of(&flow, &home);
	assert_has(json, "{\"ts\":1706702400.123456,\"uid\":\"C");
	assert_has(json,
		   "\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":65535,"
		   "\"id.resp_h\":\"2001:db8::1\",\"id.resp_p\":80,\"proto\":\"tcp\","
		   "\"duration\":1.234567,\"orig_bytes\":600,\"resp_bytes\":22000,"
		   "\"conn_state\":\"SF\",\"local_orig\":true,\"local_resp\":false,"
		   "\"missed_bytes\":0,\"history\":\"ShADadfF\",\"orig_pkts\":10,"
		   "\"orig_ip_bytes\":1200,\"resp_pkts\":12,\"resp_ip_bytes\":23456,"
		   "\"ip_proto\":6,\"community_id\":\"1:x\",\"vlan\":13,"
		   "\"inner_vlan\":10}");
}

static void zeek_names_a_service_only_by_what_it_said(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	record_text(flow.protocol, sizeof(flow.protocol), "ssh");
	assert_lacks(zeek_of(&flow, NULL), "service");
	flow.protocol_by = "content";
	assert_has(zeek_of(&flow, NULL), "\"proto\":\"tcp\",\"service\":\"ssh\",");
}

static void zeek_leaves_out_the_sizes_of_an_instant(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	flow.end = flow.start;
	flow.history[0] = '\0';
	const char *json = zeek_of(&flow, NULL);
	assert_lacks(json, "duration");
	assert_lacks(json, "orig_bytes");
	assert_lacks(json, "resp_bytes");
	assert_lacks(json, "history");
	assert_lacks(json, "local_");
	assert_has(json, "\"orig_pkts\":10");
	flow.end = flow.start + 100;
	assert_has(zeek_of(&flow, NULL), "\"duration\":0.0001,");
	flow.end = flow.start + 2000000;
	assert_has(zeek_of(&flow, NULL), "\"duration\":2.0,");
}

static void zeek_calls_both_icmp_the_same_and_others_unknown(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	flow.transport = "icmp6";
	assert_has(zeek_of(&flow, NULL), "\"proto\":\"icmp\"");
	assert_has(zeek_of(&flow, NULL), "\"ip_proto\":58");
	flow.transport = "ip";
	flow.ip_proto = 50;
	flow.client_port = flow.server_port = UNKNOWN_U32;
	assert_has(zeek_of(&flow, NULL), "\"id.orig_p\":0");
	assert_has(zeek_of(&flow, NULL), "\"proto\":\"unknown_transport\"");
	assert_has(zeek_of(&flow, NULL), "\"ip_proto\":50");
}

static void uid_of(const struct flow_record *flow, char uid[19])
{
	const char *at = strstr(zeek_of(flow, NULL), "\"uid\":\"") + 7;
	assert_int_equal(strcspn(at, "\""), 18);
	memcpy(uid, at, 18);
	uid[18] = '\0';
	assert_int_equal(strspn(uid, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"),
			 18);
}

static void a_uid_is_the_flows_and_no_others(void **state)
{
	(void)state;
	struct flow_record flow = a_flow(), other = a_flow(), reverse = a_flow();
	char uid[19], again[19];
	uid_of(&flow, uid);

	reverse.client_ip = flow.server_ip, reverse.server_ip = flow.client_ip;
	reverse.client_port = flow.server_port, reverse.server_port = flow.client_port;
	reverse.end += 60000000;
	uid_of(&reverse, again);
	assert_string_equal(uid, again);

	other.start++;
	uid_of(&other, again);
	assert_string_not_equal(uid, again);
	other = flow;
	other.transport = "udp";
	uid_of(&other, again);
	assert_string_not_equal(uid, again);
}

static void eve_flows_have_suricatas_names(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	flow.vlan = 13;
	flow.client_tcp_flags = 0x1b;
	flow.server_tcp_flags = 0x53;
	record_text(flow.iface, sizeof(flow.iface), "eth0");
	record_text(flow.community_id, sizeof(flow.community_id), "1:x");
	const char *json = eve_of(&flow);
	assert_has(json, "{\"timestamp\":\"2024-01-31T12:00:01.358023+0000\","
			 "\"flow_id\":");
	assert_has(json,
		   ",\"in_iface\":\"eth0\",\"event_type\":\"flow\",\"vlan\":[13],"
		   "\"src_ip\":\"10.0.0.1\",\"src_port\":65535,"
		   "\"dest_ip\":\"2001:db8::1\",\"dest_port\":80,\"proto\":\"TCP\","
		   "\"community_id\":\"1:x\",\"flow\":{\"pkts_toserver\":10,"
		   "\"pkts_toclient\":12,\"bytes_toserver\":1200,"
		   "\"bytes_toclient\":23456,"
		   "\"start\":\"2024-01-31T12:00:00.123456+0000\","
		   "\"end\":\"2024-01-31T12:00:01.358023+0000\",\"age\":1,"
		   "\"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false},"
		   "\"tcp\":{\"tcp_flags\":\"5b\",\"tcp_flags_ts\":\"1b\","
		   "\"tcp_flags_tc\":\"53\",\"fin\":true,\"syn\":true,\"psh\":true,"
		   "\"ack\":true,\"ecn\":true,\"state\":\"closed\"}}");
	uint64_t id = strtoull(strstr(json, "\"flow_id\":") + 10, NULL, 10);
	assert_true(id < UINT64_C(1) << 53);
}

static void eve_icmp_has_types_instead_of_ports(void **state)
{
	(void)state;
	struct flow_record flow = a_flow();
	flow.transport = "icmp";
	flow.client_port = 8;
	flow.server_port = 0;
	const char *json = eve_of(&flow);
	assert_lacks(json, "_port");
	assert_lacks(json, "\"tcp\"");
	assert_has(json, "\"proto\":\"ICMP\",\"icmp_type\":8,\"icmp_code\":0,"
			 "\"response_icmp_type\":0,\"response_icmp_code\":0");
	flow.client_port = 3;
	flow.server_port = 13;
	json = eve_of(&flow);
	assert_has(json, "\"icmp_type\":3,\"icmp_code\":13");
	assert_lacks(json, "response_icmp");
	flow.transport = "icmp6";
	assert_has(eve_of(&flow), "\"proto\":\"IPv6-ICMP\"");
}

static void eve_tells_how_far_a_flow_came_and_why_it_ended(void **state)
{
	(void)state;
	static const struct {
		const char *conn_state, *end_reason, *expected;
	} cases[] = {
		{ "S0", "timeout", "\"state\":\"new\",\"reason\":\"timeout\"" },
		{ "S1", "shutdown",
		  "\"state\":\"established\",\"reason\":\"shutdown\"" },
		{ "S2", "evicted", "\"state\":\"established\",\"reason\":\"forced\"" },
		{ "REJ", "rejected", "\"state\":\"closed\",\"reason\":\"timeout\"" },
		{ "S1", "active", "\"state\":\"established\",\"alerted\"" },
		{ "S0", "timeout", "\"state\":\"syn_sent\"}" },
		{ "S3", "timeout", "\"state\":\"fin_wait1\"}" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_record flow = a_flow();
		flow.state = cases[i].conn_state;
		flow.end_reason = cases[i].end_reason;
		assert_has(eve_of(&flow), cases[i].expected);
	}
	struct flow_record udp = a_flow();
	udp.transport = "udp";
	assert_has(eve_of(&udp), "\"state\":\"established\"");
	udp.server_packets = 0;
	assert_has(eve_of(&udp), "\"state\":\"new\"");
}

static void eve_stats_come_from_our_own_health(void **state)
{
	(void)state;
	struct self_record self;
	record_init(RECORD_self, &self);
	self.at = INT64_C(1706702400000000);
	self.packets = 5;
	self.dropped = 1;
	self.bytes = 100;
	self.undecoded = 2;
	self.flows = 3;
	buf_clear(&out);
	record_eve_stats(&out, &self, self.at - 100500000);
	assert_string_equal(buf_cstr(&out),
			    "{\"timestamp\":\"2024-01-31T12:00:00.000000+0000\","
			    "\"event_type\":\"stats\",\"stats\":{\"uptime\":100,"
			    "\"capture\":{\"kernel_packets\":6,\"kernel_drops\":1},"
			    "\"decoder\":{\"pkts\":5,\"bytes\":100,\"invalid\":2},"
			    "\"flow\":{\"active\":3}}}");
}

static void nothing_known_is_still_an_object_for_all(void **state)
{
	(void)state;
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	assert_has(zeek_of(&flow, NULL), "\"proto\":\"unknown_transport\"");
	assert_int_equal(out.at[out.len - 1], '}');
	assert_has(eve_of(&flow), "\"event_type\":\"flow\",\"flow\":{\"state\":\"new\","
				  "\"alerted\":false}}");
}

static const struct field *field_of(enum record_kind kind, const char *name)
{
	for (size_t i = 0; i < schemas[kind].field_count; i++)
		if (strcmp(schemas[kind].fields[i].name, name) == 0)
			return &schemas[kind].fields[i];
	return NULL;
}

/* So that who is told what is allowed, and who reads what a field means, agree. */
static void the_docs_name_every_word_of_a_closed_list(void **state)
{
	(void)state;
	static const char *const fields[] = { "kind", "state", "severity", "reach",
					      "outcome" };
	unsigned count = 0;
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			const char *const *word = record_allowed(kind, fields[i]);
			for (; word != NULL && *word != NULL; word++, count++)
				assert_has(field_of(kind, fields[i])->doc, *word);
		}
	}
	assert_true(count > 20);
	/* And no kind of finding is forgotten here. */
	const char *doc = field_of(RECORD_finding, "kind")->doc;
	const char *const *kinds = record_allowed(RECORD_finding, "kind");
	for (; *kinds != NULL; kinds++)
		doc = strchr(doc, kinds[1] != NULL ? ',' : '.') + 1;
	assert_string_equal(doc, "");
	assert_null(record_allowed(RECORD_flow, "state"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_docs_name_every_word_of_a_closed_list),
		cmocka_unit_test(a_new_record_knows_nothing),
		cmocka_unit_test(known_fields_come_in_the_order_of_the_table),
		cmocka_unit_test(ratios_are_short_decimals_and_never_no_number),
		cmocka_unit_test(hostile_text_is_escaped_and_cut),
		cmocka_unit_test(the_largest_record_is_written_whole),
		cmocka_unit_test(the_schema_and_the_docs_name_every_field),
		cmocka_unit_test(schemas_are_found_by_name),
		cmocka_unit_test(times_agree_with_the_c_library_from_year_0_to_9999),
		cmocka_unit_test(times_beyond_four_digit_years_are_clamped),
		cmocka_unit_test(fast_numbers_agree_with_the_slow),
		cmocka_unit_test(zeek_has_its_fields_in_its_order),
		cmocka_unit_test(zeek_names_a_service_only_by_what_it_said),
		cmocka_unit_test(zeek_leaves_out_the_sizes_of_an_instant),
		cmocka_unit_test(zeek_calls_both_icmp_the_same_and_others_unknown),
		cmocka_unit_test(a_uid_is_the_flows_and_no_others),
		cmocka_unit_test(eve_flows_have_suricatas_names),
		cmocka_unit_test(eve_icmp_has_types_instead_of_ports),
		cmocka_unit_test(eve_tells_how_far_a_flow_came_and_why_it_ended),
		cmocka_unit_test(eve_stats_come_from_our_own_health),
		cmocka_unit_test(nothing_known_is_still_an_object_for_all),
	};
	return cmocka_run_group_tests(tests, NULL, free_out);
}
