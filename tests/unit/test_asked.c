/*
 * test_asked.c: what a probe keeps to be sent has an end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/asked.h"

static void who_reads_nothing_is_told_no_more(void **state)
{
	(void)state;
	static const uint8_t words[1000];
	char why[TARGET_WHY_MAX];
	struct target target;
	assert_true(target_parse(&target, "tls://192.0.2.1:443", why));
	struct asked a = { .target = &target, .reason = REASON_not_sent };
	for (unsigned i = 0; i < 65; i++)
		asked_put(&a, words, sizeof(words));
	assert_false(a.is_judged);
	assert_int_equal(a.out.len, 65 * sizeof(words));
	for (unsigned i = 0; i < 1000; i++)
		asked_put(&a, words, sizeof(words));
	assert_true(a.is_judged && a.is_choked);
	assert_int_equal(a.reason, REASON_wrong_protocol);
	assert_int_equal(a.out.len, 65 * sizeof(words));
	buf_free(&a.out);
	target_free(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_reads_nothing_is_told_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
