/*
 * test_catalog.c: names, classes and which of two ports serves, over files of our
 * own, so that the answers do not depend on the machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/catalog.h"

/* Opens a catalogue over these texts; NULL: a file that is not there. */
static struct catalog *open_over(const char *services, const char *range)
{
	char paths[2][32] = { "/tmp/catalog-XXXXXX", "/tmp/catalog-XXXXXX" };
	const char *texts[2] = { services, range };
	for (int i = 0; i < 2; i++) {
		int fd = mkstemp(paths[i]);
		assert_true(fd >= 0);
		if (texts[i] != NULL)
			assert_int_equal(write(fd, texts[i], strlen(texts[i])),
					 strlen(texts[i]));
		else
			unlink(paths[i]);
		close(fd);
	}
	struct catalog *catalog = catalog_open(paths[0], paths[1]);
	assert_non_null(catalog);
	unlink(paths[0]);
	unlink(paths[1]);
	return catalog;
}

static void is_named(const struct catalog *catalog, uint8_t transport, uint16_t port,
		     const char *service, const char *protocol)
{
	const char *name = catalog_service(catalog, transport, port);
	assert_non_null(name);
	assert_string_equal(name, service);
	const char *usual = catalog_protocol(catalog, transport, port);
	if (protocol == NULL) {
		assert_null(usual);
	} else {
		assert_non_null(usual);
		assert_string_equal(usual, protocol);
	}
}

static void seed_services_are_known_without_any_file(void **state)
{
	(void)state;
	static const struct {
		uint8_t transport;
		uint16_t port;
		const char *service, *protocol;
	} known[] = {
		{ IPPROTO_TCP, 20, "ftp-data", "ftp-data" },
		{ IPPROTO_TCP, 21, "ftp", "ftp" },
		{ IPPROTO_TCP, 22, "ssh", "ssh" },
		{ IPPROTO_TCP, 23, "telnet", "telnet" },
		{ IPPROTO_TCP, 25, "smtp", "smtp" },
		{ IPPROTO_UDP, 53, "domain", "dns" },
		{ IPPROTO_TCP, 53, "domain", "dns" },
		{ IPPROTO_UDP, 67, "bootps", "dhcp" },
		{ IPPROTO_UDP, 68, "bootpc", "dhcp" },
		{ IPPROTO_TCP, 80, "http", "http" },
		{ IPPROTO_TCP, 110, "pop3", "pop3" },
		{ IPPROTO_UDP, 123, "ntp", "ntp" },
		{ IPPROTO_UDP, 137, "netbios-ns", "netbios-ns" },
		{ IPPROTO_TCP, 143, "imap", "imap" },
		{ IPPROTO_UDP, 161, "snmp", "snmp" },
		{ IPPROTO_UDP, 162, "snmptrap", "snmp" },
		{ IPPROTO_TCP, 389, "ldap", "ldap" },
		{ IPPROTO_TCP, 443, "https", "https" },
		{ IPPROTO_UDP, 443, "https", "quic" },
		{ IPPROTO_TCP, 445, "microsoft-ds", "smb" },
		{ IPPROTO_UDP, 514, "syslog", "syslog" },
		{ IPPROTO_TCP, 853, "domain-s", "dot" },
		{ IPPROTO_TCP, 993, "imaps", "imaps" },
		{ IPPROTO_TCP, 995, "pop3s", "pop3s" },
		{ IPPROTO_TCP, 1433, "ms-sql-s", "mssql" },
		{ IPPROTO_TCP, 1521, "ncube-lm", "oracle" },
		{ IPPROTO_TCP, 1883, "mqtt", "mqtt" },
		{ IPPROTO_UDP, 2152, "gtp-user", "gtp" },
		{ IPPROTO_TCP, 3306, "mysql", "mysql" },
		{ IPPROTO_TCP, 3389, "ms-wbt-server", "rdp" },
		{ IPPROTO_UDP, 3544, "teredo", "teredo" },
		{ IPPROTO_UDP, 4789, "vxlan", "vxlan" },
		{ IPPROTO_UDP, 5060, "sip", "sip" },
		{ IPPROTO_SCTP, 5061, "sips", "sips" },
		{ IPPROTO_UDP, 5353, "mdns", "mdns" },
		{ IPPROTO_UDP, 5355, "llmnr", "llmnr" },
		{ IPPROTO_TCP, 5432, "postgresql", "postgresql" },
		{ IPPROTO_TCP, 5900, "rfb", "vnc" },
		{ IPPROTO_UDP, 6081, "geneve", "geneve" },
		{ IPPROTO_TCP, 6379, "redis", "redis" },
		{ IPPROTO_TCP, 8000, "irdmi", "http" },
		{ IPPROTO_TCP, 8080, "http-alt", "http" },
		{ IPPROTO_TCP, 8443, "pcsync-https", "https" },
		{ IPPROTO_TCP, 8883, "secure-mqtt", "mqtts" },
		{ IPPROTO_TCP, 11211, "memcache", "memcached" },
		{ IPPROTO_TCP, 27017, "mongodb", "mongodb" },
	};
	struct catalog *catalog = open_over(NULL, NULL);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		is_named(catalog, known[i].transport, known[i].port, known[i].service,
			 known[i].protocol);
	catalog_close(catalog);
}

