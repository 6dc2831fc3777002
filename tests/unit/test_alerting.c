/*
 * test_alerting.c: incidents of a running monitor: what people say of them by forms,
 * and that they go on after a restart.
 */
#include "alerting_scene.h"

/* Nothing has to be said. */
static void pass_second(int64_t now_us)
{
	struct buf said = { 0 };
	alerting_second(&alerting, now_us, &said);
	assert_int_equal(said.len, 0);
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
	pass_second(clock_us(CLOCK_REALTIME));
	finding("a281196900000000", "open");
	assert_int_equal(kept.incidents, told);
	finding("a281196900000000", "closed");
	pass_second(clock_us(CLOCK_REALTIME));
	assert_int_equal(firing(), 1);
	finding("b281196900000000", "closed");
	pass_second(clock_us(CLOCK_REALTIME));
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

static void note_silence(void *to, const struct silence_record *silence)
{
	*(struct silence_record *)to = *silence;
}

static void a_silence_is_made_and_ended_by_form(void **state)
{
	(void)state;
	char text[256], end_form[64];
	struct silence_record silence;
	record_init(RECORD_silence, &silence);
	assert_int_equal(say(alerting_silence,
			     "match=rule%3Dport_scan+port%3C23&for=2h&why=our+scan",
			     text),
			 0);
	alerting_each_silence(&alerting, note_silence, &silence);
	assert_string_equal(silence.id, text);
	assert_string_equal(silence.match, "rule=port_scan port<23");
	assert_string_equal(silence.state, "active");
	assert_string_equal(silence.why, "our scan");
	assert_string_equal(silence.actor, "ada");
	assert_int_equal(silence.until - silence.start, INT64_C(7200000000));
	const struct audit_record *audit = &kept.audits[kept.audit_count - 1];
	assert_string_equal(audit->action, "silence");
	assert_string_equal(audit->subject, silence.id);
	snprintf(end_form, sizeof(end_form), "id=%.8s", silence.id);
	assert_int_equal(say(alerting_unsilence, end_form, text), 0);
	assert_string_equal(text, silence.id);
	alerting_each_silence(&alerting, note_silence, &silence);
	assert_string_equal(silence.state, "expired");
	assert_string_equal(kept.audits[kept.audit_count - 1].action, "unsilence");
	assert_int_equal(say(alerting_unsilence, end_form, text), -ENOENT);
}

static void note_alert(void *to, const struct alert_record *alert)
{
	*(struct alert_record *)to = *alert;
}

static const char *why_not_told(void)
{
	static struct alert_record alert;
	struct buf said = { 0 };
	alerting_second(&alerting, clock_us(CLOCK_REALTIME), &said);
	buf_free(&said);
	alerting_each_alert(&alerting, note_alert, &alert);
	return alert.suppressed_by;
}

static void an_alert_says_why_nobody_is_told(void **state)
{
	(void)state;
	char text[256], end_form[64];
	see_probe("down");
	assert_string_equal(why_not_told(), "");
	assert_int_equal(say(alerting_silence, "match=rule%3Ddown&for=2h", text), 0);
	snprintf(end_form, sizeof(end_form), "id=%.16s", text);
	assert_string_equal(why_not_told(), text);
	see_probe("down");
	assert_string_equal(why_not_told(), text);
	assert_int_equal(say(alerting_unsilence, end_form, text), 0);
	assert_string_equal(why_not_told(), "");
}

static void a_silence_that_can_not_be_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *form, *says;
	} wrong[] = {
		{ "for=2h", "match: of which incidents?" },
		{ "match=port%3D1", "one of for" },
		{ "match=port%3D1&for=2h&until=2099-01-01", "one of for" },
		{ "match=port%3D1&for=soon", "for: allowed is a duration" },
		{ "match=port%3D1&for=0s", "for: allowed is a duration" },
		{ "match=port%3D1&for=9999999w", "for: allowed is a duration" },
		{ "match=port%3D1&for=367d", "for: allowed is a duration" },
		{ "match=port%3D1&until=2020-01-01", "ends before it begins" },
		{ "match=port%3D1&until=x", "until: allowed is a time" },
		{ "match=port%3D1&for=2h&start=2020-01-01", "a time to come" },
		{ "match=prt%3D1&for=2h", "match, column 1: \"prt\" is no field" },
		{ "match=&for=2h", "nothing in particular" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[256];
		assert_int_equal(say(alerting_silence, wrong[i].form, text), -EINVAL);
		if (strstr(text, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].form, text);
	}
	char text[256];
	assert_int_equal(say(alerting_unsilence, "", text), -EINVAL);
	assert_int_equal(say(alerting_silence,
			     "match=port%3D1&for=2h&start=2099-01-01T00:00:00Z", text),
			 -EINVAL); /* more than a year from now */
}

