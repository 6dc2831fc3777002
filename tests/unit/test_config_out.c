/*
 * test_config_out.c: what is told of the configuration: JSON, schema, docs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

static struct buf errors;

static int parse(struct config *config, const char *text)
{
	buf_clear(&errors);
	return config_parse(config, text, strlen(text), "f", &errors);
}

static void json_knows_every_key(void **state)
{
	(void)state;
	struct config config;
	struct buf json = { 0 };
	config_init(&config);
	assert_int_equal(parse(&config, "home: [10.0.0.0/8]\nlimits: {loss: 2.5 %}"),
			 0);
	config_json(&json, &config);
	const char *wanted =
		"{'home': ['10.0.0.0/8'], 'listen': '127.0.0.1:7070', "
		"'web': {'loopback_read': true, 'names': [], 'certificate': '', "
		"'key': '', 'proxy': [], 'proxy_client_header': '', "
		"'proxy_user_header': '', "
		"'proxy_role_header': '', 'proxy_role': 'viewer', "
		"'status_page': false, 'status_title': 'Status', "
		"'status_targets': [], 'dashboards': "
		"'/etc/breakwater/dashboards.d'}, 'geo': {'database': ''}, 'state': "
		"'/var/lib/breakwater', 'user': 'breakwater', 'interfaces': [], "
		"'capture': {'filter': '', 'content': true, 'workers': 1, 'ring_mib': "
		"8}, 'flows': {'max': 131072, 'half_open_max': 131072, "
		"'source_share': 8192}, 'limits': {'response_ms': 100, 'loss': 0.025, "
		"'errors': 0.001, 'usual': true, 'files': []}, "
		"'notify': {'to': [], 'files': [], 'severity': 'medium', "
		"'group_wait': '30s', 'group_interval': '5m', 'repeat': '4h', "
		"'spool': '64 MB', 'program': ''}, 'detect': {'attacks': true, "
		"'friends': [], "
		"'scan_ports': 15, 'sweep_hosts': 20, 'guesses': 5, "
		"'flood_connections': 200, 'flood_syns': 200}, "
		"'traps': {'ports': [], 'answer': false}, 'blocklists': [], "
		"'block': {'mode': 'observe', 'never': [], 'findings': [], "
		"'severity': 'medium', 'time': '10m', 'longest': '7d', 'forget': "
		"'30d', 'new_per_minute': 10, 'total': 1000, 'limit': 5, 'confirm': "
		"'1m', 'xdp': [], 'program': '', 'program_user': '', "
		"'self_test': '1h'}, 'policy': {'review': '180d'}, "
		"'report': {'schedule': [], 'keep': 24, 'compliance': ''}, "
		"'retention': {'flows': '7d', 'ports_10s': '2d', "
		"'ports_1m': '90d', 'ports_1h': '400d', 'ports_1d': '3660d', "
		"'events': '400d', 'evidence': '30d', 'evidence_size': '512 MB', "
		"'probes': '30d', 'failures': '30d', "
		"'packets': '64 MB', 'size': '10 GB'}, 'privacy': "
		"{'pseudonyms_after': '0d', 'keys_kept': '30d'}, 'logs': "
		"{'journal': true, 'files': [], 'programs': true, 'formats': "
		"'/etc/breakwater/formats.d'}, 'probe': {'targets': [], 'files': [], "
		"'allow': [], 'blackbox_modules': '', 'interval': '30s', 'retry': "
		"'5s', 'own': true, 'own_interval': '1m', 'passive': true, 'fails': 2, "
		"'of': 3, 'recovers': 1, 'slow': 'off', 'certificate_days': 21, "
		"'maintenance': []}, 'fleet': {'servers': [], 'spool': '256 MB', "
		"'flows': true, 'shared_blocks': true}, 'hub': {'store': '', "
		"'replicas': 1, 'stream_size': '1 GB', 'name': "
		"''}}";
	for (char *c = json.at; (c = memchr(c, '"', json.len - (size_t)(c - json.at)));)
		*c = '\'';
	assert_string_equal(buf_cstr(&json), wanted);
	buf_free(&json);
}

static void schema_and_docs_know_every_key(void **state)
{
	(void)state;
	struct config config;
	struct buf schema = { 0 }, docs = { 0 };
	static const char *const paths[] = {
#define KEY(type, name, path, ...) path,
#include "config/config.def"
#undef KEY
	};
	config_schema(&schema), config_docs(&docs);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *dot = strchr(paths[i], '.');
		char head[64];
		snprintf(head, sizeof(head), "\n## `%s`\n", paths[i]);
		assert_non_null(strstr(buf_cstr(&docs), head));
		assert_non_null(
			strstr(buf_cstr(&schema), dot != NULL ? dot + 1 : paths[i]));
	}
	assert_non_null(strstr(buf_cstr(&schema), "\"additionalProperties\": false"));
	/* JSON is YAML: the parser we have says whether the brackets close. */
	config_init(&config);
	assert_int_not_equal(parse(&config, buf_cstr(&schema)), 0);
	assert_non_null(strstr(buf_cstr(&errors), "f:2:3: unknown key \"$schema\""));
	buf_free(&errors);
	buf_free(&schema), buf_free(&docs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_knows_every_key),
		cmocka_unit_test(schema_and_docs_know_every_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
