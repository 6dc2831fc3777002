/*
 * test_web_figures.c: figures of weeks over HTTP: of what memory and the store have
 * together, each once, and none if not all of it could be read.
 */
#include "web_client.h"

#include "alert/figures.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static int64_t began_us;
static int read_result;
static int64_t asked_since_us; /* what the source was given */

static struct store_reader *open_store(const char *path,
				       char error[static STORE_ERROR_MAX], int *status)
{
	(void)path;
	error[0] = '\0';
	*status = 0;
	return (struct store_reader *)&read_result;
}

static void close_store(struct store_reader *reader)
{
	assert_ptr_equal(reader, &read_result);
}

static struct incident_record incident(const char *id)
{
	struct incident_record i;
	record_init(RECORD_incident, &i);
	snprintf(i.id, sizeof(i.id), "%s", id);
	i.first = i.detected = i.at = began_us - HOUR;
	i.state = "firing";
	return i;
}

/* "a" has just been acknowledged, of which the store does not know. */
static void give_incidents(void *self, web_emit emit, void *to)
{
	struct incident_record known = incident("a");
	(void)self;
	known.acknowledged = began_us - HOUR / 2;
	emit(to, &known);
}

static int read_store(struct store_reader *reader, enum record_kind kind,
		      const struct store_filter *filter, store_emit emit, void *to,
		      char error[static STORE_ERROR_MAX])
{
	struct audit_record start;
	assert_ptr_equal(reader, &read_result);
	assert_non_null(filter->cancel);
	record_init(RECORD_audit, &start);
	start.at = began_us - 2 * HOUR;
	snprintf(error, STORE_ERROR_MAX, "the disk is broken");
	assert_true(filter->fields ==
		    (kind == RECORD_audit ? field_named(kind, "at") : 0));
	if (kind == RECORD_audit)
		return emit(to, &start), read_result;
	if (kind == RECORD_incident) {
		const struct incident_record rows[] = { incident("b"), incident("a") };
		for (size_t i = 0; i < 2; i++)
			assert_true(emit(to, &rows[i]));
	}
	return 0;
}

static void emit_row(void *to, const struct figures_record *row)
{
	struct {
		web_emit emit;
		void *to;
	} *out = to;
	out->emit(out->to, row);
}

/* As the monitor gives them. */
static int give_figures(int64_t since_us, web_reader read, void *from, web_emit emit,
			void *to)
{
	struct {
		web_emit emit;
		void *to;
	} out = { emit, to };
	asked_since_us = since_us;
	struct figures *figures = figures_new(since_us, began_us);
	int result = figures_read(figures, read, from);
	if (result == 0)
		assert_true(figures_tell(figures, emit_row, &out));
	figures_free(figures);
	return result;
}

static const struct web_past store = { .folder = "/nowhere",
				       .open = open_store,
				       .read = read_store,
				       .close = close_store };

static int set_up_figures(void **state)
{
	/* Wednesday noon: it is all of one week. */
	began_us = INT64_C(1795392000) * SECOND + 60 * HOUR;
	read_result = 0;
	past = &store;
	source.incidents = give_incidents;
	source.figures = give_figures;
	return set_up(state);
}

static void a_week_counts_what_memory_and_store_have_once(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/figures");
	assert_int_equal(code_of(&answer), 200);
	assert_has(&answer, "Content-Type: application/x-ndjson");
	assert_int_equal(lines_in(body_of(&answer)), 2);
	assert_has(&answer, "\"week\":\"2026-W48\"");
	assert_has(&answer, "\"known_s\":7200,\"incidents\":2,");
	/* Memory knows more than the store. */
	assert_has(&answer, "\"acknowledged\":1,\"acknowledge_median_us\":1800000000,");
	assert_has(&answer, "\"week\":\"before\"");
	assert_true(asked_since_us == UNKNOWN_TIME);
	buf_free(&answer);
}

static void it_is_asked_as_other_records(void **state)
{
	(void)state;
	struct buf answer = get("/api/v1/figures?since=2026-11-20T00:00:00Z");
	assert_int_equal(code_of(&answer), 200);
	assert_true(asked_since_us == INT64_C(1795132800) * SECOND);
	buf_free(&answer);
	answer = get_with("/api/v1/figures", "Accept: application/json\r\n");
	assert_has(&answer, "Content-Type: application/json");
	assert_true(body_of(&answer)[0] == '[');
	buf_free(&answer);
	expect("/api/v1/figures?format=csv", 200, "week,");
	expect("/api/v1/figures?limit=1", 400,
	       "limit: not a parameter here; allowed: since format");
	expect("/api/v1/figures?since=soon", 400, "RFC 3339");
}

/* Figures of a part would be wrong ones. */
static void what_cannot_be_read_has_no_figures(void **state)
{
	(void)state;
	read_result = -EIO;
	expect("/api/v1/figures", 503, "{\"error\":\"the disk is broken\"}");
	read_result = 0;
	expect("/api/v1/figures", 200, "2026-W48");
}

static void without_a_store_there_are_none(void **state)
{
	(void)state;
	char error[WEB_ERROR_MAX];
	int status;
	web_close(web);
	past = NULL;
	web = try_open("127.0.0.1:0", socket_path, error, &status);
	assert_non_null(web);
	expect("/api/v1/figures", 503, "there is no store");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FIGURES(name) cmocka_unit_test_setup_teardown(name, set_up_figures, tear_down)
		FIGURES(a_week_counts_what_memory_and_store_have_once),
		FIGURES(it_is_asked_as_other_records),
		FIGURES(what_cannot_be_read_has_no_figures),
		FIGURES(without_a_store_there_are_none),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
