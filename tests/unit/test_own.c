/*
 * test_own.c: which of the services that listen here are asked, in which words, and
 * when not any more.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/own.h"

#define SECOND_US 1000000LL
#define EXE       "/usr/bin/breakwater"

enum { TOLD_MAX = 1024 };

struct scene {
	struct catalog *catalog;
	struct own *own;
	int64_t now_us;
	bool is_deaf;
	unsigned count;
	struct probe_own told[TOLD_MAX];
};

static bool hear(void *self, const struct probe_own *own)
{
	struct scene *scene = self;
	if (scene->is_deaf)
		return false;
	assert_true(scene->count < TOLD_MAX);
	scene->told[scene->count++] = *own;
	return true;
}

static int begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	assert_non_null(scene);
	scene->catalog = catalog_open("/nonexistent", "/nonexistent");
	struct own_options options = { .catalog = scene->catalog,
				       .interval_s = 60,
				       .exe = EXE,
				       .self = scene,
				       .tell = hear };
	scene->own = own_new(&options);
	assert_non_null(scene->own);
	*state = scene;
	return 0;
}

static int end(void **state)
{
	struct scene *scene = *state;
	own_free(scene->own);
	catalog_close(scene->catalog);
	free(scene);
	return 0;
}

static struct listener_record listener(const char *transport, const char *ip,
				       uint32_t port)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.transport = transport;
	assert_true(addr_parse(ip, &l.ip));
	l.port = port;
	record_text(l.exe, sizeof(l.exe), "/usr/sbin/served");
	return l;
}

static void change(struct scene *scene, struct listener_record l, const char *what)
{
	l.change = what;
	own_take_listener(scene->own, &l, scene->now_us);
}

static void listen_at(struct scene *scene, const char *ip, uint32_t port)
{
	change(scene, listener("tcp", ip, port), "opened");
}

static void pass(struct scene *scene, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		scene->now_us += SECOND_US;
		own_second(scene->own, scene->now_us);
	}
}

static void told_once(struct scene *scene, const char *text, const char *asked,
		      bool is_gone)
{
	if (scene->count != 1)
		fail_msg("%u were told, the first: %s", scene->count,
			 scene->count > 0 ? scene->told[0].text : "none");
	assert_string_equal(scene->told[0].text, text);
	if (asked != NULL)
		assert_string_equal(scene->told[0].asked, asked);
	assert_int_equal(scene->told[0].is_gone, is_gone);
	scene->count = 0;
}

static void told_nothing(struct scene *scene)
{
	if (scene->count != 0)
		fail_msg("%s was told", scene->told[0].text);
}

static struct probe_record answer(const char *target, const char *state,
				  const char *reason)
{
	struct probe_record p;
	record_init(RECORD_probe, &p);
	record_text(p.target, sizeof(p.target), target);
	p.state = state;
	p.reason = reason;
	p.transport = "tcp";
	assert_true(addr_parse("127.0.0.1", &p.ip));
	p.port = 8080;
	return p;
}

static void take(struct scene *scene, struct probe_record p)
{
	own_take_answer(scene->own, &p, true);
}

static void the_words_are_the_ones_that_do_no_harm(void **state)
{
	static const struct {
		const char *spoken, *usual;
		uint8_t proto;
		const char *scheme;
	} cases[] = {
		{ "ssh", NULL, IPPROTO_TCP, "ssh" },
		{ NULL, "ssh", IPPROTO_TCP, "ssh" },
		{ "ssh", "http", IPPROTO_TCP, "ssh" }, /* what is spoken counts */
		{ "http", NULL, IPPROTO_TCP, "http" },
		{ NULL, "https", IPPROTO_TCP, "https" },
		{ "tls", "https", IPPROTO_TCP, "https" },
		{ "tls", "imaps", IPPROTO_TCP, "imaps" },
		{ "tls", NULL, IPPROTO_TCP, "tls" },
		{ "tls", "http", IPPROTO_TCP, "tls" },
		{ NULL, "dns", IPPROTO_UDP, "dns" },
		{ NULL, "dns", IPPROTO_TCP, "dns+tcp" },
		{ "ntp", NULL, IPPROTO_UDP, "ntp" },
		{ "ntp", NULL, IPPROTO_TCP, NULL },
		{ "mysql", "mysql", IPPROTO_TCP, NULL }, /* it counts who says no more
							  */
		{ "vnc", NULL, IPPROTO_TCP, NULL },
		{ "mqtt", "mqtt", IPPROTO_TCP, NULL }, /* to connect is to log in */
		{ "tls", "mqtts", IPPROTO_TCP, "tls" },
		{ "telnet", NULL, IPPROTO_TCP, NULL },
		{ "snmp", NULL, IPPROTO_UDP, NULL },
		{ "sip", NULL, IPPROTO_UDP, NULL },
		{ "dhcp", NULL, IPPROTO_UDP, NULL },
		{ NULL, "telnets", IPPROTO_TCP, NULL },
		{ "bittorrent", "http", IPPROTO_TCP, NULL },
		{ NULL, "quic", IPPROTO_UDP, NULL },
		{ NULL, NULL, IPPROTO_TCP, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *scheme =
			own_scheme(cases[i].spoken, cases[i].usual, cases[i].proto);
		if (cases[i].scheme == NULL
			    ? scheme != NULL
			    : scheme == NULL || strcmp(scheme, cases[i].scheme) != 0)
			fail_msg("case %zu: %s", i, scheme != NULL ? scheme : "none");
	}
}

