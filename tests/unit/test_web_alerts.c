/*
 * test_web_alerts.c: alerts and silences over HTTP: who is told which, and who may
 * change them.
 */
#include "web_client.h"

static struct {
	char form[128], actor[64];
	bool ends;
} taken;

static void emit_alert(web_emit emit, void *to, const char *rule, const char *severity,
		       bool fires)
{
	struct alert_record alert;
	record_init(RECORD_alert, &alert);
	snprintf(alert.id, sizeof(alert.id), "%s-%s", rule, severity);
	record_text(alert.rule, sizeof(alert.rule), rule);
	alert.start = now_us() - 60 * INT64_C(1000000);
	alert.severity = severity;
	alert.state = fires ? "firing" : "resolved";
	if (!fires)
		alert.end = now_us();
	emit(to, &alert);
}

static void give_alerts(void *self, web_emit emit, void *to)
{
	(void)self;
	emit_alert(emit, to, "response", "high", true);
	emit_alert(emit, to, "response", "low", true);
	emit_alert(emit, to, "loss", "high", false);
}

static void give_silences(void *self, web_emit emit, void *to)
{
	struct silence_record silence;
	(void)self;
	record_init(RECORD_silence, &silence);
	record_text(silence.id, sizeof(silence.id), "5111");
	record_text(silence.match, sizeof(silence.match), "port=443");
	silence.state = "active";
	silence.start = now_us();
	silence.until = silence.start + INT64_C(3600000000);
	emit(to, &silence);
}

static int take(const char *text, size_t len, const char *actor, bool ends)
{
	snprintf(taken.form, sizeof(taken.form), "%.*s", (int)len, text);
	snprintf(taken.actor, sizeof(taken.actor), "%s", actor);
	taken.ends = ends;
	return ends ? -ENOENT : 0;
}

static int take_silence(void *self, const char *text, size_t len, const char *actor,
			struct buf *message)
{
	(void)self;
	buf_text(message, "5111");
	return take(text, len, actor, false);
}

static int take_end(void *self, const char *text, size_t len, const char *actor,
		    struct buf *message)
{
	(void)self;
	buf_text(message, "there is no silence 77 that holds or will");
	return take(text, len, actor, true);
}

static int begin(void **state)
{
	taken.form[0] = '\0';
	source.alerts = give_alerts;
	source.silences = give_silences;
	source.silence = take_silence;
	source.unsilence = take_end;
	return set_up(state);
}

static int count(const char *path)
{
	struct buf answer = get(path);
	assert_int_equal(code_of(&answer), 200);
	int lines = lines_in(body_of(&answer));
	buf_free(&answer);
	return lines;
}

static void alerts_are_asked_for_by_state_severity_and_rule(void **state)
{
	(void)state;
	assert_int_equal(count("/api/v1/alerts"), 3);
	assert_int_equal(count("/api/v1/alerts?state=firing"), 2);
	assert_int_equal(count("/api/v1/alerts?severity=high"), 2);
	assert_int_equal(count("/api/v1/alerts?severity=high&state=firing"), 1);
	assert_int_equal(count("/api/v1/alerts?rule=response"), 2);
	assert_int_equal(count("/api/v1/alerts?rule=respons"), 0);
	expect("/api/v1/alerts?state=open", 400, "not one of firing, resolved");
	expect("/api/v1/alerts?severity=bad", 400, "not one of notice, low");
	expect("/api/v1/flows?rule=response", 400, "not a parameter here");
	expect("/api/v1/alerts?since=1h", 503, "there is no store");
}

static void a_silence_begins_and_ends_by_a_form_of_who_may(void **state)
{
	static const char form[] = "match=port%3D443&for=2h";
	(void)state;
	expect("/api/v1/silences", 200, "\"match\":\"port=443\"");
	struct buf answer = post(connect_tcp(), "/api/v1/silences", form);
	assert_int_equal(code_of(&answer), 401);
	buf_free(&answer);
	assert_string_equal(taken.form, "");
	answer = post(connect_local(), "/api/v1/silences", form);
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "{\"message\":\"5111\"}");
	buf_free(&answer);
	assert_string_equal(taken.form, form);
	if (geteuid() == 0)
		assert_string_equal(taken.actor, "root");
	answer = post(connect_local(), "/api/v1/silences/end", "id=77");
	assert_int_equal(code_of(&answer), 404);
	assert_has(&answer, "{\"error\":\"there is no silence 77");
	buf_free(&answer);
	assert_true(taken.ends);
	expect("/api/v1/silences/end", 405, "only POST");
}

static void who_takes_no_change_says_so(void **state)
{
	(void)state;
	source.silence = NULL;
	struct buf answer = post(connect_local(), "/api/v1/silences", "match=port%3D1");
	assert_int_equal(code_of(&answer), 501);
	buf_free(&answer);
}

#define ALERTS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALERTS_TEST(alerts_are_asked_for_by_state_severity_and_rule),
		ALERTS_TEST(a_silence_begins_and_ends_by_a_form_of_who_may),
		ALERTS_TEST(who_takes_no_change_says_so),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
