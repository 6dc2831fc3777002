/*
 * test_eve.c: what is said and what was found, as Suricata's EVE has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/identity.h"
#include "record/record.h"

static struct buf out;

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

/* Any record that begins with SPOKEN() fields. */
union said {
	struct spoken spoken;
	struct http_record http;
	struct dns_record dns;
	struct tls_record tls;
	struct ssh_record ssh;
	struct ftp_record ftp;
	struct smtp_record smtp;
	struct snmp_record snmp;
	struct sip_record sip;
	struct rdp_record rdp;
	struct dhcp_record dhcp;
	struct login_record login;
};

static union said said_by(enum record_kind kind, const char *transport)
{
	union said said;
	memset(&said, 0, sizeof(said));
	record_init(kind, &said);
	said.spoken.at = INT64_C(1706702400123456);
	said.spoken.flow_start = INT64_C(1706702399000000);
	said.spoken.transport = transport;
	addr_parse("10.0.0.1", &said.spoken.client_ip);
	addr_parse("192.0.2.7", &said.spoken.server_ip);
	said.spoken.client_port = 40000;
	said.spoken.server_port = 443;
	return said;
}

static const char *eve_of(enum record_kind kind, const union said *said)
{
	buf_clear(&out);
	assert_true(record_eve_spoken(&out, kind, &said->spoken));
	return buf_cstr(&out);
}

/* The member of that name, an object without braces in its texts: "{...}". */
static const char *member_of(const char *json, const char *name)
{
	static char found[2048];
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":{", name);
	const char *at = strstr(json, key);
	assert_non_null(at);
	at += strlen(key) - 1;
	size_t len = 0, depth = 0;
	do {
		depth += at[len] == '{';
		depth -= at[len] == '}';
		len++;
	} while (depth > 0);
	snprintf(found, sizeof(found), "%.*s", (int)len, at);
	return found;
}

#define TEXT(field, value) record_text(field, sizeof(field), value)

static void an_event_has_the_flow_id_and_community_id_of_its_flow(void **state)
{
	(void)state;
	union said said = said_by(RECORD_ssh, "tcp");
	struct flow_record flow;
	struct buf whole = { 0 };
	record_init(RECORD_flow, &flow);
	flow.start = said.spoken.flow_start;
	flow.end = flow.start + 5000000;
	flow.transport = "tcp";
	/* The flow was turned round since: what counts as the client may change. */
	flow.client_ip = said.spoken.server_ip, flow.server_ip = said.spoken.client_ip;
	flow.client_port = 443, flow.server_port = 40000;
	record_community_id(&flow, 0);
	record_eve_flow(&whole, &flow);
	const char *of_flow = strstr(buf_cstr(&whole), "\"flow_id\":");
	char id[64], community[64];
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(of_flow, ","), of_flow);
	snprintf(community, sizeof(community), "\"community_id\":\"%s\"",
		 flow.community_id);

	assert_has(eve_of(RECORD_ssh, &said), id);
	assert_has(eve_of(RECORD_ssh, &said), community);
	said.spoken.flow_start++;
	assert_lacks(eve_of(RECORD_ssh, &said), id);
	buf_free(&whole);
}

static void an_event_says_whose_conversation_it_is(void **state)
{
	(void)state;
	union said said = said_by(RECORD_http, "tcp");
	TEXT(said.spoken.iface, "eth0");
	said.spoken.vlan = 13;
	const char *json = eve_of(RECORD_http, &said);
	assert_has(json, "{\"timestamp\":\"2024-01-31T12:00:00.123456+0000\","
			 "\"flow_id\":");
	assert_has(json, ",\"in_iface\":\"eth0\",\"event_type\":\"http\",\"vlan\":[13],"
			 "\"src_ip\":\"10.0.0.1\",\"src_port\":40000,"
			 "\"dest_ip\":\"192.0.2.7\",\"dest_port\":443,"
			 "\"proto\":\"TCP\",\"community_id\":\"1:");
	assert_has(json, "\",\"http\":{}}");
}