static void what_is_told_can_be_asked(void **state)
{
	static const struct {
		const char *transport, *ip, *iface;
		uint32_t port;
		const char *text, *asked;
	} cases[] = {
		{ "tcp", "0.0.0.0", "", 22, "ssh://127.0.0.1:22",
		  "ssh://127.0.0.1:22" },
		{ "tcp", "::", "", 25, "smtp://[::1]:25", "smtp://[::1]:25" },
		{ "tcp", "192.0.2.1", "", 80, "http://192.0.2.1:80/",
		  "http://192.0.2.1:80/#status=100-499&redirects=no" },
		{ "tcp", "127.0.0.1", "", 443, "https://127.0.0.1:443/",
		  "https://127.0.0.1:443/#status=100-499&redirects=no&verify=dates" },
		{ "tcp", "::1", "", 993, "imaps://[::1]:993",
		  "imaps://[::1]:993?verify=dates" },
		{ "tcp", "fe80::1", "eth0", 22, "ssh://[fe80::1%25eth0]:22", NULL },
		{ "udp", "127.0.0.53", "", 53, "dns://127.0.0.53:53", NULL },
	};
	struct scene *scene = *state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener_record l =
			listener(cases[i].transport, cases[i].ip, cases[i].port);
		struct target target;
		char why[TARGET_WHY_MAX];
		record_text(l.iface, sizeof(l.iface), cases[i].iface);
		change(scene, l, "opened");
		pass(scene, OWN_SETTLE_S);
		if (!target_parse(&target, scene->told[0].asked, why))
			fail_msg("%s", why);
		target_free(&target);
		told_once(scene, cases[i].text, cases[i].asked, false);
	}
}

static void what_is_no_service_of_ours_is_not_asked(void **state)
{
	struct scene *scene = *state;
	struct listener_record l = listener("tcp", "0.0.0.0", 22);
	l.netns = 4026532000;
	change(scene, l, "opened");
	l = listener("tcp", "0.0.0.0", 80);
	record_text(l.exe, sizeof(l.exe), EXE);
	change(scene, l, "opened");
	l = listener("tcp", "0.0.0.0", 25);
	record_text(l.iface, sizeof(l.iface), "eth0"); /* loopback does not get there */
	change(scene, l, "opened");
	change(scene, listener("udp", "224.0.0.251", 53), "opened");
	change(scene, listener("sctp", "0.0.0.0", 22), "opened");
	change(scene, listener("tcp", "0.0.0.0", 3306), "opened");
	pass(scene, 30);
	told_nothing(scene);
	struct own_counts counts;
	own_counts(scene->own, &counts);
	assert_int_equal(counts.targets, 0);
	assert_int_equal(counts.unasked, 1);
}

static void a_port_must_have_been_there_for_a_while(void **state)
{
	struct scene *scene = *state;
	listen_at(scene, "0.0.0.0", 22);
	pass(scene, OWN_SETTLE_S - 1);
	told_nothing(scene);
	change(scene, listener("tcp", "0.0.0.0", 22), "closed");
	pass(scene, 30);
	told_nothing(scene);
	listen_at(scene, "0.0.0.0", 22);
	pass(scene, OWN_SETTLE_S);
	told_once(scene, "ssh://127.0.0.1:22", NULL, false);
	pass(scene, 30);
	told_nothing(scene);
	/* A restart within a second is none; two sockets are one service. */
	change(scene, listener("tcp", "0.0.0.0", 22), "closed");
	listen_at(scene, "0.0.0.0", 22);
	listen_at(scene, "0.0.0.0", 22);
	pass(scene, 1);
	change(scene, listener("tcp", "0.0.0.0", 22), "closed");
	pass(scene, 5);
	told_nothing(scene);
	scene->is_deaf = true;
	change(scene, listener("tcp", "0.0.0.0", 22), "closed");
	pass(scene, 5);
	scene->is_deaf = false; /* it is told when it can be */
	pass(scene, 1);
	told_once(scene, "ssh://127.0.0.1:22", NULL, true);
}

