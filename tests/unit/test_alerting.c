/*
 * test_alerting.c: incidents of a running monitor: what people say of them by forms,
 * and that they go on after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/alerting.h"
#include "store/store.h"

enum { KEPT_MAX = 64 };

static struct alerting alerting;
static struct home own;
static struct store *store;
static char folder[64];

static struct {
	struct incident_record incident; /* the last */
	struct deployment_record deployment;
	struct audit_record audits[KEPT_MAX];
	size_t incidents, audit_count;
} kept;

static void keep(void *self, enum record_kind kind, const void *record)
{
	(void)self;
	store_put(store, kind, record);
	if (kind == RECORD_incident) {
		kept.incident = *(const struct incident_record *)record;
		kept.incidents++;
	} else if (kind == RECORD_deployment) {
		kept.deployment = *(const struct deployment_record *)record;
	} else if (kind == RECORD_audit) {
		assert_true(kept.audit_count < KEPT_MAX);
		kept.audits[kept.audit_count++] = *(const struct audit_record *)record;
	}
}

static void start(void)
{
	const struct alerting_sink sink = { .keep = keep };
	assert_true(alerting_open(&alerting, folder, &own, &sink));
	store = store_open(folder, &store_no_limits);
	assert_non_null(store);
}

static void stop(void)
{
	alerting_close(&alerting);
	store_close(store);
}

