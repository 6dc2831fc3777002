/*
 * fleet_command.c: breakwater fleet: many machines with one picture; docs/fleet.md.
 */
#include "cli/fleet_command.h"

#include "cli/cli.h"
#include "cli/fleet_status.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "fleet/document.h"

static const char examples[] =
	"  breakwater fleet status                    how each sensor is, what is "
	"wrong first\n"
	"  breakwater fleet status && echo fine       for scripts: 1 if any is late or "
	"refused\n"
	"  breakwater fleet init --servers tls://nats-1.example.org:4222\n"
	"  breakwater fleet token --site berlin --tag web\n"
	"  breakwater fleet join                      on the machine that joins: paste "
	"it\n"
	"  breakwater fleet list\n"
	"  breakwater fleet story 203.0.113.9 --since 7d    what it did at each "
	"sensor\n"
	"  breakwater fleet revoke web-3 --why 'stolen'\n"
	"  breakwater fleet hub-credentials hub-2 --out hub-2\n"
	"  breakwater fleet server tls://nats-4.example.org:4222 --out new\n"
	"  breakwater fleet apply limits slow.yaml --scope tag:web --step 5%,25%,100%\n"
	"  breakwater fleet rollout                   who has it, who refused it and "
	"why\n"
	"  breakwater fleet back limits --scope tag:web\n"
	"  breakwater fleet share 203.0.113.7 --for 1h --why 'guesses passwords'\n";

static int status(const struct fleet_options *o, const char *operand)
{
	const struct sensor_options wanted = { .sensor = o->sensor,
					       .site = o->site,
					       .tag = o->tags.count > 0 ? o->tags.at[0]
									: NULL };
	(void)operand;
	if (o->tags.count > 1)
		return fleet_complain("status", STATUS_USAGE, "--tag: only one");
	return fleet_status(&o->common, &wanted);
}

static const struct verb verbs[] = {
	{ "status", 0, 0, NULL },
	{ "init", 0, 0, NULL },
	{ "token", 0, 0, NULL },
	{ "join", 0, 1, NULL },
	{ "list", 0, 0, NULL },
	{ "revoke", 1, 1, "which sensor?" },
	{ "hub-credentials", 1, 1, "what is the other hub to be called?" },
	{ "server", 1, 1, "which server? Allowed is tls://HOST:PORT" },
	{ "apply", 2, 2, "which kind of document, and which file?" },
	{ "back", 1, 1, "which kind of document?" },
	{ "rollout", 0, 0, NULL },
	{ "show", 0, 1, NULL },
	{ "share", 1, 1, "which finding, or which address?" },
	{ "unshare", 1, 1, "which finding, or which address?" },
	{ "story", 1, 1, "of which address?" },
};
static int (*const jobs[])(const struct fleet_options *o, const char *operand) = {
	status,      fleet_init,    fleet_token,           fleet_join,
	fleet_list,  fleet_revoke,  fleet_hub_credentials, fleet_server,
	fleet_apply, fleet_back,    fleet_rollout,         fleet_show,
	fleet_share, fleet_unshare, fleet_story,
};

static int start(struct fleet_options *o, int words, char **word)
{
	_Static_assert(sizeof(verbs) / sizeof(verbs[0]) ==
			       sizeof(jobs) / sizeof(jobs[0]),
		       "each has its job");
	int which = verb_choose("fleet", verbs, sizeof(verbs) / sizeof(verbs[0]),
				"status", words, word);
	if (which < 0)
		return STATUS_USAGE;
	o->second = words > 2 ? word[2] : NULL;
	return jobs[which](o, words > 1 ? word[1] : NULL);
}

static struct fleet_options given = { .count = 1 };

