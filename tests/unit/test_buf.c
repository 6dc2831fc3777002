/*
 * test_buf.c: text that grows, and JSON that no byte can break.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/bytes.h"

static void assert_text(struct buf *b, const char *text)
{
	assert_string_equal(buf_cstr(b), text);
	assert_int_equal(b->len, strlen(text));
	buf_clear(b);
}

static void numbers_are_written_in_full(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_u64(&b, 0), assert_text(&b, "0");
	buf_u64(&b, UINT64_MAX), assert_text(&b, "18446744073709551615");
	buf_i64(&b, INT64_MIN), assert_text(&b, "-9223372036854775808");
	buf_i64(&b, INT64_MAX), assert_text(&b, "9223372036854775807");
	buf_free(&b);
}

static void decimals_lose_their_trailing_zeros(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_decimal(&b, 0), assert_text(&b, "0");
	buf_decimal(&b, 1), assert_text(&b, "1");
	buf_decimal(&b, 100), assert_text(&b, "100");
	buf_decimal(&b, 0.5), assert_text(&b, "0.5");
	buf_decimal(&b, 0.000001), assert_text(&b, "0.000001");
	buf_decimal(&b, 1.0 / 3), assert_text(&b, "0.333333");
	buf_decimal(&b, 0.0500002), assert_text(&b, "0.05");
	buf_decimal(&b, 2.9999999), assert_text(&b, "3");
	buf_decimal(&b, -12.25), assert_text(&b, "-12.25");
	buf_decimal(&b, -0.0000001), assert_text(&b, "0");
	buf_decimal(&b, 1722470400.123456), assert_text(&b, "1722470400.123456");
	buf_decimal(&b, 0x1p63), assert_text(&b, "9223372036854775808");
	buf_free(&b);
}

static void what_is_no_decimal_fails(void **state)
{
	(void)state;
	static const double bad[] = { NAN, INFINITY, -INFINITY, 0x1p64, -1e300 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf b = { 0 };
		buf_decimal(&b, bad[i]);
		assert_false(buf_ok(&b));
		assert_int_equal(b.len, 0);
		buf_free(&b);
	}
}

static void json_text_escapes_what_would_break_it(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_json_text(&b, "a\"b\\c");
	assert_text(&b, "a\\\"b\\\\c");
	buf_json_text(&b, "\n\x1b[31m\x7f");
	assert_text(&b, "\\u000a\\u001b[31m\\u007f");
	buf_json_text(&b, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_text(&b, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
	/* CSI of C1 and its neighbours, as characters. */
	buf_json_text(&b, "\xc2\x80\xc2\x9b"
			  "31m\xc2\x9f\xc2\xa0");
	assert_text(&b, "\\u0080\\u009b31m\\u009f\xc2\xa0");
	/* A lone byte, an overlong slash, a surrogate, above U+10FFFF, cut off. */
	buf_json_text(&b, "\xff|\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82");
	assert_text(&b, "\\u00ff|\\u00c0\\u00af|\\u00ed\\u00a0\\u0080|"
			"\\u00f4\\u0090\\u0080\\u0080|\\u00e2\\u0082");
	buf_free(&b);
}

static void it_grows_and_keeps_what_it_has(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (unsigned i = 0; i < 100000; i++)
		buf_char(&b, (char)('a' + i % 26));
	assert_true(buf_ok(&b));
	for (unsigned i = 0; i < 100000; i++)
		assert_int_equal(b.at[i], 'a' + i % 26);
	buf_clear(&b);
	buf_printf(&b, "%0*d", 2000, 7); /* longer than any room inside */
	assert_int_equal(b.len, 2000);
	assert_int_equal(b.at[1999], '7');
	buf_free(&b);
	assert_string_equal(buf_cstr(&b), "");
	buf_free(&b);
}

static void without_memory_it_fails_once_and_stays_failed(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_text(&b, "abc");
	buf_add(&b, "x", SIZE_MAX / 2 + 10);
	assert_false(buf_ok(&b));
	buf_text(&b, "more");
	assert_int_equal(b.len, 3);
	assert_null(buf_cstr(&b));
	buf_clear(&b);
	buf_text(&b, "again");
	assert_text(&b, "again");
	buf_free(&b);
}

static void bytes_fail_once_and_stay_failed(void **state)
{
	(void)state;
	uint8_t *raw = memcpy(malloc(7), "\1\2\3\4\5\6\7", 7);
	struct bytes b = bytes_of(raw, 7);
	assert_int_equal(bytes_u8(&b), 1);
	assert_int_equal(bytes_be16(&b), 0x0203);
	assert_int_equal(bytes_be32(&b), 0x04050607);
	assert_true(bytes_ok(&b));
	assert_int_equal(b.len, 0);

	b = bytes_of(raw, 3);
	assert_int_equal(bytes_be32(&b), 0); /* takes nothing ... */
	assert_int_equal(bytes_u8(&b), 0);   /* ... and gives nothing any more */
	assert_false(bytes_ok(&b));
	assert_true(bytes_take(&b, SIZE_MAX).bad);
	free(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_in_full),
		cmocka_unit_test(decimals_lose_their_trailing_zeros),
		cmocka_unit_test(what_is_no_decimal_fails),
		cmocka_unit_test(json_text_escapes_what_would_break_it),
		cmocka_unit_test(it_grows_and_keeps_what_it_has),
		cmocka_unit_test(without_memory_it_fails_once_and_stays_failed),
		cmocka_unit_test(bytes_fail_once_and_stay_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