static void transports_do_not_share_names(void **state)
{
	(void)state;
	struct catalog *catalog = open_over("only-udp 7777/udp\n", NULL);
	assert_null(catalog_service(catalog, IPPROTO_TCP, 7777));
	assert_null(catalog_service(catalog, IPPROTO_SCTP, 7777));
	is_named(catalog, IPPROTO_UDP, 7777, "only-udp", NULL);
	assert_null(catalog_service(catalog, IPPROTO_ICMP, 80));
	assert_null(catalog_protocol(catalog, IPPROTO_ICMP, 80));
	assert_null(catalog_service(catalog, IPPROTO_TCP, 0));
	catalog_close(catalog);
}

static void the_system_renames_a_service_but_not_its_protocol(void **state)
{
	(void)state;
	struct catalog *catalog = open_over("imap2\t143/tcp\timap # old\n"
					    "second 143/tcp\n",
					    NULL);
	is_named(catalog, IPPROTO_TCP, 143, "imap2", "imap");
	catalog_close(catalog);
}

static void a_known_name_or_alias_tells_the_protocol_of_another_port(void **state)
{
	(void)state;
	struct catalog *catalog = open_over("https 4443/tcp\n"
					    "shop-db 3307/tcp db mysql\n"
					    "own 3308/tcp # mysql\n",
					    NULL);
	is_named(catalog, IPPROTO_TCP, 4443, "https", "https");
	is_named(catalog, IPPROTO_TCP, 3307, "shop-db", "mysql");
	is_named(catalog, IPPROTO_TCP, 3308, "own", NULL);
	catalog_close(catalog);
}

static void bad_lines_change_nothing(void **state)
{
	(void)state;
	char text[4096];
	int len = snprintf(text, sizeof(text),
			   "\n#\n   \n"
			   "alone\n"
			   "zero 0/tcp\n"
			   "above 65536/tcp\n"
			   "above 4294967377/tcp\n"
			   "minus -80/tcp\n"
			   "ddp 4001/ddp\n"
			   "noslash 4002\n"
			   "empty 4003/\n"
			   "letters 40x4/tcp\n"
			   "a-name-that-is-far-too-long 4005/tcp\n"
			   "bad\x1bname 4006/tcp\n"
			   "bad\"name 4007/tcp\n"
			   "long 4008/tcp %0900d\n"
			   "tail 4009/tcp",
			   0);
	assert_true(len > 0 && (size_t)len < sizeof(text));
	struct catalog *catalog = open_over(text, NULL);
	for (uint16_t port = 4001; port <= 4008; port++)
		assert_null(catalog_service(catalog, IPPROTO_TCP, port));
	assert_null(catalog_service(catalog, IPPROTO_TCP, 0));
	is_named(catalog, IPPROTO_TCP, 80, "http", "http");
	is_named(catalog, IPPROTO_TCP, 4009, "tail", NULL);
	catalog_close(catalog);
}

static void the_rest_of_a_long_line_is_not_a_line(void **state)
{
	(void)state;
	char text[1200];
	memset(text, ' ', sizeof(text));
	memcpy(text, "# comment", 9);
	snprintf(text + 511, sizeof(text) - 511, "hidden 4010/tcp\nseen 4011/tcp\n");
	struct catalog *catalog = open_over(text, NULL);
	assert_null(catalog_service(catalog, IPPROTO_TCP, 4010));
	is_named(catalog, IPPROTO_TCP, 4011, "seen", NULL);
	catalog_close(catalog);
}

static void a_huge_database_is_bounded(void **state)
{
	(void)state;
	enum { LINES = 65535, LINE = 32 };
	char *text = malloc(LINES * LINE);
	assert_non_null(text);
	size_t len = 0;
	for (int port = 1; port <= LINES; port++)
		len += (size_t)snprintf(text + len, LINE, "s%d %d/udp\n", port, port);
	struct catalog *catalog = open_over(text, NULL);
	free(text);
	is_named(catalog, IPPROTO_UDP, 9999, "s9999", NULL);
	is_named(catalog, IPPROTO_UDP, 53, "s53", "dns");
	assert_null(catalog_service(catalog, IPPROTO_UDP, 65535));
	catalog_close(catalog);
}

static void classes_follow_rfc_6335(void **state)
{
	(void)state;
	struct catalog *catalog = open_over(NULL, NULL);
	static const struct {
		uint16_t port;
		const char *name;
	} classes[] = {
		{ 0, "well-known" },     { 1023, "well-known" }, { 1024, "registered" },
		{ 49151, "registered" }, { 49152, "dynamic" },   { 65535, "dynamic" },
	};
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		assert_string_equal(
			catalog_class(catalog, IPPROTO_TCP, classes[i].port),
			classes[i].name);
	catalog_close(catalog);
}