static void http_has_a_protocol_or_a_version(void **state)
{
	(void)state;
	union said said = said_by(RECORD_http, "tcp");
	said.http.method = "GET";
	TEXT(said.http.host, "example.org");
	TEXT(said.http.path, "/a");
	TEXT(said.http.version, "HTTP/1.1");
	TEXT(said.http.user_agent, "curl/8.0");
	TEXT(said.http.server, "nginx");
	TEXT(said.http.content_type, "text/html");
	said.http.status = 200;
	said.http.response_bytes = 17;
	assert_string_equal(
		member_of(eve_of(RECORD_http, &said), "http"),
		"{\"hostname\":\"example.org\",\"url\":\"/a\","
		"\"http_user_agent\":\"curl/8.0\",\"http_content_type\":\"text/html\","
		"\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
		"\"length\":17,\"response_headers\":[{\"name\":\"Server\","
		"\"value\":\"nginx\"}]}");
	TEXT(said.http.version, "HTTP/2");
	assert_has(eve_of(RECORD_http, &said), "\"version\":\"2\"");
	assert_lacks(eve_of(RECORD_http, &said), "\"protocol\"");
}

static void a_question_and_its_answer_are_two_events(void **state)
{
	(void)state;
	union said said = said_by(RECORD_dns, "udp");
	said.dns.id = 4711;
	TEXT(said.dns.query, "www.example.org");
	said.dns.type = "A";
	said.dns.opcode = 0;
	const char *json = eve_of(RECORD_dns, &said);
	assert_null(strchr(json, '\n'));
	assert_string_equal(member_of(json, "dns"),
			    "{\"version\":2,\"type\":\"query\",\"id\":4711,"
			    "\"rrname\":\"www.example.org\","
			    "\"rrtype\":\"A\"}");

	said.dns.flags = 0x8180;
	said.dns.rcode = "NOERROR";
	said.dns.took_us = 1000;
	TEXT(said.dns.answer, "example.org,192.0.2.1,192.0.2.2,2001:db8::1");
	json = eve_of(RECORD_dns, &said);
	const char *answer = strchr(json, '\n');
	assert_non_null(answer);
	assert_has(json, "\"type\":\"query\"");
	assert_has(answer, "\n{\"timestamp\":\"2024-01-31T12:00:00.124456+0000\"");
	assert_string_equal(
		member_of(answer, "dns"),
		"{\"version\":2,\"type\":\"answer\",\"id\":4711,\"flags\":\"8180\","
		"\"qr\":true,\"rd\":true,\"ra\":true,"
		"\"rrname\":\"www.example.org\",\"rrtype\":\"A\","
		"\"rcode\":\"NOERROR\",\"grouped\":{\"A\":[\"192.0.2.1\","
		"\"192.0.2.2\"],\"AAAA\":[\"2001:db8::1\"],"
		"\"CNAME\":[\"example.org\"]}}");
}

static void an_answer_alone_is_no_question(void **state)
{
	(void)state;
	union said said = said_by(RECORD_dns, "udp");
	said.dns.type = "A";
	said.dns.flags = 0x8180;
	const char *json = eve_of(RECORD_dns, &said);
	assert_has(json, "\"type\":\"answer\"");
	assert_lacks(json, "\"type\":\"query\"");
	assert_lacks(json, "\n");
}

static void an_answer_that_was_cut_is_not_taken_for_a_name(void **state)
{
	(void)state;
	union said said = said_by(RECORD_dns, "udp");
	said.dns.type = "A";
	said.dns.flags = 0x8180;
	for (size_t i = 0; i < sizeof(said.dns.answer) - 1; i++)
		said.dns.answer[i] = "192.0.2.1,"[i % 10];
	assert_lacks(eve_of(RECORD_dns, &said), "CNAME");
	assert_has(buf_cstr(&out), "{\"A\":[\"192.0.2.1\",\"192.0.2.1\"");
}

