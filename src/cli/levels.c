/*
 * levels.c: breakwater levels: what was promised of services, and how much of it was
 * kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/alert_rules.h"
#include "cli/cli.h"
#include "cli/gather.h"
#include "cli/json.h"
#include "cli/level_recall.h"
#include "cli/settings.h"
#include "cli/state_folder.h"
#include "cli/table.h"

enum { ROWS_ASKED = 100000 };
/* Without a time: as far back as uptime is told. */
#define BACK_US (INT64_C(90) * 86400 * 1000000)

static const char examples[] =
	"  breakwater levels                    how each stands, by the daemon\n"
	"  breakwater levels shop --json        one of them\n"
	"  breakwater levels --since 2026-01-01 --until 2026-02-01\n"
	"                                       what January came to, from the store\n";

struct asked {
	struct common_options common;
	const char *config_path, *state, *since, *until, *name;
};

struct levels_found {
	const char *name; /* NULL: all */
	struct level_record *at;
	size_t count;
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater levels: %s\n", why);
	return status;
}

/* ---- what there is ---- */

static void keep(void *to, const struct level_record *level)
{
	struct levels_found *found = to;
	if (found->name != NULL && strcmp(found->name, level->name) != 0)
		return;
	struct level_record *grown =
		reallocarray(found->at, found->count + 1, sizeof(*grown));
	if (grown == NULL)
		return;
	found->at = grown;
	found->at[found->count++] = *level;
}

static bool keep_told(void *to, const void *record)
{
	keep(to, record);
	return true;
}

static int ask_daemon(const struct asked *asked, struct levels_found *found)
{
	const struct gather_wanted wanted = { .kind = RECORD_level,
					      .limit = ROWS_ASKED };
	int status;
	struct gather *gather = gather_open(&asked->common, "levels", NULL, &status);
	if (gather == NULL)
		return status;
	status = gather_each(gather, &wanted, keep_told, found);
	gather_close(gather);
	return status;
}

static int read_store(const struct asked *asked, const struct limit_rules *rules,
		      struct levels_found *found)
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	config_text folder;
	struct level_recall recall = { .folder = folder,
				       .rules = rules,
				       .until_us = now_us,
				       .since_us = now_us - BACK_US,
				       .by_window = asked->since == NULL,
				       .take = keep,
				       .to = found };
	if (asked->until != NULL)
		when_parse(asked->until, now_us, &recall.until_us);
	recall.since_us = recall.until_us - BACK_US;
	if (asked->since != NULL)
		when_parse(asked->since, now_us, &recall.since_us);
	if (recall.since_us >= recall.until_us)
		return complain(STATUS_USAGE, "--since: before --until");
	int status = state_folder("levels", asked->state, asked->config_path, folder);
	return status == STATUS_OK ? level_recall(&recall) : status;
}

static int recall(const struct asked *asked, struct levels_found *found)
{
	static struct config config;
	static const struct option_list no_home;
	static struct home home;
	struct buf errors = { 0 };
	int status = settings_load(&config, asked->config_path, &no_home, &home);
	if (status != STATUS_OK)
		return status;
	struct limit_rules *rules = alert_rules_limits(&config, &home, &errors);
	const char *text = buf_cstr(&errors);
	if (errors.len > 0)
		fputs(text != NULL ? text : "breakwater levels: out of memory\n",
		      stderr);
	status = errors.len > 0 ? STATUS_USAGE : read_store(asked, rules, found);
	buf_free(&errors);
	limit_rules_free(rules);
	return status;
}

/* ---- output ---- */

static int by_name(const void *left, const void *right)
{
	const struct level_record *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : strcmp(a->target, b->target);
}

static void print_table(const struct asked *asked, const struct levels_found *found)
{
	const struct look look = look_of(&asked->common);
	const struct limits limits = limits_of(NULL);
	json_t *rows = json_array();
	for (size_t i = 0; i < found->count; i++) {
		struct buf text = { 0 };
		record_json(&text, RECORD_level, &found->at[i]);
		json_array_append_new(rows, object_parse(&text));
		buf_free(&text);
	}
	if (found->count > 0)
		table_print(&view_levels, rows, &limits, &look);
	else
		fprintf(stderr, "%s\n", view_levels.nothing);
	json_decref(rows);
}

/* Bad news are those whose budget is gone, or goes too fast. */
static int print(const struct asked *asked, const struct levels_found *found)
{
	bool is_bad = false;
	if (found->count > 0)
		qsort(found->at, found->count, sizeof(found->at[0]), by_name);
	for (size_t i = 0; i < found->count; i++) {
		const struct level_record *level = &found->at[i];
		is_bad |= level->budget_left <= 0 || level->severity != NULL;
		if (asked->common.json)
			record_print(RECORD_level, level);
	}
	if (!asked->common.json)
		print_table(asked, found);
	return is_bad ? STATUS_BAD_NEWS : STATUS_OK;
}

static int answer(const struct asked *asked)
{
	bool is_past = asked->since != NULL || asked->until != NULL ||
		       asked->state != NULL || asked->config_path != NULL;
	struct levels_found found = { .name = asked->name };
	int status = is_past ? recall(asked, &found) : ask_daemon(asked, &found);
	if (status == STATUS_OK && asked->name != NULL && found.count == 0)
		status = complain(STATUS_USAGE,
				  "nothing is counted of a level of that name; without "
				  "one all are listed");
	if (status == STATUS_OK)
		status = print(asked, &found);
	free(found.at);
	return status;
}

int command_levels(int argc, char **argv)
{
	struct asked asked = { 0 };
	const struct option_spec specs[] = {
		{ 0, OPTION_TIME, "since", "TIME",
		  "what it came to since then, from the store: 2h, 7d, or RFC 3339",
		  &asked.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME", "until then; also from the store",
		  &asked.until, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "read the store in this folder, without the daemon", &asked.state, 0,
		  0 },
		OPTION_CONFIG(&asked.config_path),
	};
	const struct command_help help = {
		.name = "levels",
		.operands = "[NAME]",
		.doc = "What was promised of services (docs/alerts.md), and how much "
		       "of it was kept. Exit status\n1 if an error budget is used up, "
		       "or is used up too fast.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_levels,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &asked.common, &first, &status))
		return status;
	if (argc - first > 1)
		return complain(STATUS_USAGE, "one NAME at a time");
	asked.name = first < argc ? argv[first] : NULL;
	return answer(&asked);
}
