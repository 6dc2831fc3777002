/*
 * test_detect_said.c: what readers of conversations noticed becomes findings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "detect_scene.h"

enum { PORT = 8443, SOURCES_MAX = 64 };

static struct finding_record noticed(const struct scene *scene, const char *kind,
				     const char *severity, const char *server)
{
	struct finding_record evidence;
	record_init(RECORD_finding, &evidence);
	evidence.at = evidence.first = evidence.last = scene->now_us;
	evidence.kind = kind;
	evidence.technique = "odd";
	evidence.severity = severity;
	evidence.transport = "tcp";
	evidence.server_ip = addr(server);
	evidence.port = PORT;
	evidence.attempts = 1;
	return evidence;
}

static void a_notice_does_not_make_a_port_unwell(void **state)
{
	struct scene *scene = *state;
	struct addr ours = addr("192.0.2.1");
	struct finding_record evidence =
		noticed(scene, "protocol_anomaly", "notice", "192.0.2.1");
	detect_evidence(scene->detect, &evidence);
	said_once(scene, "protocol_anomaly", "odd", "notice", "open");
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, PORT), 0);
	evidence.severity = "low";
	detect_evidence(scene->detect, &evidence);
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, PORT), 1);
}

static void what_is_weak_elsewhere_is_a_notice(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *kind, *server, *severity;
	} cases[] = {
		{ "weak_protocol", "192.0.2.1", "medium" },
		{ "weak_protocol", "198.51.100.7", "notice" },
		{ "cleartext_login", "198.51.100.7", "medium" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct finding_record evidence =
			noticed(scene, cases[i].kind, "medium", cases[i].server);
		detect_evidence(scene->detect, &evidence);
		said_once(scene, cases[i].kind, "odd", cases[i].severity, "open");
	}
}

static void what_is_seen_again_adds_up_with_the_first_sentence(void **state)
{
	struct scene *scene = *state;
	struct finding_record evidence =
		noticed(scene, "protocol_anomaly", "low", "192.0.2.1");
	record_text(evidence.summary, sizeof(evidence.summary), "First.");
	detect_evidence(scene->detect, &evidence);
	record_text(evidence.summary, sizeof(evidence.summary), "Second.");
	for (int i = 0; i < 4; i++) {
		pass(scene, 6);
		evidence.at = evidence.first = evidence.last = scene->now_us;
		detect_evidence(scene->detect, &evidence);
	}
	pass(scene, 12);
	assert_true(scene->count >= 2);
	const struct finding_record *last = &scene->said[scene->count - 1];
	assert_string_equal(last->id, scene->said[0].id);
	assert_string_equal(last->summary, "First.");
	assert_int_equal(last->attempts, 5);
}

static void come_from_many(struct scene *scene, struct finding_record *evidence)
{
	for (unsigned i = 0; i < 3 * SOURCES_MAX; i++) {
		char client[24];
		snprintf(client, sizeof(client), "198.51.100.%u", 1 + i);
		evidence->client_ip = addr(client);
		evidence->client_prefix = 32;
		detect_evidence(scene->detect, evidence);
	}
}

static void odd_packets_of_many_to_many_ports_share_one_finding(void **state)
{
	struct scene *scene = *state;
	struct finding_record evidence =
		noticed(scene, "protocol_anomaly", "low", "192.0.2.1");
	evidence.technique = "tcp_flags";
	for (int i = 0; i < 3; i++) {
		evidence.port = PORT + (uint32_t)i;
		come_from_many(scene, &evidence);
		scene->count = 0;
	}
	assert_int_equal(open_count(scene), SOURCES_MAX + 1);
	struct addr ours = addr("192.0.2.1");
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, PORT), 0);
}

static void so_many_clients_share_one_finding(void **state)
{
	struct scene *scene = *state;
	struct finding_record evidence =
		noticed(scene, "protocol_anomaly", "low", "192.0.2.1");
	come_from_many(scene, &evidence);
	struct addr ours = addr("192.0.2.1");
	assert_int_equal(detect_count(scene->detect, "tcp", &ours, PORT),
			 SOURCES_MAX + 1);
}

static struct tls_record handshake(struct scene *scene, const char *server,
				   const char *sni, const char *sha256)
{
	struct tls_record tls;
	record_init(RECORD_tls, &tls);
	tls.at = scene->now_us;
	tls.transport = "tcp";
	tls.server_ip = addr(server);
	tls.server_port = 443;
	record_text(tls.sni, sizeof(tls.sni), sni);
	record_text(tls.sha256, sizeof(tls.sha256), sha256);
	record_text(tls.subject, sizeof(tls.subject), "CN=example.org");
	record_text(tls.issuer, sizeof(tls.issuer), "CN=Some CA");
	return tls;
}

static void another_certificate_for_a_name_is_news_once(void **state)
{
	struct scene *scene = *state;
	static const struct {
		const char *server, *sni, *sha256;
		size_t news;
	} steps[] = {
		{ "192.0.2.1", "a.example", "1111", 0 },
		{ "192.0.2.1", "b.example", "2222", 0 }, /* another name */
		{ "192.0.2.1", "a.example", "1111", 0 },
		{ "192.0.2.1", "a.example", "3333", 1 },
		{ "192.0.2.1", "a.example", "1111", 0 }, /* both are in use */
		{ "192.0.2.1", "a.example", "3333", 0 },
		{ "198.51.100.1", "a.example", "4444", 0 }, /* not ours */
		{ "198.51.100.1", "a.example", "5555", 0 },
		{ "192.0.2.1", "a.example", "", 0 }, /* TLS 1.3 hides it */
	};
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct tls_record tls = handshake(scene, steps[i].server, steps[i].sni,
						  steps[i].sha256);
		scene->count = 0;
		detect_tls(scene->detect, &tls);
		assert_int_equal(scene->count, steps[i].news);
		scene->now_us += SECOND;
	}
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		SCENE(a_notice_does_not_make_a_port_unwell),
		SCENE(another_certificate_for_a_name_is_news_once),
		SCENE(what_is_weak_elsewhere_is_a_notice),
		SCENE(what_is_seen_again_adds_up_with_the_first_sentence),
		SCENE(so_many_clients_share_one_finding),
		SCENE(odd_packets_of_many_to_many_ports_share_one_finding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
