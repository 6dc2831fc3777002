/*
 * notify.c: the command "notify": does a message reach that sink?
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/notify_try.h"
#include "cli/options.h"

static int complain(const char *what, int status)
{
	fprintf(stderr, "breakwater notify: %s\n", what);
	return status;
}

static int load(const char *path, struct config *config)
{
	struct buf errors = { 0 };
	config_init(config);
	int result = config_load(config, path, &errors);
	if (errors.len > 0)
		fwrite(errors.at, 1, errors.len, stderr);
	buf_free(&errors);
	return result == 0                             ? STATUS_OK
	       : result == -EACCES || result == -EPERM ? STATUS_NOT_PERMITTED
						       : STATUS_USAGE;
}

static int tell(const char *sink, int result, struct buf *said, bool json)
{
	const char *why = result == 0 || buf_cstr(said) == NULL ? "" : buf_cstr(said);
	if (result != 0 && result != -EAGAIN)
		return complain(why, STATUS_USAGE);
	struct buf out = { 0 };
	if (json) {
		buf_printf(&out, "{\"state\":\"%s\",\"sink\":\"",
			   result == 0 ? "sent" : "failed");
		buf_json_text(&out, sink);
		buf_text(&out, "\",\"error\":\"");
		buf_json_text(&out, why);
		buf_text(&out, "\"}");
	} else if (result == 0) {
		buf_printf(&out, "%s has taken it", sink);
	} else {
		buf_printf(&out, "%s has not taken it: %s", sink, why);
	}
	puts(buf_cstr(&out) != NULL ? buf_cstr(&out) : "");
	buf_free(&out);
	return result == 0 ? STATUS_OK : STATUS_BAD_NEWS;
}

int command_notify(int argc, char **argv)
{
	static struct config config;
	const char *path = NULL;
	const struct option_spec specs[] = {
		OPTION_CONFIG(&path),
	};
	const struct command_help help = {
		.name = "notify",
		.operands = "test SINK",
		.doc = "Sends a message that says that it is a test, now and from "
		       "here. SINK is the name of a sink, or a URL as notify.to has "
		       "them. Exit status 0: it was taken, 1: it was not.",
		.examples = "  breakwater notify test chat\n"
			    "  breakwater notify test 'slack:?url_file=/etc/slack'\n",
		.specs = specs,
		.spec_count = 1,
	};
	struct common_options common = { 0 };
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (argc - first != 2 || strcmp(argv[first], "test") != 0)
		return complain("allowed is: test SINK", STATUS_USAGE);
	status = load(path, &config);
	if (status != STATUS_OK)
		return status;
	struct buf said = { 0 };
	int result = notify_try(&config, argv[first + 1], &said);
	status = tell(argv[first + 1], result, &said, common.json);
	buf_free(&said);
	return status;
}
