/*
 * test_web_reports.c: reports over HTTP: how many there are at a time, who may have one
 * signed, and that nothing else waits for them.
 */
#include "web_client.h"

#include <pthread.h>

enum { LONG = 10000 };

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool held; /* none is made until this is over */
	int making, made, let_go;
	unsigned status;           /* of what is made */
	struct web_report_ask ask; /* the last one */
} maker = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static char audited[64];

static struct store_reader *open_store(const char *path,
				       char error[static STORE_ERROR_MAX], int *status)
{
	(void)path;
	error[0] = '\0';
	*status = 0;
	return (struct store_reader *)&maker;
}

static void close_store(struct store_reader *reader)
{
	(void)reader;
}

static int read_store(struct store_reader *reader, enum record_kind kind,
		      const struct store_filter *filter, store_emit emit, void *to,
		      char error[static STORE_ERROR_MAX])
{
	(void)reader, (void)kind, (void)filter, (void)emit, (void)to;
	error[0] = '\0';
	return 0;
}

static void *begin(void *self)
{
	(void)self;
	return &maker;
}

static void wait_until_it_may(const atomic_bool *cancelled)
{
	pthread_mutex_lock(&maker.lock);
	maker.making++;
	pthread_cond_broadcast(&maker.changed);
	while (maker.held && !atomic_load(cancelled)) {
		struct timespec soon;
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += 1000000;
		soon.tv_sec += soon.tv_nsec / 1000000000;
		soon.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&maker.changed, &maker.lock, &soon);
	}
	maker.making--;
	maker.made++;
	pthread_mutex_unlock(&maker.lock);
}

static void end(void *begun, const struct web_report_ask *ask,
		struct store_reader *reader, const atomic_bool *cancelled,
		struct web_report *out)
{
	assert_ptr_equal(begun, &maker);
	pthread_mutex_lock(&maker.lock);
	maker.let_go += ask == NULL;
	if (ask != NULL)
		maker.ask = *ask;
	pthread_mutex_unlock(&maker.lock);
	if (ask == NULL)
		return;
	assert_ptr_equal(reader, &maker);
	out->status = maker.status;
	out->type = "text/csv; charset=utf-8";
	if (ask->name[0] != '\0') {
		wait_until_it_may(cancelled);
		snprintf(out->file_name, sizeof(out->file_name), "%s.csv", ask->name);
	}
	buf_text(out->text, "a,b\r\n");
}

static void audit(void *self, const char *action, const char *actor,
		  const char *subject, const char *before, const char *after)
{
	(void)self, (void)before, (void)after;
	snprintf(audited, sizeof(audited), "%s %s %s", action, actor, subject);
}

static const struct web_past store = { .folder = "/nowhere",
				       .open = open_store,
				       .read = read_store,
				       .close = close_store };

static int set_up_reports(void **state)
{
	past = &store;
	source.report = (struct web_reporter){ begin, end };
	source.audit = audit;
	maker.held = false;
	maker.status = 200;
	maker.making = maker.made = maker.let_go = 0;
	audited[0] = '\0';
	return set_up(state);
}

/* ---- parts of the tests ---- */

static void hold(bool held)
{
	pthread_mutex_lock(&maker.lock);
	maker.held = held;
	pthread_cond_broadcast(&maker.changed);
	pthread_mutex_unlock(&maker.lock);
}

static int count_of(const int *what)
{
	pthread_mutex_lock(&maker.lock);
	int count = *what;
	pthread_mutex_unlock(&maker.lock);
	return count;
}

static int ask_on(int fd, const char *path)
{
	char request[512];
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		 path);
	say(fd, request);
	for (int i = 0; i < 20; i++)
		turn(1);
	return fd;
}

static struct buf answer_on(int fd)
{
	struct buf answer = { 0 };
	hear(fd, NULL, &answer);
	close(fd);
	return answer;
}

static void expect_on(int fd, int code, const char *text)
{
	struct buf answer = answer_on(fd);
	assert_int_equal(code_of(&answer), code);
	assert_has(&answer, text);
	buf_free(&answer);
}

/* ---- the tests ---- */

static void one_is_a_file_that_runs_nothing(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/report/soc2?since=2026-01-01T00:00:00Z&format="
				"csv&user=a%20b&rows=7");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer,
		   "Content-Disposition: attachment; filename=\"soc2.csv\"\r\n");
	assert_has(&answer, "Content-Security-Policy: sandbox; default-src 'none'");
	assert_has(&answer, "Content-Type: text/csv; charset=utf-8\r\n");
	assert_has(&answer, "X-Content-Type-Options: nosniff\r\n");
	assert_string_equal(body_of(&answer), "a,b\r\n");
	buf_free(&answer);
	assert_string_equal(maker.ask.user, "a b");
	assert_int_equal(maker.ask.rows, 7);
	assert_true(maker.ask.has_time && !maker.ask.is_bundle);
	assert_true(maker.ask.since_us == INT64_C(1767225600000000));
	answer = get("/api/v1/reports");
	assert_null(strcasestr(buf_cstr(&answer), "Content-Disposition"));
	buf_free(&answer);
}

