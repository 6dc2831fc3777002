/*
 * test_web_levels.c: what /metrics says of service levels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "web/level_metrics.h"

static void give(void *self, web_emit emit, void *to)
{
	(void)self;
	struct level_record level;
	record_init(RECORD_level, &level);
	record_text(level.name, sizeof(level.name), "shop");
	record_text(level.target, sizeof(level.target), "http://\"a\"/");
	level.objective = 0.999;
	level.reached = 0.9995;
	level.budget_left = 0.5;
	level.burn_1h = 14.4;
	level.burn_3d = 0;
	emit(to, &level);
	record_text(level.target, sizeof(level.target), "new");
	level.reached = level.burn_1h = NAN;
	emit(to, &level);
}

static const char *const said[] = {
	"breakwater_level_objective_ratio{level=\"shop\",target=\"http://\\\"a\\\"/\"} "
	"0.999\n",
	"breakwater_level_reached_ratio{level=\"shop\",target=\"http://\\\"a\\\"/\"} "
	"0.9995\n",
	"breakwater_level_budget_left_ratio{level=\"shop\",target=\"new\"} 0.5\n",
	"breakwater_level_burn_rate{level=\"shop\",target=\"http://\\\"a\\\"/\",window="
	"\"1h\"} 14.4\n",
	"breakwater_level_burn_rate{level=\"shop\",target=\"new\",window=\"3d\"} 0\n",
};

static size_t count(const char *text, const char *what)
{
	size_t found = 0;
	for (; (text = strstr(text, what)) != NULL; text++)
		found++;
	return found;
}

static void metrics_have_each_level_and_leave_out_what_is_unknown(void **state)
{
	(void)state;
	const struct web_source source = { .levels = give };
	struct buf out = { 0 };
	struct family family = { .out = &out, .openmetrics = true, .unit = "" };
	level_metrics_write(&source, &family);
	const char *text = buf_cstr(&out);
	assert_non_null(text);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (strstr(text, said[i]) == NULL)
			fail_msg("%s is not in\n%s", said[i], text);
	assert_null(strstr(text, "reached_ratio{level=\"shop\",target=\"new\"}"));
	/* A family begins once, whatever windows it has. */
	assert_int_equal(count(text, "# TYPE breakwater_level_burn_rate gauge"), 1);
	assert_int_equal(count(text, "# TYPE"), 4);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_have_each_level_and_leave_out_what_is_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
