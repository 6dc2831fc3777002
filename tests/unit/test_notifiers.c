/*
 * test_notifiers.c: what each notifier that speaks HTTP sends, as a whole; sinks and
 * their options; secrets.
 */
#include "notice_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert/http.h"

static char folder[] = "/tmp/notifiers-XXXXXX";

static const char *file_of(const char *name, const char *text)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[64];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command); /* NOLINT(cert-env33-c): of this test's own folder */
}

/* ---- requests ---- */

struct asked {
	struct sink *sink;
	struct http_request request;
};

/* The request of that sink; its option `secret` is a file with "s3cret". */
static struct asked ask(const char *url, const char *secret, const char *text,
			const struct notice *notice)
{
	struct buf message = { 0 };
	struct asked asked = { .request = { .type = "application/json" } };
	const char *const options[] = { secret,
					secret != NULL ? file_of("secret", text) : NULL,
					NULL };
	asked.sink = sink_new("it", url, options, &message);
	if (asked.sink == NULL)
		fail_msg("%s", buf_cstr(&message));
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): fail_msg() ends it */
	if (!asked.sink->notifier->request(asked.sink, notice, &asked.request,
					   &message))
		fail_msg("%s", buf_cstr(&message));
	return asked;
}

static void expect_and_free(struct asked *asked, const char *url, const char *headers,
			    const char *body)
{
	assert_string_equal(buf_cstr(&asked->request.url), url);
	assert_string_equal(buf_cstr(&asked->request.headers), headers);
	assert_string_equal(buf_cstr(&asked->request.body), body);
	http_request_free(&asked->request);
	sink_free(asked->sink);
}

static void slack_gets_plain_text(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("<!channel> & \"x\"");
	struct notice notice = notice_of(&incident, 1, "new");
	struct asked asked =
		ask("slack:", "url_file", "https://hooks.slack.com/T/B/x\n", &notice);
	expect_and_free(
		&asked, "https://hooks.slack.com/T/B/x", "",
		"{\"text\":\"[high] db01: &lt;!channel&gt; &amp; "
		"\\\"x\\\"\",\"blocks\":["
		"{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":"
		"\"[high] db01: <!channel> & \\\"x\\\"\"}},"
		"{\"type\":\"section\",\"text\":{\"type\":\"plain_text\",\"text\":"
		"\"<!channel> & \\\"x\\\"\\u000a  high, firing, since "
		"2026-01-01T12:00:00Z\\u000a"
		"  target: tcp://10.0.0.5:5432\\u000a  cause: its process ended\\u000a"
		"  incident: "
		"3f2a\\u000ahttps://db01.example.org/#incident=3f2a\\u000a\"}}]}");
}

static void discord_gets_markdown_that_means_nothing(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("[x](http://y) @everyone");
	struct notice notice = notice_of(&incident, 1, "new");
	notice.link = "";
	incident.target[0] = incident.cause[0] = '\0';
	struct asked asked =
		ask("discord:", "url_file", "https://discord/api/1/x", &notice);
	expect_and_free(&asked, "https://discord/api/1/x", "",
			"{\"embeds\":[{\"title\":\"\\\\[high\\\\] db01\\\\: "
			"\\\\[x\\\\]\\\\(http\\\\://y\\\\) \\\\@everyone\","
			"\"description\":\"\\\\[x\\\\]\\\\(http\\\\://y\\\\) "
			"\\\\@everyone\\u000a  high, firing, since "
			"2026\\\\-01\\\\-01T12\\\\:00\\\\:00Z\\u000a  incident\\\\: "
			"3f2a\\u000a\","
			"\"color\":15036446}],\"allowed_mentions\":{\"parse\":[]}}");
}

