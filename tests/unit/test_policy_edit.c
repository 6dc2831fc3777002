/*
 * test_policy_edit.c: one entry more or less in a register changes its lines and no
 * others, or nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/policy.h"

#define SSH                                                                            \
	"    - port: 22   # by mail\n      transport: tcp\n\n      # why\n      "      \
	"reason: a\n"
#define WEB "    # The site.\n    - {port: 80-81, transport: tcp}\n"

static const char both[] = "# Ours.\nports:\n" SSH WEB "# The end.\n";

static int change(const char *text, const struct policy_entry_text *entry, bool adds,
		  struct buf *out, struct buf *message)
{
	struct buf whole = { 0 };
	buf_text(&whole, text);
	struct policy *policy = policy_parse(whole.at, whole.len, "p", message);
	assert_non_null(policy);
	int error = adds ? policy_text_add(policy, &whole, entry, out, message)
			 : policy_text_remove(policy, &whole, entry, 0, out, message);
	policy_free(policy);
	buf_free(&whole);
	return error;
}

static void check(const char *text, const struct policy_entry_text *entry, bool adds,
		  const char *expected)
{
	struct buf out = { 0 }, message = { 0 };
	int error = change(text, entry, adds, &out, &message);
	if (error != 0)
		fail_msg("%d: %s", error, buf_cstr(&message));
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
	buf_free(&message);
}

static void one_more_comes_last_as_the_others_stand(void **state)
{
	const struct policy_entry_text entry = { .port = "443",
						 .transport = "tcp",
						 .exe = "/usr/sbin/nginx (deleted)",
						 .owner = "a \"b\"" };
	(void)state;
	check(both, &entry, true,
	      "# Ours.\nports:\n" SSH WEB "# The end.\n"
	      "\n    - port: \"443\"\n      transport: \"tcp\"\n"
	      "      exe: \"/usr/sbin/nginx\"\n      owner: \"a \\\"b\\\"\"\n");
	check("ports: []", &entry, true,
	      "ports:\n\n  - port: \"443\"\n    transport: \"tcp\"\n"
	      "    exe: \"/usr/sbin/nginx\"\n    owner: \"a \\\"b\\\"\"\n");
}

static void one_less_leaves_the_rest(void **state)
{
	const struct policy_entry_text ssh = { .port = "22", .transport = "tcp" };
	const struct policy_entry_text web = { .port = "80-81", .transport = "tcp" };
	(void)state;
	check(both, &ssh, false, "# Ours.\nports:\n" WEB "# The end.\n");
	check(both, &web, false,
	      "# Ours.\nports:\n" SSH "    # The site.\n# The end.\n");
	check("# a\nports: # b\n" SSH, &ssh, false, "# a\nports: []\n");
}

static void refuses(const char *text, const struct policy_entry_text *entry, bool adds,
		    int expected, const char *words)
{
	struct buf out = { 0 }, message = { 0 };
	assert_int_equal(change(text, entry, adds, &out, &message), expected);
	if (strstr(buf_cstr(&message), words) == NULL)
		fail_msg("said: %s", buf_cstr(&message));
	buf_free(&out);
	buf_free(&message);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const char flow[] = "ports: [{port: 22, transport: tcp}]\n";
	static const char twice[] = "ports:\n"
				    "- {port: 22, transport: tcp, exe: /a}\n"
				    "- {port: 22, transport: tcp, exe: /b}\n";
	const struct policy_entry_text ssh = { .port = "22", .transport = "tcp" };
	const struct policy_entry_text forged = { .port = "23\"\n  - port: 1",
						  .transport = "tcp" };
	const struct policy_entry_text dns = { .port = "53", .transport = "udp" };
	(void)state;
	refuses(both, &ssh, true, -EINVAL, "allowed are entries that differ");
	refuses(both, &forged, true, -EINVAL, "port can't be");
	refuses(flow, &dns, true, -EINVAL, "");
	refuses(flow, &ssh, false, -EINVAL, "lines of its own");
	refuses(both, &dns, false, -ENOENT, "no entry for 53/udp");
	refuses(twice, &ssh, false, -EEXIST, "in lines 2, 3");
}

/* ---- reviews ---- */

