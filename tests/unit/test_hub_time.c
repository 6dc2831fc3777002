/* Times that a hub goes by: what a sensor says of the future (cli/hub_time.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/hub_time.h"

#define NOW_US  INT64_C(1795752000000000)
#define HOUR_US INT64_C(3600000000)
#define YEAR_US (365 * 24 * HOUR_US)

static void what_is_to_come_is_now(void **state)
{
	struct finding_record f;
	struct block_record b;
	(void)state;
	record_init(RECORD_finding, &f);
	f.at = f.last = NOW_US + YEAR_US;
	f.first = NOW_US - HOUR_US;
	hub_not_later(RECORD_finding, &f, NOW_US);
	assert_int_equal(f.at, NOW_US);
	assert_int_equal(f.last, NOW_US);
	assert_int_equal(f.first, NOW_US - HOUR_US);
	record_init(RECORD_block, &b);
	b.until = NOW_US + HOUR_US;
	hub_not_later(RECORD_block, &b, NOW_US);
	assert_int_equal(b.until, NOW_US + HOUR_US);
}

static void what_is_not_known_stays_so(void **state)
{
	struct alert_record a;
	(void)state;
	record_init(RECORD_alert, &a);
	hub_not_later(RECORD_alert, &a, NOW_US);
	assert_true(a.at == UNKNOWN_TIME && a.start == UNKNOWN_TIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_to_come_is_now),
		cmocka_unit_test(what_is_not_known_stays_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