static void a_third_of_one_reader_and_a_fifth_of_all_are_refused(void **state)
{
	(void)state;
	hold(true);
	int mine[] = { ask_on(connect_tcp(), "/api/v1/report/a"),
		       ask_on(connect_tcp(), "/api/v1/report/b") };
	expect("/api/v1/report/c", 503, "busy: two reports of one reader");
	/* Which there are is no report. */
	expect("/api/v1/reports", 200, "a,b");
	/* On the Unix socket it is another reader. */
	int others[] = { ask_on(connect_local(), "/api/v1/report/d"),
			 ask_on(connect_local(), "/api/v1/report/e") };
	expect_on(ask_on(connect_local(), "/api/v1/report/f"), 503, "four altogether");
	assert_int_equal(count_of(&maker.making), 1); /* one at a time */
	hold(false);
	for (int i = 0; i < 2; i++) {
		expect_on(mine[i], 200, "a,b");
		expect_on(others[i], 200, "a,b");
	}
	expect("/api/v1/report/c", 200, "a,b");
	assert_int_equal(count_of(&maker.made), 5);
}

static void nothing_else_waits_for_one(void **state)
{
	(void)state;
	hold(true);
	int fd = ask_on(connect_tcp(), "/api/v1/report/a");
	expect("/api/v1/flows?since=30d&format=json", 200, "[");
	expect("/api/v1/findings?since=1h&format=json", 200, "[");
	assert_int_equal(count_of(&maker.made), 0);
	hold(false);
	expect_on(fd, 200, "a,b");
}

static void one_that_nobody_waits_for_ends(void **state)
{
	(void)state;
	hold(true);
	for (int i = 0; i < 2; i++)
		close(ask_on(connect_tcp(), "/api/v1/report/a"));
	for (int i = 0; i < LONG && count_of(&maker.made) + count_of(&maker.let_go) < 2;
	     i++)
		turn(1);
	hold(false);
	assert_int_equal(count_of(&maker.made) + count_of(&maker.let_go), 2);
	expect("/api/v1/report/b", 200, "a,b");
}

static void the_monitors_signature_is_for_who_may_more(void **state)
{
	(void)state;
	expect("/api/v1/report/soc2?bundle=1", 403, "for operators");
	assert_string_equal(audited, "");
	expect_on(ask_on(connect_local(), "/api/v1/report/soc2?bundle=1"), 200, "a,b");
	assert_true(maker.ask.is_bundle);
	assert_string_equal(audited, "report_bundle root soc2");
}

static void only_who_is_given_a_bundle_is_noted(void **state)
{
	(void)state;
	struct buf answer = exchange(connect_local(),
				     "HEAD /api/v1/report/soc2?bundle=1 HTTP/1.1\r\n"
				     "Host: localhost\r\nConnection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 405);
	buf_free(&answer);
	assert_int_equal(count_of(&maker.made), 0);
	maker.status = 404;
	answer = exchange(connect_local(),
			  "GET /api/v1/report/sox?bundle=1 HTTP/1.1\r\n"
			  "Host: localhost\r\nConnection: close\r\n\r\n");
	assert_int_equal(code_of(&answer), 404);
	buf_free(&answer);
	assert_string_equal(audited, "");
}

static void give_sensors(void *self, web_emit emit, void *to)
{
	static const char *const names[][3] = { { "web-1", "berlin", "web,front" },
						{ "web-2", "paris", "web" } };
	(void)self;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sensor_record sensor;
		record_init(RECORD_sensor, &sensor);
		record_text(sensor.sensor, sizeof(sensor.sensor), names[i][0]);
		record_text(sensor.site, sizeof(sensor.site), names[i][1]);
		record_text(sensor.tags, sizeof(sensor.tags), names[i][2]);
		emit(to, &sensor);
	}
}

static void at_a_hub_it_is_of_whom_is_chosen(void **state)
{
	(void)state;
	expect("/api/v1/report/soc2?site=berlin", 400,
	       "this is one machine and knows no sensors");
	source.sensors = give_sensors;
	expect("/api/v1/report/soc2?site=rome", 400, "there are berlin, paris");
	expect("/api/v1/report/soc2?tag=db", 400, "there are web, front");
	expect("/api/v1/report/soc2?sensor=web-1,web-9", 400, "there are web-1, web-2");
	expect("/api/v1/reports?sensor=web-1", 400, "sensor: not a parameter here");
	assert_int_equal(count_of(&maker.made), 0);
	expect("/api/v1/report/soc2?sensor=web-1,web-2&site=berlin&tag=", 200, "a,b");
	assert_string_equal(maker.ask.sensor, "web-1,web-2");
	assert_string_equal(maker.ask.site, "berlin");
	assert_string_equal(maker.ask.tag, "");
	source.sensors = NULL;
}

static void without_a_store_there_are_none(void **state)
{
	(void)state;
	tear_down(state);
	past = NULL;
	set_up(state);
	expect("/api/v1/reports", 503, "there is no store");
	expect("/api/v1/report/soc2", 503, "there is no store");
}

#define REPORTS(name) cmocka_unit_test_setup_teardown(name, set_up_reports, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORTS(one_is_a_file_that_runs_nothing),
		REPORTS(a_third_of_one_reader_and_a_fifth_of_all_are_refused),
		REPORTS(nothing_else_waits_for_one),
		REPORTS(one_that_nobody_waits_for_ends),
		REPORTS(the_monitors_signature_is_for_who_may_more),
		REPORTS(only_who_is_given_a_bundle_is_noted),
		REPORTS(at_a_hub_it_is_of_whom_is_chosen),
		REPORTS(without_a_store_there_are_none),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