static void teams_gets_a_card(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("[x](http://y)");
	struct notice notice = notice_of(&incident, 1, "resolved");
	end_incident(&incident);
	incident.target[0] = incident.cause[0] = '\0';
	struct asked asked = ask("teams:", "url_file", "https://flow/x", &notice);
	expect_and_free(
		&asked, "https://flow/x", "",
		"{\"type\":\"message\",\"attachments\":[{\"contentType\":"
		"\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,"
		"\"content\":{\"$schema\":"
		"\"http://adaptivecards.io/schemas/adaptive-card.json\","
		"\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":["
		"{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\","
		"\"text\":\"[resolved] db01: [x](http://y)\",\"weight\":\"bolder\","
		"\"size\":\"medium\",\"color\":\"good\"}]},"
		"{\"type\":\"RichTextBlock\",\"inlines\":[{\"type\":\"TextRun\","
		"\"text\":\"[x](http://y)\\u000a  high, resolved, since "
		"2026-01-01T12:00:00Z, until 2026-01-01T12:05:00Z\\u000a  incident: "
		"3f2a\\u000a"
		"https://db01.example.org/#incident=3f2a\\u000a\"}]}],"
		"\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":\"Breakwater\","
		"\"url\":\"https://db01.example.org/#incident=3f2a\"}]}}]}");
}

static void pagerduty_triggers_acknowledges_and_resolves(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	struct asked asked = ask("pagerduty:", "routing_key_file", "k3y", &notice);
	expect_and_free(
		&asked, "https://events.pagerduty.com/v2/enqueue", "",
		"{\"routing_key\":\"k3y\",\"event_action\":\"trigger\",\"dedup_key\":"
		"\"3f2a\",\"client\":\"Breakwater\",\"payload\":{\"summary\":"
		"\"[high] db01: down\",\"source\":\"db01\",\"severity\":\"error\","
		"\"timestamp\":\"2026-01-01T12:00:00Z\",\"component\":"
		"\"tcp://10.0.0.5:5432\",\"class\":\"port_down\",\"custom_details\":"
		"{\"text\":\"down\\u000a  high, firing, since "
		"2026-01-01T12:00:00Z\\u000a"
		"  target: tcp://10.0.0.5:5432\\u000a  cause: its process ended\\u000a"
		"  incident: "
		"3f2a\\u000ahttps://db01.example.org/#incident=3f2a\\u000a\"}},"
		"\"links\":[{\"href\":\"https://db01.example.org/#incident=3f2a\","
		"\"text\":\"Breakwater\"}]}");
	incident.acknowledged = BEGAN_US;
	asked = ask("pagerduty://events.eu.pagerduty.com", "routing_key_file", "k3y",
		    &notice);
	expect_and_free(&asked, "https://events.eu.pagerduty.com/v2/enqueue", "",
			"{\"routing_key\":\"k3y\",\"event_action\":\"acknowledge\","
			"\"dedup_key\":\"3f2a\",\"client\":\"Breakwater\"}");
	end_incident(&incident);
	asked = ask("pagerduty:?api=http://127.0.0.1:8/x", "routing_key_file", "k3y",
		    &notice);
	expect_and_free(&asked, "http://127.0.0.1:8/x", "",
			"{\"routing_key\":\"k3y\",\"event_action\":\"resolve\","
			"\"dedup_key\":\"3f2a\",\"client\":\"Breakwater\"}");
}

static void ntfy_and_telegram_get_theirs(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("a <b>");
	struct notice notice = notice_of(&incident, 1, "new");
	notice.link = "";
	incident.target[0] = incident.cause[0] = '\0';
	struct asked asked = ask("ntfy://ntfy.sh/mine", "token_file", "tk_1", &notice);
	expect_and_free(
		&asked, "https://ntfy.sh/", "Authorization: Bearer tk_1\n",
		"{\"topic\":\"mine\",\"title\":\"[high] db01: a <b>\","
		"\"message\":\"a <b>\\u000a  high, firing, since "
		"2026-01-01T12:00:00Z\\u000a  incident: 3f2a\\u000a\",\"priority\":4,"
		"\"tags\":[\"rotating_light\"]}");
	asked = ask("telegram:?chat=-100123", "token_file", "1:AB", &notice);
	expect_and_free(
		&asked, "https://api.telegram.org/bot1:AB/sendMessage", "",
		"{\"chat_id\":\"-100123\",\"text\":\"<b>[high] db01: a "
		"&lt;b&gt;</b>\\u000aa &lt;b&gt;\\u000a  high, firing, since "
		"2026-01-01T12:00:00Z\\u000a  incident: 3f2a\\u000a\",\"parse_mode\":"
		"\"HTML\",\"link_preview_options\":{\"is_disabled\":true}}");
}

#define LABELS(severity)                                                               \
	"{\"labels\":{\"alertname\":\"port_down\",\"incident\":\"3f2a\","              \
	"\"severity\":\"" severity "\",\"instance\":\"db01\",\"target\":"              \
	"\"tcp://10.0.0.5:5432\",\"service\":\"postgresql\",\"port\":\"5432\","        \
	"\"job\":\"breakwater\"},\"annotations\":{\"summary\":\"down\","               \
	"\"description\":\"its process ended\"},"                                      \
	"\"startsAt\":\"2026-01-01T12:00:00Z\",\"endsAt\":"
#define LINK ",\"generatorURL\":\"https://db01.example.org/#incident=3f2a\"}"

static void alertmanager_gets_alerts_that_end(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	struct asked asked = ask("alertmanager://am:9093", NULL, NULL, &notice);
	expect_and_free(&asked, "http://am:9093/api/v2/alerts", "",
			"[" LABELS("high") "\"2026-02-01T12:01:00Z\"" LINK "]");
	end_incident(&incident);
	incident.severity = "low";
	notice.reason = "resolved";
	asked = ask("alertmanager+https://am?user=u", "password_file", "p", &notice);
	expect_and_free(&asked, "https://am/api/v2/alerts",
			"Authorization: Basic dTpw\n",
			"[" LABELS("low") "\"2026-01-01T12:05:00Z\"" LINK "," LABELS(
				"notice") "\"2026-01-01T12:01:00Z\"" LINK "]");
}

static void a_webhook_gets_json_or_what_a_template_says(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	struct asked asked = ask("http://127.0.0.1:8/x", NULL, NULL, &notice);
	expect_and_free(
		&asked, "http://127.0.0.1:8/x", "Idempotency-Key: 1122334455667788\n",
		"{\"id\":\"1122334455667788\",\"reason\":\"new\",\"key\":\"3f2a\","
		"\"at\":\"2026-01-01T12:01:00.000000Z\",\"host\":\"db01\",\"link\":"
		"\"https://db01.example.org/#incident=3f2a\",\"severity\":\"high\","
		"\"state\":\"firing\",\"title\":\"[high] db01: down\",\"incidents\":["
		"{\"record\":\"incident\",\"id\":\"3f2a\","
		"\"at\":\"2026-01-01T12:01:00.000000Z\","
		"\"first\":\"2026-01-01T12:00:00.000000Z\",\"state\":\"firing\","
		"\"rule\":\"port_down\",\"target\":\"tcp://"
		"10.0.0.5:5432\",\"port\":5432,"
		"\"service\":\"postgresql\",\"severity\":\"high\",\"summary\":\"down\","
		"\"cause\":\"its process ended\"}]}");
	asked = ask("http://127.0.0.1:8/x?type=text/plain", "template",
		    "{{host}}: {{summary}}", &notice);
	assert_string_equal(asked.request.type, "text/plain");
	expect_and_free(&asked, "http://127.0.0.1:8/x",
			"Idempotency-Key: 1122334455667788\n", "db01: down");
}

/* ---- answers ---- */

static void what_may_be_mended_is_tried_again(void **state)
{
	(void)state;
	assert_int_equal(http_outcome(202), NOTIFY_SENT);
	assert_int_equal(http_outcome(0), NOTIFY_LATER);
	assert_int_equal(http_outcome(503), NOTIFY_LATER);
	assert_int_equal(http_outcome(429), NOTIFY_LATER);
	assert_int_equal(http_outcome(401), NOTIFY_LATER);
	assert_int_equal(http_outcome(400), NOTIFY_NEVER);
	assert_int_equal(http_outcome(302), NOTIFY_NEVER);
}

static void an_answer_is_told_but_not_the_secret(void **state)
{
	(void)state;
	struct http_request request = { .type = "" };
	struct buf error = { 0 };
	buf_text(&request.secret, "s3cret");
	http_complaint(&request, 400, "bad\nchannel", &error);
	assert_string_equal(buf_cstr(&error), "answers 400: bad channel");
	buf_clear(&error);
	http_complaint(&request, 400, "no s3cret here", &error);
	assert_string_equal(buf_cstr(&error), "answers 400");
	buf_clear(&error);
	buf_clear(&request.secret);
	buf_text(&request.secret, "https://hooks.example.org/T0/s3cret");
	http_complaint(&request, 404, "no service: /T0/s3cret", &error);
	assert_string_equal(buf_cstr(&error), "answers 404");
	buf_free(&error);
	http_request_free(&request);
}

static void who_is_not_there_is_tried_again(void **state)
{
	(void)state;
	struct incident_record incident = made_incident("down");
	struct notice notice = notice_of(&incident, 1, "new");
	struct buf error = { 0 };
	struct sink *sink = sink_new("x", "http://127.0.0.1:1/", NULL, &error);
	assert_non_null(sink);
	assert_int_equal(notifier_send(sink, &notice, &error), NOTIFY_LATER);
	assert_string_equal(buf_cstr(&error), "Couldn't connect to server");
	buf_free(&error);
	sink_free(sink);
}

/* ---- sinks ---- */

static void refused(const char *url, const char *why)
{
	struct buf message = { 0 };
	assert_null(sink_new("x", url, NULL, &message));
	if (strncmp(buf_cstr(&message), why, strlen(why)) != 0)
		fail_msg("%s: %s", url, buf_cstr(&message));
	buf_free(&message);
}

static void a_sink_with_an_error_is_refused(void **state)
{
	(void)state;
	refused("carrier-pigeon:", "no notifier has that scheme; allowed are ");
	refused("slack:", "slack needs url_file: ");
	refused("slack:?url_file=relative", "url_file: a file with an absolute path, ");
	refused("slack:?url_file=credential:a/b", "url_file: a file with an absolute ");
	refused("slack:?url_file=/a&url_file=/b", "url_file is given twice");
	refused("slack:?url_file=/a&colour=red",
		"slack has no option \"colour\"; it has: url_file, ca, proxy, rate");
	refused("slack:?url_file=/a%0d%0ab", "url_file: a text without control");
	refused("slack:?url_file=/a&rate=0", "rate: a number of messages a minute ");
	refused("http://me:secret@127.0.0.1/", "a user in the URL, where all can ");
	refused("http://h/?user=u", "user and password_file are needed together");
	refused("webhook:", "allowed are https://");
	refused("ntfy://ntfy.sh", "a topic is needed");
	refused("smtp://h?from=a@b&to=c", "to: addresses are needed");
	refused("smtp://h?from=a%20b@c&to=c@d", "from: an address is needed");
	refused("smtp://h?to=c@d", "smtp needs from: ");
}

static void secrets_are_read_each_time(void **state)
{
	(void)state;
	struct buf text = { 0 }, error = { 0 };
	const char *const options[] = { "url_file", file_of("url", "  https://a \n"),
					NULL };
	struct sink *sink = sink_new("x", "slack:", options, &error);
	assert_true(sink_secret(sink, "url_file", &text, &error));
	assert_string_equal(buf_cstr(&text), "https://a");
	file_of("url", "https://b");
	buf_clear(&text);
	assert_true(sink_secret(sink, "url_file", &text, &error));
	assert_string_equal(buf_cstr(&text), "https://b");
	file_of("url", "two\nlines");
	buf_clear(&text);
	assert_false(sink_secret(sink, "url_file", &text, &error));
	assert_null(strstr(buf_cstr(&error), "lines"));
	assert_non_null(strstr(buf_cstr(&error), "one line of text is needed"));
	buf_free(&text);
	buf_free(&error);
	sink_free(sink);
}

static void note_path(void *self, enum sink_option_kind kind, const char *path)
{
	buf_printf(self, "%d %s ", (int)kind, path);
}

static void credentials_are_where_systemd_puts_them(void **state)
{
	(void)state;
	struct buf text = { 0 }, error = { 0 };
	struct sink *sink = sink_new("x", "slack:?url_file=credential:hook&ca=/etc/ca",
				     NULL, &error);
	assert_false(sink_secret(sink, "url_file", &text, &error));
	assert_string_equal(buf_cstr(&error),
			    "url_file: $CREDENTIALS_DIRECTORY is not set");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	file_of("hook", "https://c");
	assert_true(sink_secret(sink, "url_file", &text, &error));
	assert_string_equal(buf_cstr(&text), "https://c");
	buf_clear(&text);
	sink_each_file(sink, note_path, &text);
	buf_clear(&error);
	buf_printf(&error, "%d %s/hook %d /etc/ca ", (int)SINK_SECRET, folder,
		   (int)SINK_READ);
	assert_string_equal(buf_cstr(&text), buf_cstr(&error));
	unsetenv("CREDENTIALS_DIRECTORY");
	buf_free(&text);
	buf_free(&error);
	sink_free(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slack_gets_plain_text),
		cmocka_unit_test(discord_gets_markdown_that_means_nothing),
		cmocka_unit_test(teams_gets_a_card),
		cmocka_unit_test(pagerduty_triggers_acknowledges_and_resolves),
		cmocka_unit_test(ntfy_and_telegram_get_theirs),
		cmocka_unit_test(alertmanager_gets_alerts_that_end),
		cmocka_unit_test(a_webhook_gets_json_or_what_a_template_says),
		cmocka_unit_test(what_may_be_mended_is_tried_again),
		cmocka_unit_test(an_answer_is_told_but_not_the_secret),
		cmocka_unit_test(who_is_not_there_is_tried_again),
		cmocka_unit_test(a_sink_with_an_error_is_refused),
		cmocka_unit_test(secrets_are_read_each_time),
		cmocka_unit_test(credentials_are_where_systemd_puts_them),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