static int begin(void **state)
{
	(void)state;
	memset(&kept, 0, sizeof(kept));
	snprintf(folder, sizeof(folder), "/tmp/test_alerting.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	start();
	return 0;
}

static int end(void **state)
{
	char command[96];
	(void)state;
	stop();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

static void finding(const char *id, const char *state_word)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	record_text(f.id, sizeof(f.id), id);
	f.first = f.last = f.at = clock_us(CLOCK_REALTIME);
	f.kind = "port_scan";
	f.severity = "medium";
	f.state = state_word;
	record_text(f.incident, sizeof(f.incident), "feedfeedfeedfeed");
	record_text(f.summary, sizeof(f.summary), "scanned 200 ports");
	assert_true(addr_parse("198.51.100.7", &f.client_ip));
	assert_true(addr_parse("192.0.2.1", &f.server_ip));
	alerting_finding(&alerting, &f);
}

static void block_of(const char *finding_id)
{
	struct block_record b;
	record_init(RECORD_block, &b);
	record_text(b.id, sizeof(b.id), "b10cb10cb10cb10c");
	record_text(b.finding, sizeof(b.finding), finding_id);
	b.at = b.start = clock_us(CLOCK_REALTIME);
	b.state = "active";
	b.action = "drop";
	b.prefix_len = 32;
	assert_true(addr_parse("198.51.100.7", &b.address));
	alerting_block(&alerting, &b);
}

typedef int (*form_take)(struct alerting *a, const char *form, const char *actor,
			 struct buf *message);

static int say(form_take take, const char *form, char out[static 256])
{
	struct buf message = { 0 };
	int result = take(&alerting, form, "ada", &message);
	const char *text = buf_cstr(&message);
	snprintf(out, 256, "%s", text != NULL ? text : "");
	buf_free(&message);
	return result;
}

static void count_firing(void *to, const struct incident_record *incident)
{
	size_t *count = to;
	*count += strcmp(incident->state, "firing") == 0;
}

static size_t firing(void)
{
	size_t count = 0;
	alerting_each(&alerting, count_firing, &count);
	return count;
}

/* ---- tests ---- */

static void people_acknowledge_and_close_by_form(void **state)
{
	(void)state;
	char text[256];
	finding("a281196900000000", "open");
	assert_int_equal(firing(), 1);
	assert_int_equal(
		say(alerting_change, "id=feedfe&acknowledge=1&comment=on+it", text), 0);
	assert_string_equal(text, "feedfeedfeedfeed");
	assert_string_equal(kept.incident.owner, "ada");
	assert_string_equal(kept.audits[0].action, "incident_acknowledge");
	assert_int_equal(say(alerting_change,
			     "id=feedfe&close=1&false_positive=1&reason=our+own", text),
			 0);
	assert_int_equal(kept.incident.false_positive, 1);
	assert_string_equal(kept.incident.close_reason, "our own");
	assert_string_equal(kept.audits[1].action, "incident_false");
	assert_int_equal(firing(), 0);
}

static void what_can_not_be_is_said(void **state)
{
	(void)state;
	char text[256];
	assert_int_equal(say(alerting_change, "acknowledge=1", text), -EINVAL);
	assert_int_equal(say(alerting_change, "id=", text), -EINVAL);
	assert_int_equal(say(alerting_change, "id=abcd&acknowledge=1", text), -ENOENT);
	finding("a281196900000000", "open");
	assert_int_equal(say(alerting_change, "id=feed", text), -EINVAL);
	assert_int_equal(say(alerting_deployed, "version=1", text), -EINVAL);
	assert_int_equal(say(alerting_deployed, "name=shop&port=0", text), -EINVAL);
	assert_int_equal(say(alerting_deployed, "name=shop&port=65536", text), -EINVAL);
	assert_int_equal(say(alerting_deployed, "name=shop&port=80x", text), -EINVAL);
	assert_int_equal(say(alerting_deployed, "name=shop&server_ip=x", text),
			 -EINVAL);
	assert_int_equal(kept.audit_count, 0);
}

static void a_deployment_is_kept_and_audited(void **state)
{
	(void)state;
	char text[256];
	assert_int_equal(say(alerting_deployed,
			     "name=shop&version=4.2&server_ip=192.0.2.1&port=443&"
			     "summary=new+cart",
			     text),
			 0);
	assert_string_equal(kept.deployment.name, "shop");
	assert_string_equal(kept.deployment.version, "4.2");
	assert_string_equal(kept.deployment.summary, "new cart");
	assert_string_equal(kept.deployment.actor, "ada");
	assert_int_equal(kept.deployment.port, 443);
	assert_string_equal(kept.audits[0].action, "deployment");
	assert_string_equal(kept.audits[0].subject, "shop");
}

/* A block of it has an id too, and must not keep it alive. */
static void a_restart_goes_on_with_what_fires(void **state)
{
	(void)state;
	char text[256];
	finding("a281196900000000", "open");
	finding("b281196900000000", "open");
	block_of("a281196900000000");
	say(alerting_change, "id=feedfe&acknowledge=1", text);
	stop();
	size_t told = kept.incidents;
	start();
	assert_int_equal(firing(), 1);
	alerting_second(&alerting, clock_us(CLOCK_REALTIME));
	finding("a281196900000000", "open");
	assert_int_equal(kept.incidents, told);
	finding("a281196900000000", "closed");
	alerting_second(&alerting, clock_us(CLOCK_REALTIME));
	assert_int_equal(firing(), 1);
	finding("b281196900000000", "closed");
	alerting_second(&alerting, clock_us(CLOCK_REALTIME));
	assert_int_equal(firing(), 0);
	assert_string_equal(kept.incident.owner, "ada");
	assert_string_equal(kept.incident.closed_by, "breakwater");
}

static void what_is_over_stays_over_after_a_restart(void **state)
{
	(void)state;
	finding("a281196900000000", "open");
	finding("a281196900000000", "closed");
	assert_int_equal(firing(), 0);
	stop();
	start();
	assert_int_equal(firing(), 0);
}

static void status_tells_the_gravest(void **state)
{
	(void)state;
	struct buf json = { 0 };
	alerting_json(&alerting, &json);
	assert_string_equal(buf_cstr(&json),
			    "\"incidents\":{\"firing\":0,\"unacknowledged\":0}");
	buf_free(&json);
	finding("a281196900000000", "open");
	alerting_json(&alerting, &json);
	assert_string_equal(
		buf_cstr(&json),
		"\"incidents\":{\"firing\":1,\"unacknowledged\":1,\"worst\":"
		"{\"id\":\"feedfeedfeedfeed\",\"severity\":\"medium\","
		"\"rule\":\"port_scan\",\"target\":\"192.0.2.1\"}}");
	buf_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(people_acknowledge_and_close_by_form),
		TEST(what_can_not_be_is_said),
		TEST(a_deployment_is_kept_and_audited),
		TEST(a_restart_goes_on_with_what_fires),
		TEST(what_is_over_stays_over_after_a_restart),
		TEST(status_tells_the_gravest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
