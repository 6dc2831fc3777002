/*
 * config.c: the command "config": is the configuration right, what is in force, and
 * what may be written.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/alert_rules.h"
#include "cli/blocklists.h"
#include "cli/cli.h"
#include "cli/countries.h"
#include "cli/options.h"
#include "cli/report_schedule.h"
#include "cli/settings.h"
#include "config/config.h"
#include "host/logs.h"

static int exit_status_of(int result)
{
	if (result == 0)
		return STATUS_OK;
	return result == -EACCES || result == -EPERM ? STATUS_NOT_PERMITTED
						     : STATUS_USAGE;
}

static int print(struct buf *out, int status)
{
	if (!buf_ok(out)) {
		fputs("breakwater config: out of memory\n", stderr);
		status = STATUS_USAGE;
	} else if (out->len > 0 && (fwrite(out->at, 1, out->len, stdout) != out->len ||
				    fflush(stdout) != 0)) {
		fprintf(stderr, "breakwater config: standard output: %s\n",
			strerror(errno));
		status = STATUS_USAGE;
	}
	buf_free(out);
	return status;
}

static void complain(const struct buf *errors)
{
	if (errors->len > 0)
		fwrite(errors->at, 1, errors->len, stderr);
}

/* Appends "a","b" from texts that each end with the byte `end`. */
static void add_json_texts(struct buf *out, const struct buf *texts, char end)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < texts->len; i++) {
		if (texts->at[i] != end) {
			buf_char(&text, texts->at[i]);
			continue;
		}
		const char *whole = buf_cstr(&text);
		buf_text(out, out->at[out->len - 1] == '[' ? "\"" : ",\"");
		buf_json_text(out, whole != NULL ? whole : "");
		buf_char(out, '"');
		buf_clear(&text);
	}
	buf_free(&text);
}

static void add_check_json(struct buf *out, const struct buf *files,
			   const struct buf *errors, bool is_right)
{
	buf_text(out,
		 is_right ? "{\"ok\":true,\"files\":[" : "{\"ok\":false,\"files\":[");
	add_json_texts(out, files, '\0');
	buf_text(out, "],\"errors\":[");
	add_json_texts(out, errors, '\n');
	buf_text(out, "]}\n");
}

static void add_check_text(struct buf *out, const struct buf *files)
{
	if (files->len == 0)
		buf_text(out, "no file; the defaults are in force\n");
	for (size_t at = 0; at < files->len; at += strlen(files->at + at) + 1)
		buf_printf(out, "%s: ok\n", files->at + at);
}

/* They are a part of the configuration in files of their own. */
static int check_formats(const struct config *config, struct buf *errors)
{
	struct log_formats *formats = log_formats_open(config->logs_formats, errors);
	log_formats_free(formats);
	return formats != NULL ? 0 : -EINVAL;
}

static int check_blocklists(const struct config *config, struct buf *errors)
{
	struct blocklists lists = { 0 };
	struct blocklists_counts counts;
	blocklists_open(&lists, &config->blocklists, errors);
	blocklists_count(&lists, &counts);
	blocklists_close(&lists);
	return counts.wrong == 0 ? 0 : -EINVAL;
}

/* What is watched and who is told, and the files of both. */
static int check_alerts(const struct config *config, struct buf *errors)
{
	static struct home none; /* which networks are home is no part of it */
	struct alert_rules rules;
	if (!alert_rules_load(&rules, config, &none, errors))
		return -EINVAL;
	alert_rules_free(&rules);
	return 0;
}

static int check_countries(const struct config *config, struct buf *errors)
{
	struct countries *countries = NULL;
	char error[COUNTRIES_ERROR_MAX];
	bool good = countries_replace(&countries, config->geo_database, error);
	countries_close(countries);
	if (!good)
		buf_printf(errors, "breakwater: %s\n", error);
	return good ? 0 : -EINVAL;
}

static int check(const char *path, bool json)
{
	struct config config;
	struct buf files = { 0 }, errors = { 0 }, out = { 0 }, listing = { 0 };
	config_init(&config);
	config_list_files(path, &files,
			  &listing); /* config_load() says what is wrong */
	int result = config_load(&config, path, &errors);
	if (result == 0)
		result = check_formats(&config, &errors);
	if (result == 0)
		result = check_blocklists(&config, &errors);
	if (result == 0)
		result = settings_check_traps(&config, &errors) ? 0 : -EINVAL;
	if (result == 0)
		result = check_countries(&config, &errors);
	if (result == 0)
		result = check_alerts(&config, &errors);
	if (result == 0)
		result = report_schedule_check_alone(&config, SCHEDULE_OF_EITHER,
						     &errors)
				 ? 0
				 : -EINVAL;
	if (json)
		add_check_json(&out, &files, &errors, result == 0);
	else if (result == 0)
		add_check_text(&out, &files);
	else
		complain(&errors);
	buf_free(&files);
	buf_free(&errors);
	buf_free(&listing);
	return print(&out, exit_status_of(result));
}

static int show(const char *path, bool json)
{
	struct config config;
	struct buf errors = { 0 }, out = { 0 };
	config_init(&config);
	int result = config_load(&config, path, &errors);
	if (result == 0)
		config_steer(&config, NULL, config.state, &errors);
	complain(&errors);
	buf_free(&errors);
	if (result != 0)
		return exit_status_of(result);
	if (json) {
		config_json(&out, &config);
		buf_char(&out, '\n');
	} else {
		config_show(&out, &config);
	}
	return print(&out, STATUS_OK);
}

static int print_text(void (*write)(struct buf *out))
{
	struct buf out = { 0 };
	write(&out);
	return print(&out, STATUS_OK);
}

static int wrong_usage(const char *what, const char *word)
{
	fprintf(stderr,
		"breakwater config: %s%s%s; allowed is check, show, schema or docs\n",
		what, word != NULL ? " " : "", word != NULL ? word : "");
	return STATUS_USAGE;
}

int command_config(int argc, char **argv)
{
	const char *path = NULL;
	const struct option_spec specs[] = {
		OPTION_CONFIG(&path),
	};
	const struct command_help help = {
		.name = "config",
		.operands = "check|show|schema|docs",
		.doc = "Check the configuration, show what is in force, or what is "
		       "allowed.",
		.examples = "  breakwater config check -c new.yaml\n"
			    "  breakwater config show > breakwater.yaml\n",
		.specs = specs,
		.spec_count = 1,
	};
	struct common_options common;
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (first == argc)
		return wrong_usage("which one", NULL);
	if (first + 1 < argc)
		return wrong_usage("one word too many:", argv[first + 1]);
	if (strcmp(argv[first], "check") == 0)
		return check(path, common.json);
	if (strcmp(argv[first], "show") == 0)
		return show(path, common.json);
	if (strcmp(argv[first], "schema") == 0)
		return print_text(config_schema);
	if (strcmp(argv[first], "docs") == 0)
		return print_text(config_docs);
	return wrong_usage("unknown word", argv[first]);
}