static void a_crowd_of_ports_is_bounded(void **state)
{
	struct scene *scene = *state;
	struct own_counts counts;
	struct addr ip;
	for (uint32_t i = 0; i < 40; i++)
		listen_at(scene, "127.0.0.1", 20000 + i);
	assert_true(addr_parse("127.0.0.1", &ip));
	for (uint16_t i = 0; i < 40; i++)
		own_note_protocol(scene->own, "tcp", &ip, 20000 + i, "http");
	pass(scene, OWN_SETTLE_S);
	assert_int_equal(scene->count, OWN_PER_PROGRAM);
	own_counts(scene->own, &counts);
	assert_int_equal(counts.targets, OWN_PER_PROGRAM);
	assert_int_equal(counts.left_out, 40 - OWN_PER_PROGRAM);
	for (uint32_t i = 0; i < 1000; i++) {
		struct listener_record l = listener("tcp", "127.0.0.1", 30000 + i);
		snprintf(l.exe, sizeof(l.exe), "/usr/sbin/served%u", i);
		change(scene, l, "opened");
		own_note_protocol(scene->own, "tcp", &ip, (uint16_t)l.port, "http");
	}
	pass(scene, OWN_SETTLE_S);
	assert_int_equal(scene->count, OWN_TARGETS_MAX);
	own_counts(scene->own, &counts);
	assert_int_equal(counts.targets, OWN_TARGETS_MAX);
}

static void who_asks_anew_is_told_all(void **state)
{
	struct scene *scene = *state;
	listen_at(scene, "0.0.0.0", 22);
	pass(scene, OWN_SETTLE_S);
	scene->count = 0;
	own_tell_again(scene->own);
	pass(scene, 1);
	told_once(scene, "ssh://127.0.0.1:22", NULL, false);
	change(scene, listener("tcp", "0.0.0.0", 22), "closed");
	own_tell_again(scene->own);
	pass(scene, 1);
	told_once(scene, "ssh://127.0.0.1:22", NULL, true);
}

/* 8080 is usually HTTP; something else may be there, and is not unwell. */
static void a_guess_that_is_wrong_is_taken_back(void **state)
{
	struct scene *scene = *state;
	struct addr ip;
	assert_true(addr_parse("0.0.0.0", &ip));
	listen_at(scene, "0.0.0.0", 8080);
	pass(scene, OWN_SETTLE_S);
	told_once(scene, "http://127.0.0.1:8080/", NULL, false);
	take(scene, answer("http://127.0.0.1:8080/", "down", "wrong_protocol"));
	told_once(scene, "http://127.0.0.1:8080/", NULL, true);
	pass(scene, 60);
	told_nothing(scene);
	own_note_protocol(scene->own, "tcp", &ip, 8080, "redis");
	pass(scene, 1);
	told_once(scene, "redis://127.0.0.1:8080", NULL, false);
	/* What was heard is no guess. */
	take(scene, answer("redis://127.0.0.1:8080", "down", "silent"));
	pass(scene, 1);
	told_nothing(scene);
}

static void a_guess_that_is_right_stays(void **state)
{
	struct scene *scene = *state;
	struct addr ip;
	assert_true(addr_parse("0.0.0.0", &ip));
	listen_at(scene, "0.0.0.0", 8080);
	pass(scene, OWN_SETTLE_S);
	scene->count = 0;
	take(scene, answer("http://127.0.0.1:8080/", "down", "refused"));
	take(scene, answer("http://127.0.0.1:8080/", "unknown", "no_ports"));
	take(scene, answer("http://127.0.0.1:8080/", "up", NULL));
	take(scene, answer("http://127.0.0.1:8080/", "down", "silent"));
	/* Nor does a stranger's babble change it. */
	own_note_protocol(scene->own, "tcp", &ip, 8080, "redis");
	pass(scene, 30);
	told_nothing(scene);
}

static void who_is_named_is_not_asked_twice(void **state)
{
	struct scene *scene = *state;
	listen_at(scene, "0.0.0.0", 8080);
	pass(scene, OWN_SETTLE_S);
	scene->count = 0;
	take(scene, answer("http://named.example:8080/app", "up", NULL));
	told_once(scene, "http://127.0.0.1:8080/", NULL, true);
	pass(scene, 30);
	told_nothing(scene);
	take(scene, answer("http://named.example:8080/app", NULL, NULL));
	pass(scene, 1);
	told_once(scene, "http://127.0.0.1:8080/", NULL, false);
	/* It had the same text as one that was named, and went with it. */
	take(scene, answer("http://127.0.0.1:8080/", NULL, NULL));
	pass(scene, 1);
	told_once(scene, "http://127.0.0.1:8080/", NULL, false);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_are_the_ones_that_do_no_harm),
		IN_SCENE(what_is_told_can_be_asked),
		IN_SCENE(what_is_no_service_of_ours_is_not_asked),
		IN_SCENE(a_port_must_have_been_there_for_a_while),
		IN_SCENE(a_crowd_of_ports_is_bounded),
		IN_SCENE(who_asks_anew_is_told_all),
		IN_SCENE(a_guess_that_is_wrong_is_taken_back),
		IN_SCENE(a_guess_that_is_right_stays),
		IN_SCENE(who_is_named_is_not_asked_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