static void answers_are_grouped_only_where_their_type_is_sure(void **state)
{
	(void)state;
	static const struct {
		const char *type, *answer, *grouped;
	} cases[] = {
		{ "PTR", "1.0-25.2.0.192.in-addr.arpa,host.example.org",
		  "\"grouped\":{\"CNAME\":[\"1.0-25.2.0.192.in-addr.arpa\"],"
		  "\"PTR\":[\"host.example.org\"]}" },
		{ "TXT", "v=spf1 a, mx, -all",
		  "\"grouped\":{\"TXT\":[\"v=spf1 a, mx, -all\"]}" },
		{ "NS", "a.example.org,b.example.org",
		  "\"grouped\":{\"NS\":[\"a.example.org\",\"b.example.org\"]}" },
		{ "A", ",", "\"grouped\":{}" },
		{ "SOA", "a.example.org", "\"rcode\":\"NOERROR\"}" },
		{ "SRV", "0 5 5060 sip.example.org", "\"rcode\":\"NOERROR\"}" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union said said = said_by(RECORD_dns, "udp");
		said.dns.type = cases[i].type;
		said.dns.flags = 0x8400;
		said.dns.rcode = "NOERROR";
		TEXT(said.dns.answer, cases[i].answer);
		assert_has(eve_of(RECORD_dns, &said), cases[i].grouped);
	}
}

static void tls_has_suricatas_forms_of_certificates(void **state)
{
	(void)state;
	union said said = said_by(RECORD_tls, "tcp");
	said.tls.version = "TLS 1.0";
	TEXT(said.tls.sni, "www.example.org");
	TEXT(said.tls.subject, "CN=example.org");
	TEXT(said.tls.issuer, "CN=Some CA, O=Some");
	TEXT(said.tls.alt_names, "example.org,www.example.org");
	TEXT(said.tls.serial, "1f03a");
	TEXT(said.tls.sha1, "aa:bb");
	TEXT(said.tls.ja3, "0123");
	TEXT(said.tls.ja4, "t13d");
	said.tls.not_before = 0;
	said.tls.not_after = INT64_C(253402300799000000); /* 9999 */
	said.tls.resumed = 0;
	assert_string_equal(
		member_of(eve_of(RECORD_tls, &said), "tls"),
		"{\"subject\":\"CN=example.org\",\"issuerdn\":\"CN=Some CA, O=Some\","
		"\"subjectaltname\":[\"example.org\",\"www.example.org\"],"
		"\"serial\":\"1:F0:3A\",\"fingerprint\":\"aa:bb\","
		"\"sni\":\"www.example.org\",\"version\":\"TLSv1\","
		"\"notbefore\":\"1970-01-01T00:00:00\",\"ja3\":{\"hash\":\"0123\"},"
		"\"ja4\":\"t13d\"}");
	said.tls.resumed = 1;
	said.tls.version = "TLS 1.3";
	assert_has(eve_of(RECORD_tls, &said), "\"version\":\"TLS 1.3\"");
	assert_has(eve_of(RECORD_tls, &said), "\"session_resumed\":true");
}

static void a_handshake_over_udp_is_quics_or_dtls(void **state)
{
	(void)state;
	union said said = said_by(RECORD_tls, "udp");
	said.tls.version = "TLS 1.3";
	TEXT(said.tls.sni, "www.example.org");
	const char *json = eve_of(RECORD_tls, &said);
	assert_has(json, "\"event_type\":\"quic\"");
	assert_string_equal(member_of(json, "quic"), "{\"sni\":\"www.example.org\"}");
	said.tls.version = "DTLS 1.2";
	assert_has(eve_of(RECORD_tls, &said), "\"event_type\":\"tls\"");
	said.tls.version = NULL;
	TEXT(said.tls.ja4, "dd2d");
	assert_has(eve_of(RECORD_tls, &said), "\"event_type\":\"tls\"");
	TEXT(said.tls.ja4, "q13d");
	assert_has(eve_of(RECORD_tls, &said), "\"event_type\":\"quic\"");
}

static void ssh_has_two_sides_and_none_that_was_not_heard(void **state)
{
	(void)state;
	union said said = said_by(RECORD_ssh, "tcp");
	TEXT(said.ssh.client_version, "2.0");
	TEXT(said.ssh.client_software, "PuTTY_0.70");
	TEXT(said.ssh.hassh, "abc");
	assert_string_equal(member_of(eve_of(RECORD_ssh, &said), "ssh"),
			    "{\"client\":{\"proto_version\":\"2.0\","
			    "\"software_version\":\"PuTTY_0.70\","
			    "\"hassh\":{\"hash\":\"abc\"}}}");
	TEXT(said.ssh.server_software, "OpenSSH_9.2p1 Debian-2");
	assert_has(eve_of(RECORD_ssh, &said),
		   "\"server\":{\"software_version\":\"OpenSSH_9.2p1\"}}");
}

static void ftp_and_smtp_have_their_lists(void **state)
{
	(void)state;
	union said said = said_by(RECORD_ftp, "tcp");
	TEXT(said.ftp.command, "USER");
	assert_string_equal(member_of(eve_of(RECORD_ftp, &said), "ftp"),
			    "{\"command\":\"USER\",\"reply_received\":\"no\"}");
	said.ftp.code = 331;
	TEXT(said.ftp.argument, "anonymous");
	TEXT(said.ftp.reply, "Please, \"password\"");
	assert_string_equal(member_of(eve_of(RECORD_ftp, &said), "ftp"),
			    "{\"command\":\"USER\",\"command_data\":\"anonymous\","
			    "\"completion_code\":[\"331\"],"
			    "\"reply\":[\"Please, \\\"password\\\"\"],"
			    "\"reply_received\":\"yes\"}");

	said = said_by(RECORD_smtp, "tcp");
	TEXT(said.smtp.helo, "mail.example.org");
	TEXT(said.smtp.mail_from, "a@example.org");
	TEXT(said.smtp.rcpt_to, "<b@example.org>");
	assert_string_equal(member_of(eve_of(RECORD_smtp, &said), "smtp"),
			    "{\"helo\":\"mail.example.org\","
			    "\"mail_from\":\"<a@example.org>\","
			    "\"rcpt_to\":[\"<b@example.org>\"]}");
}

static void snmp_has_suricatas_names_of_messages(void **state)
{
	(void)state;
	static const char *const names[][2] = {
		{ "get-next-request", "get_next_request" },
		{ "trap", "trap_v1" },
		{ "snmpV2-trap", "trap_v2" },
		{ "response", "response" },
	};
	union said said = said_by(RECORD_snmp, "udp");
	said.snmp.version = 2;
	TEXT(said.snmp.oid, "1.3.6.1");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char expected[96];
		said.snmp.pdu = names[i][0];
		snprintf(expected, sizeof(expected),
			 "{\"version\":2,\"pdu_type\":\"%s\",\"vars\":[\"1.3.6.1\"]}",
			 names[i][1]);
		assert_string_equal(member_of(eve_of(RECORD_snmp, &said), "snmp"),
				    expected);
	}
}

