/*
 * alerts.c: breakwater alerts: which limits are crossed now, which were, and which
 * other rules would have found crossed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/alert_screen.h"
#include "cli/alert_trial.h"
#include "cli/by_id.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/listing.h"

static const char examples[] =
	"  breakwater alerts                    what fires now\n"
	"  breakwater alerts 3fa2               all that is known of one\n"
	"  breakwater alerts --since 7d         those of the last week\n"
	"  breakwater alerts --rule response && echo fine\n"
	"                                       for scripts: 1 if one of them fires\n"
	"  breakwater alerts test rules.yaml --since 30d\n"
	"                                       what these rules would have found\n";

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater alerts: %s\n", why);
	return status;
}

/* What is over is asked for by a time, or by its state. */
static int list(struct listing *listing)
{
	bool has_time = listing->since != NULL || listing->until != NULL;
	if (!has_time && listing->state == NULL)
		listing->state = "firing";
	else if (!has_time && strcmp(listing->state, "resolved") == 0)
		listing->since = "30d";
	int status = listing_run(listing);
	return status != STATUS_OK ? status : listing_judge(listing, "firing", NULL);
}

static int show(const struct common_options *common, const char *id)
{
	struct alert_record alert;
	const struct look look = look_of(common);
	int status = by_id_get(common, "alerts", RECORD_alert, id, &alert);
	if (status != STATUS_OK)
		return status;
	if (common->json)
		record_print(RECORD_alert, &alert);
	else
		alert_screen(&look, &alert);
	return STATUS_OK;
}

/* What the options of the one mean is nothing to the other. */
static int try_rules(const struct listing *listing, const char *config, int count,
		     char **files)
{
	if (listing->severity != NULL || listing->rule != NULL ||
	    listing->sort != NULL || listing->limit != 0)
		return complain(STATUS_USAGE, "with test allowed are --since, --until, "
					      "--state and --config");
	const struct alert_trial_options options = {
		.common = &listing->common,
		.since = listing->since,
		.until = listing->until,
		.config = config,
		.state = listing->state,
		.files = files,
		.file_count = (size_t)count,
	};
	return alert_trial(&options);
}

static int run(struct listing *listing, const char *config, int words, char **word)
{
	if (words > 0 && strcmp(word[0], "test") == 0)
		return words == 1 ? complain(STATUS_USAGE, "which FILE of rules?")
				  : try_rules(listing, config, words - 1, word + 1);
	if (words > 1)
		return complain(STATUS_USAGE, "one ID at a time");
	if (config != NULL)
		return complain(STATUS_USAGE, "--config goes with test");
	return words == 1 ? show(&listing->common, word[0]) : list(listing);
}

int command_alerts(int argc, char **argv)
{
	const char *config = NULL;
	struct listing listing = LISTING_OF(alerts);
	const struct option_spec specs[] = {
		LISTING_TEXT(&listing, state, "WORD",
			     "firing (usual) or resolved; with test: folder of the "
			     "store"),
		LISTING_TEXT(&listing, severity, "S",
			     "only notice, low, medium, high or critical"),
		LISTING_TEXT(&listing, rule, "NAME", "only of this rule"),
		LISTING_PORT(&listing, "only about this port"),
		LISTING_TEXT(&listing, host, "IP", "only about this address or CIDR"),
		LISTING_TIME(&listing, since,
			     "lasted then: 2h, 7d, or RFC 3339; with test: 90d"),
		LISTING_TIME(&listing, until, "begun until then"),
		OPTION_CONFIG(&config),
		LISTING_SENSORS(&listing),
		LISTING_ORDER(&listing, ""),
	};
	const struct command_help help = {
		.name = "alerts",
		.operands = "[ID | test FILE...]",
		.doc = "Which limits are crossed. Exit status 1 if one is, now. "
		       "\"test\" tries rules on the\npast, in place of those of "
		       "limits.files, beside those in force.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_alerts,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &listing.common, &first, &status))
		return status;
	return run(&listing, config, argc - first, argv + first);
}