static void the_hosts_own_range_is_dynamic_unless_named(void **state)
{
	(void)state;
	struct catalog *catalog = open_over("mine 40000/tcp\n", "32768\t60999\n");
	assert_string_equal(catalog_class(catalog, IPPROTO_TCP, 32767), "registered");
	assert_string_equal(catalog_class(catalog, IPPROTO_TCP, 32768), "dynamic");
	assert_string_equal(catalog_class(catalog, IPPROTO_TCP, 40000), "registered");
	assert_string_equal(catalog_class(catalog, IPPROTO_UDP, 40000), "dynamic");
	assert_string_equal(catalog_class(catalog, IPPROTO_TCP, 61000), "dynamic");
	catalog_close(catalog);
}

static void a_broken_range_is_ignored(void **state)
{
	(void)state;
	static const char *const broken[] = {
		"", "x y\n", "40000\n", "50000 40000\n", "1024 70000\n", "40000 -1\n"
	};
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct catalog *catalog = open_over(NULL, broken[i]);
		assert_string_equal(catalog_class(catalog, IPPROTO_TCP, 45000),
				    "registered");
		catalog_close(catalog);
	}
}

static void serves(const struct catalog *catalog, uint16_t server, uint16_t client)
{
	assert_true(catalog_serves_rather(catalog, IPPROTO_UDP, server, client));
	assert_false(catalog_serves_rather(catalog, IPPROTO_UDP, client, server));
}

static void the_likelier_server_port_is_told(void **state)
{
	(void)state;
	struct catalog *catalog = open_over("http 80/udp\n", "32768 60999\n");
	serves(catalog, 80, 50000); /* named before unnamed */
	serves(catalog, 67, 68);    /* the lower of two well-known */
	serves(catalog, 546, 547);
	serves(catalog, 3544, 3797);
	serves(catalog, 4789, 1000); /* a name counts more than a low number */
	serves(catalog, 53, 5353);   /* both named: well-known before another */
	serves(catalog, 900, 40000); /* both unnamed */
	/* Of both unnamed, who was given a port by the system is the client. */
	assert_true(catalog_serves_rather(catalog, IPPROTO_TCP, 4222, 38834));
	assert_false(catalog_serves_rather(catalog, IPPROTO_TCP, 38834, 4222));
	assert_false(catalog_serves_rather(catalog, IPPROTO_TCP, 4222, 8222));
	catalog_close(catalog);
}

static void what_cant_be_told_is_false_both_ways(void **state)
{
	(void)state;
	struct catalog *catalog = open_over(NULL, "32768 60999\n");
	static const uint16_t pairs[][2] = { { 40000, 50000 },
					     { 80, 80 },
					     { 53, 53 },
					     { 4789, 6081 },
					     { 2000, 50000 } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint16_t a = pairs[i][0], b = pairs[i][1];
		assert_false(catalog_serves_rather(catalog, IPPROTO_UDP, a, b));
		assert_false(catalog_serves_rather(catalog, IPPROTO_UDP, b, a));
	}
	catalog_close(catalog);
}

static void only_who_is_asked_must_answer(void **state)
{
	struct catalog *catalog = catalog_open("/nonexistent", "/nonexistent");
	(void)state;
	assert_non_null(catalog);
	assert_true(catalog_answers(catalog, IPPROTO_TCP, 12345));
	assert_true(catalog_answers(catalog, IPPROTO_UDP, 53));
	assert_true(catalog_answers(catalog, IPPROTO_UDP, 123));
	assert_false(catalog_answers(catalog, IPPROTO_UDP, 514));
	assert_false(catalog_answers(catalog, IPPROTO_UDP, 137));
	assert_false(catalog_answers(catalog, IPPROTO_UDP, 12345));
	catalog_close(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_who_is_asked_must_answer),
		cmocka_unit_test(seed_services_are_known_without_any_file),
		cmocka_unit_test(transports_do_not_share_names),
		cmocka_unit_test(the_system_renames_a_service_but_not_its_protocol),
		cmocka_unit_test(
			a_known_name_or_alias_tells_the_protocol_of_another_port),
		cmocka_unit_test(bad_lines_change_nothing),
		cmocka_unit_test(the_rest_of_a_long_line_is_not_a_line),
		cmocka_unit_test(a_huge_database_is_bounded),
		cmocka_unit_test(classes_follow_rfc_6335),
		cmocka_unit_test(the_hosts_own_range_is_dynamic_unless_named),
		cmocka_unit_test(a_broken_range_is_ignored),
		cmocka_unit_test(the_likelier_server_port_is_told),
		cmocka_unit_test(what_cant_be_told_is_false_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