static void sip_rdp_and_dhcp_have_texts_where_suricata_has(void **state)
{
	(void)state;
	union said said = said_by(RECORD_sip, "udp");
	said.sip.method = "INVITE";
	said.sip.code = 180;
	TEXT(said.sip.reason, "Ringing");
	assert_string_equal(member_of(eve_of(RECORD_sip, &said), "sip"),
			    "{\"method\":\"INVITE\",\"version\":\"SIP/2.0\","
			    "\"code\":\"180\",\"reason\":\"Ringing\"}");

	said = said_by(RECORD_rdp, "tcp");
	TEXT(said.rdp.cookie, "eltons");
	assert_string_equal(member_of(eve_of(RECORD_rdp, &said), "rdp"),
			    "{\"event_type\":\"initial_request\","
			    "\"cookie\":\"eltons\"}");
	said.rdp.client_build = 18363;
	assert_string_equal(member_of(eve_of(RECORD_rdp, &said), "rdp"),
			    "{\"event_type\":\"connect_request\",\"cookie\":\"eltons\","
			    "\"client\":{\"build\":\"18363\"}}");

	said = said_by(RECORD_dhcp, "udp");
	said.dhcp.type = "ack";
	said.dhcp.id = 7;
	TEXT(said.dhcp.mac, "02:00:00:00:00:01");
	addr_parse("192.0.2.9", &said.dhcp.assigned_ip);
	said.dhcp.lease_s = 3600;
	assert_string_equal(member_of(eve_of(RECORD_dhcp, &said), "dhcp"),
			    "{\"type\":\"reply\",\"id\":7,"
			    "\"client_mac\":\"02:00:00:00:00:01\","
			    "\"assigned_ip\":\"192.0.2.9\",\"dhcp_type\":\"ack\","
			    "\"lease_time\":3600}");
	said.dhcp.type = "request";
	assert_has(eve_of(RECORD_dhcp, &said), "{\"type\":\"request\"");
}