static void note(void *to, const char *id)
{
	assert_int_equal(strlen(id), 16);
	++*(int *)to;
}

static int review(const char *text, const struct policy_reviewed *reviewed,
		  struct buf *out, int *count, struct buf *message)
{
	struct buf whole = { 0 };
	*count = 0;
	buf_text(&whole, text);
	struct policy *policy = policy_parse(whole.at, whole.len, "p", message);
	assert_non_null(policy);
	int error =
		policy_text_review(policy, &whole, reviewed, out, note, count, message);
	policy_free(policy);
	buf_free(&whole);
	return error;
}

static void check_review(const char *text, const struct policy_reviewed *reviewed,
			 int count, const char *expected)
{
	struct buf out = { 0 }, message = { 0 };
	int reviews;
	int error = review(text, reviewed, &out, &reviews, &message);
	if (error != 0)
		fail_msg("%d: %s", error, buf_cstr(&message));
	assert_int_equal(reviews, count);
	assert_string_equal(buf_cstr(&out), expected);
	buf_free(&out);
	buf_free(&message);
}

#define TWO(first, second)                                                             \
	"ports:\n- port: 22 # a\n  transport: tcp\n  owner: x\n" first                 \
	"# of the next\n-   port: 23\n    transport: tcp\n" second                     \
	"    owner: x\n\n# The end.\n"

static void a_review_changes_its_date_and_no_more(void **state)
{
	const struct policy_entry_text ssh = { .port = "22", .transport = "tcp" };
	const struct policy_entry_text both_of_x = { .owner = "x" };
	struct policy_reviewed reviewed = { .entry = ssh, .usual = "2027-01-02" };
	(void)state;
	check_review(TWO("  review: 2026-01-01 # old\n", ""), &reviewed, 1,
		     TWO("  review: \"2027-01-02\"\n", ""));
	/* What goes by the configuration stays without a date of its own. */
	check_review(TWO("", ""), &reviewed, 1, TWO("", ""));
	reviewed.next = "2030-05-06";
	check_review(TWO("", ""), &reviewed, 1, TWO("  review: \"2030-05-06\"\n", ""));
	reviewed.entry = both_of_x;
	check_review(TWO("", "    review: 2026-01-01\n"), &reviewed, 2,
		     TWO("  review: \"2030-05-06\"\n", "    review: \"2030-05-06\"\n"));
}

static void refuses_review(const char *text, const struct policy_reviewed *reviewed,
			   int expected, const char *words)
{
	struct buf out = { 0 }, message = { 0 };
	int reviews;
	assert_int_equal(review(text, reviewed, &out, &reviews, &message), expected);
	if (strstr(buf_cstr(&message), words) == NULL)
		fail_msg("said: %s", buf_cstr(&message));
	buf_free(&out);
	buf_free(&message);
}

static void a_review_that_does_not_fit_is_refused(void **state)
{
	const struct policy_entry_text ssh = { .port = "22", .transport = "tcp" };
	const struct policy_entry_text web = { .port = "80-81", .transport = "tcp" };
	const struct policy_entry_text nobodys = { .owner = "y" };
	struct policy_reviewed reviewed = { .entry = ssh };
	(void)state;
	refuses_review(TWO("  review: 2026-01-01\n", ""), &reviewed, -EINVAL,
		       "line 2 has a date of its own");
	reviewed.next = "soon";
	refuses_review(TWO("", ""), &reviewed, -EINVAL, "review can't be \"soon\"");
	reviewed.next = "2030-05-06\n  exe: /x";
	refuses_review(TWO("", ""), &reviewed, -EINVAL, "review can't be");
	reviewed = (struct policy_reviewed){ .entry = web, .next = "2030-05-06" };
	refuses_review(both, &reviewed, -EINVAL, "lines of its own");
	reviewed.entry = nobodys;
	refuses_review(both, &reviewed, -ENOENT, "no entry whose owner is y");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_comes_last_as_the_others_stand),
		cmocka_unit_test(one_less_leaves_the_rest),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(a_review_changes_its_date_and_no_more),
		cmocka_unit_test(a_review_that_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