enum { COUNT_MAX = 1000 }; /* of tokens at once */
static const struct option_spec specs[] = {
	{ 0, OPTION_TEXT, "servers", "LIST",
	  "init: addresses of the NATS servers, tls://HOST:PORT with commas "
	  "between",
	  &given.servers, 0, 0 },
	{ 0, OPTION_TEXT, "name", "NAME",
	  "init: the fleet's; token, join: the sensor's (join: else the "
	  "machine's own)",
	  &given.name, 0, 0 },
	{ 0, OPTION_TEXT, "hub", "NAME", "init: this hub's (hub-1)", &given.hub, 0, 0 },
	{ 0, OPTION_TEXT, "disk", "SIZE", "init: of each server, for records (10GB)",
	  &given.disk, 0, 0 },
	{ 0, OPTION_TEXT, "out", "DIR",
	  "init, server, hub-credentials: folder that is made for what other "
	  "machines get",
	  &given.out, 0, 0 },
	{ 0, OPTION_TEXT, "from", "DIR",
	  "init: what hub-credentials made, on the other hub", &given.from, 0, 0 },
	{ 0, OPTION_TEXT, "sensor", "NAME",
	  "status: only this one; several with commas", &given.sensor, 0, 0 },
	{ 0, OPTION_TEXT, "site", "SITE",
	  "status: only of this site; token: where the sensor is", &given.site, 0, 0 },
	{ 0, OPTION_LIST, "tag", "TAG",
	  "status: only with this one; token: a word by which it is chosen, may be "
	  "given again",
	  &given.tags, 0, 0 },
	{ 0, OPTION_TEXT, "for", "T",
	  "token: how long it is good: from 1s to 30d; share: up to 24h (1h)",
	  &given.duration, 0, 0 },
	{ 0, OPTION_NUMBER, "count", "N", "token: how many (1)", &given.count, 1,
	  COUNT_MAX },
	{ 0, OPTION_TEXT, "why", "TEXT", "revoke, share: for the audit chain",
	  &given.why, 0, 0 },
	{ 0, OPTION_TEXT, "state", "DIR",
	  "state folder; default that of the configuration", &given.state, 0, 0 },
	{ 0, OPTION_TEXT, "scope", "SCOPE",
	  "apply, back, show: whose it is: " SCOPE_ALLOWED " (all)", &given.scope, 0,
	  0 },
	{ 0, OPTION_TEXT, "step", "LIST",
	  "apply, back: shares of the sensors, one after the other (5%,25%,100%)",
	  &given.step, 0, 0 },
	{ 0, OPTION_TEXT, "wait", "T",
	  "apply, back: how long a share has to stay well (60s)", &given.wait, 0, 0 },
	{ 0, OPTION_NUMBER, "to", "VERSION",
	  "back, show: that one, not the one before or in force", &given.to, 1,
	  INT64_MAX },
	{ 0, OPTION_TEXT, "since", "T", "story: from when on (24h)", &given.since, 0,
	  0 },
	OPTION_CONFIG(&given.config_path),
};

int command_fleet(int argc, char **argv)
{
	const struct command_help help = {
		.name = "fleet",
		.operands = "[status | init | token | join [TOKEN|FILE] | list |\n"
			    "       revoke SENSOR | hub-credentials HUB | "
			    "server ADDRESS |\n       apply KIND FILE | back KIND | "
			    "rollout | "
			    "show [KIND] | share SOURCE | unshare SOURCE |\n       "
			    "story ADDRESS]",
		.doc = "Many machines with one picture. \"status\" asks a hub how each "
		       "is; exit status 1 if any\nis late or refused its "
		       "configuration. \"init\" makes a fleet, on its first hub; "
		       "\"token\"\nprints a line with which one machine may "
		       "\"join\" once; \"revoke\" ends that in seconds.\n"
		       "\"join\" takes the token from standard input, or a file, so "
		       "that it is in no list of\nprocesses. \"apply\" gives sensors "
		       "what is "
		       "in a file, some at a time; \"back\" what\nthey had before. "
		       "\"story\" tells what one address did at each sensor, in order.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_sensors,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &given.common, &first, &status))
		return status;
	return start(&given, argc - first, argv + first);
}