static void a_login_is_no_event(void **state)
{
	(void)state;
	union said said = said_by(RECORD_login, "tcp");
	buf_clear(&out);
	assert_false(record_eve_spoken(&out, RECORD_login, &said.spoken));
	assert_int_equal(out.len, 0);
}

static struct finding_record a_finding(void)
{
	struct finding_record finding;
	record_init(RECORD_finding, &finding);
	finding.last = INT64_C(1706702400123456);
	finding.kind = "cleartext_login";
	finding.severity = "medium";
	finding.transport = "tcp";
	addr_parse("10.0.0.1", &finding.client_ip);
	addr_parse("192.0.2.7", &finding.server_ip);
	finding.port = 21;
	TEXT(finding.summary, "FTP password in the clear");
	return finding;
}

static const char *alert_of(const struct finding_record *finding)
{
	buf_clear(&out);
	record_eve_alert(&out, finding);
	return buf_cstr(&out);
}

static void a_finding_is_an_alert_of_our_own_generator(void **state)
{
	(void)state;
	struct finding_record finding = a_finding();
	assert_string_equal(
		alert_of(&finding),
		"{\"timestamp\":\"2024-01-31T12:00:00.123456+0000\","
		"\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\","
		"\"dest_ip\":\"192.0.2.7\",\"dest_port\":21,\"proto\":\"TCP\","
		"\"alert\":{\"action\":\"allowed\",\"gid\":7070,\"signature_id\":33,"
		"\"rev\":1,\"signature\":\"FTP password in the clear\","
		"\"category\":\"Potential Corporate Privacy Violation\","
		"\"severity\":2}}");
	record_text(finding.mitre, sizeof(finding.mitre), "T1040");
	assert_has(alert_of(&finding),
		   "\"severity\":2,\"metadata\":{\"mitre_technique_id\":[\"T1040\"],"
		   "\"mitre_technique_name\":[\"Network_Sniffing\"],"
		   "\"mitre_tactic_id\":[\"TA0006\"],"
		   "\"mitre_tactic_name\":[\"Credential_Access\"],"
		   "\"signature_severity\":[\"Major\"]}}}");
	record_text(finding.mitre, sizeof(finding.mitre), "T9999");
	assert_has(alert_of(&finding),
		   "\"metadata\":{\"mitre_technique_id\":[\"T9999\"],"
		   "\"signature_severity\":[\"Major\"]}}}");
}

static void severities_are_suricatas_three(void **state)
{
	(void)state;
	static const struct {
		const char *ours;
		const char *theirs;
	} pairs[] = {
		{ "critical", "\"severity\":1" }, { "high", "\"severity\":1" },
		{ "medium", "\"severity\":2" },   { "low", "\"severity\":3" },
		{ "notice", "\"severity\":3" },   { NULL, "\"severity\":3" },
	};
	struct finding_record finding = a_finding();
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		finding.severity = pairs[i].ours;
		assert_has(alert_of(&finding), pairs[i].theirs);
	}
}

static void every_signature_has_a_number_of_its_own(void **state)
{
	(void)state;
	const char *const *kinds = record_allowed(RECORD_finding, "kind");
	bool taken[100] = { true };
	struct finding_record finding = a_finding();
	for (size_t i = 0; kinds[i] != NULL; i++) {
		finding.kind = kinds[i];
		const char *at = strstr(alert_of(&finding), "\"signature_id\":");
		unsigned long number =
			strtoul(at + strlen("\"signature_id\":"), NULL, 10);
		assert_true(number < 100);
		assert_false(taken[number]);
		taken[number] = true;
		assert_has(buf_cstr(&out), "\"category\":\"");
	}
	finding.kind = "something_new";
	assert_has(alert_of(&finding), "\"signature_id\":0,");
}