static void assert_begins(struct buf *json, const char *with)
{
	char begin[256];
	assert_true(strlen(with) < sizeof(begin));
	snprintf(begin, strlen(with) + 1, "%s", buf_cstr(json));
	assert_string_equal(begin, with);
}

static void status_tells_the_gravest(void **state)
{
	(void)state;
	struct buf json = { 0 };
	alerting_json(&alerting, NULL, NULL, &json);
	assert_begins(&json,
		      "\"incidents\":{\"firing\":0,\"ahead\":0,\"unacknowledged\":0},");
	buf_free(&json);
	finding("a281196900000000", "open");
	alerting_json(&alerting, NULL, NULL, &json);
	assert_begins(&json, "\"incidents\":{\"firing\":1,\"ahead\":0,"
			     "\"unacknowledged\":1,\"worst\":"
			     "{\"id\":\"feedfeedfeedfeed\",\"severity\":\"medium\","
			     "\"rule\":\"port_scan\",\"target\":\"192.0.2.1\"}},");
	buf_free(&json);
}

/* ---- what is unusual ---- */

#define MINUTE_US INT64_C(60000000)
enum { LEARNT = 3 * 24 * 60 };

/* A minute of a service of ours; how much it varies makes its range. */
static void minute(int64_t now_us, uint64_t factor)
{
	struct port_record port;
	record_init(RECORD_port, &port);
	assert_true(addr_parse("192.0.2.1", &port.server_ip));
	port.port = 443;
	port.transport = "tcp";
	port.interval_s = 60;
	port.server_packets = 1000;
	port.responses = port.ended = 100;
	uint64_t some = 1000 + (uint64_t)(now_us / MINUTE_US * 7919 % 100);
	port.server_bytes = some * factor;
	port.response_p95_us = some * factor;
	port.error_ratio = (double)(some * factor) / 1e6;
	alerting_minute_port(&alerting, &port, now_us);
	alerting_minute_end(&alerting, now_us);
}

static void what_is_unusual_at_once_is_an_incident(void **state)
{
	struct prefix ours;
	int64_t now_us = clock_us(CLOCK_REALTIME) - (LEARNT + 60) * MINUTE_US;
	(void)state;
	assert_true(prefix_parse("192.0.2.0/24", &ours) && home_add(&own, &ours));
	for (int i = 0; i < LEARNT; i++)
		minute(now_us += MINUTE_US, 1);
	assert_int_equal(kept.alerts, 0);
	minute(now_us + MINUTE_US, 20);
	assert_int_equal(kept.anomalies, 4); /* the host's bytes, too */
	assert_string_equal(kept.alert.kind, "anomaly");
	assert_string_equal(kept.incident.id, kept.alert.incident);
	assert_string_equal(kept.incident.severity, "low");
	stop();
	start();
	assert_int_equal(firing(), 1);
	assert_int_equal(alerts(), 1);
	now_us = clock_us(CLOCK_REALTIME);
	for (int i = 0; i < 12; i++)
		minute(now_us += MINUTE_US, 1);
	assert_string_equal(kept.alert.state, "resolved");
	assert_int_equal(alerts(), 0);
	assert_int_equal(firing(), 0);
	own.count = 0;
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
		TEST(a_silence_is_made_and_ended_by_form),
		TEST(an_alert_says_why_nobody_is_told),
		TEST(a_silence_that_can_not_be_is_refused),
		TEST(status_tells_the_gravest),
		TEST(what_is_unusual_at_once_is_an_incident),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
