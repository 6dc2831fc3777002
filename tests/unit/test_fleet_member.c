/*
 * test_fleet_member.c: who a machine is in a fleet, and what its status says of that.
 */
#include "printed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/fleet_identity.h"
#include "cli/status_lines.h"

static char state_folder[64], path[128];

static int make_folder(void **state)
{
	(void)state;
	snprintf(state_folder, sizeof(state_folder), "/tmp/test-fleet-member-XXXXXX");
	if (mkdtemp(state_folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/fleet", state_folder);
	if (mkdir(path, 0700) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/fleet/identity", state_folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	snprintf(path, sizeof(path), "%s/fleet", state_folder);
	rmdir(path);
	return rmdir(state_folder);
}

static int read_of(const char *text, struct fleet_identity *out,
		   char error[static FLEET_IDENTITY_ERROR_MAX])
{
	assert_int_equal(file_replace(path, text, strlen(text)), 0);
	return fleet_identity_read(state_folder, out, error);
}

static void who_it_is_is_read_as_join_wrote_it(void **state)
{
	struct fleet_identity identity;
	char error[FLEET_IDENTITY_ERROR_MAX];
	(void)state;
	assert_int_equal(fleet_identity_read(state_folder, &identity, error), -ENOENT);
	assert_int_equal(read_of("{\"name\":\"web-1\",\"site\":\"Berlin\",\"tags\":"
				 "[\"dmz\",\"www\"],\"servers\":[\"tls://a:4222\"]}\n",
				 &identity, error),
			 0);
	assert_string_equal(identity.name, "web-1");
	assert_string_equal(identity.site, "Berlin");
	assert_string_equal(identity.tags, "dmz,www");
	assert_int_equal(read_of("{\"name\":\"a\"}", &identity, error), 0);
	assert_string_equal(identity.site, "");
	assert_string_equal(identity.tags, "");
}

static void what_is_wrong_with_it_is_said(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "", "identity: " },
		{ "[]", "it is no JSON object" },
		{ "{}", "\"name\" is no sensor's name: 1 to 63 of A-Z a-z 0-9 _ -" },
		{ "{\"name\":\"a.b\"}", "\"name\" is no sensor's name" },
		{ "{\"name\":\"a\",\"site\":7}", "\"site\" is no text" },
		{ "{\"name\":\"a\",\"tags\":\"x\"}", "\"tags\" is no list" },
		{ "{\"name\":\"a\",\"tags\":[1]}", "\"tags\" is no list" },
	};
	struct fleet_identity identity;
	char error[FLEET_IDENTITY_ERROR_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(read_of(wrong[i].text, &identity, error), -EBADMSG);
		assert_says(error, wrong[i].says);
	}
}

static const char *lines_of(const char *fleet)
{
	const struct look look = { .color = false, .width = 0 };
	json_t *part = json_loads(fleet, 0, NULL);
	assert_non_null(part);
	catch_output();
	status_line_fleet(part, &look);
	json_decref(part);
	return what_was_printed();
}

static void the_status_says_what_was_told_what_waits_and_what_is_wrong(void **state)
{
	(void)state;
	assert_string_equal(
		lines_of("{\"name\":\"web-1\",\"site\":\"Berlin\",\"connected\":true,"
			 "\"told_batches\":1234,\"waiting_batches\":0,"
			 "\"dropped_records\":0,\"trouble\":\"\"}"),
		"Fleet        as web-1 at Berlin; connected, 1,234 batches told, none "
		"waits\n");
	assert_string_equal(
		lines_of("{\"name\":\"db\",\"site\":\"\",\"connected\":false,"
			 "\"told_batches\":1,\"waiting_batches\":2,"
			 "\"waiting_bytes\":8192,\"lag_us\":7200000000,"
			 "\"dropped_records\":5,\"trouble\":\"No server\\u001b\"}"),
		"Fleet        as db; not connected, 1 batch told, 2 wait (8.2 kB), "
		"the "
		"oldest for 2 h\n"
		"             ! 5 records found no room to wait (fleet.spool)\n"
		"             ! No server?\n");
	assert_string_equal(
		lines_of("{\"name\":\"\",\"connected\":false,\"dropped_records\":0,"
			 "\"trouble\":\"identity: it is no JSON object\"}"),
		"Fleet        is told nothing: this machine watches alone\n"
		"             ! identity: it is no JSON object\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_it_is_is_read_as_join_wrote_it,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_is_wrong_with_it_is_said,
						make_folder, remove_folder),
		cmocka_unit_test(
			the_status_says_what_was_told_what_waits_and_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