static void protocols_have_the_names_of_other_tools(void **state)
{
	(void)state;
	static const struct {
		const char *ours, *transport, *zeek, *eve;
	} cases[] = {
		{ "tls", "tcp", "ssl", "tls" },
		{ "postgresql", "tcp", "postgresql", "pgsql" },
		{ "mysql", "tcp", "mysql", NULL },
		{ "vnc", "tcp", "rfb", "rfb" },
		{ "ldap", "tcp", "ldap_tcp", "ldap" },
		{ "ldap", "udp", "ldap_udp", "ldap" },
		{ "quic", "udp", "quic,ssl", "quic" },
		{ "mdns", "udp", "dns", "mdns" },
		{ "memcached", "tcp", "memcached", NULL },
		{ "http", "tcp", "http", "http" },
	};
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		flow.transport = cases[i].transport;
		TEXT(flow.protocol, cases[i].ours);
		flow.protocol_by = "content";
		assert_string_equal(flow_zeek_service(&flow), cases[i].zeek);
		if (cases[i].eve == NULL)
			assert_null(flow_eve_protocol(&flow));
		else
			assert_string_equal(flow_eve_protocol(&flow), cases[i].eve);
		flow.protocol_by = "port";
		assert_null(flow_zeek_service(&flow));
		assert_null(flow_eve_protocol(&flow));
	}
}

static void hostile_text_stays_inside_its_string(void **state)
{
	(void)state;
	union said said = said_by(RECORD_dns, "udp");
	memset(said.dns.query, '"', sizeof(said.dns.query) - 1);
	memset(said.dns.answer, ',', sizeof(said.dns.answer) - 1);
	said.dns.type = "A";
	said.dns.flags = 0x8180;
	assert_true(buf_ok(&out));
	assert_has(eve_of(RECORD_dns, &said), "\\\"\\\"\\\"\",\"rrtype\":\"A\"");
	memset(said.dns.answer, 0, sizeof(said.dns.answer));
	memset(said.dns.answer, '\x01', 100);
	assert_has(eve_of(RECORD_dns, &said), "\"CNAME\":[\"\\u0001");

	said = said_by(RECORD_tls, "tcp");
	memset(said.tls.serial, '"', sizeof(said.tls.serial) - 1);
	memset(said.tls.alt_names, '\\', sizeof(said.tls.alt_names) - 1);
	assert_has(eve_of(RECORD_tls, &said), "\"serial\":\"\\\":\\\"\\\":\\\"\\\"");
	assert_has(eve_of(RECORD_tls, &said), "\"subjectaltname\":[\"\\\\\\\\");
	said = said_by(RECORD_smtp, "tcp");
	memset(said.smtp.mail_from, 'x', sizeof(said.smtp.mail_from) - 1);
	assert_has(eve_of(RECORD_smtp, &said), "xxx>\"");
}

static int free_out(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_the_flow_id_and_community_id_of_its_flow),
		cmocka_unit_test(an_event_says_whose_conversation_it_is),
		cmocka_unit_test(http_has_a_protocol_or_a_version),
		cmocka_unit_test(a_question_and_its_answer_are_two_events),
		cmocka_unit_test(an_answer_alone_is_no_question),
		cmocka_unit_test(an_answer_that_was_cut_is_not_taken_for_a_name),
		cmocka_unit_test(answers_are_grouped_only_where_their_type_is_sure),
		cmocka_unit_test(tls_has_suricatas_forms_of_certificates),
		cmocka_unit_test(a_handshake_over_udp_is_quics_or_dtls),
		cmocka_unit_test(ssh_has_two_sides_and_none_that_was_not_heard),
		cmocka_unit_test(ftp_and_smtp_have_their_lists),
		cmocka_unit_test(snmp_has_suricatas_names_of_messages),
		cmocka_unit_test(sip_rdp_and_dhcp_have_texts_where_suricata_has),
		cmocka_unit_test(a_login_is_no_event),
		cmocka_unit_test(a_finding_is_an_alert_of_our_own_generator),
		cmocka_unit_test(severities_are_suricatas_three),
		cmocka_unit_test(every_signature_has_a_number_of_its_own),
		cmocka_unit_test(protocols_have_the_names_of_other_tools),
		cmocka_unit_test(hostile_text_stays_inside_its_string),
	};
	return cmocka_run_group_tests(tests, NULL, free_out);
}
