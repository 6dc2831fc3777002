/*
 * fleet_command.c: breakwater fleet: the machines that tell a hub what they see.
 */
#include "cli/cli.h"
#include "cli/fleet_status.h"
#include "cli/verbs.h"
#include "cli/view.h"

static const char examples[] =
	"  breakwater fleet status                    how each sensor is, what is "
	"wrong "
	"first\n"
	"  breakwater fleet status --site berlin      those of one site\n"
	"  breakwater fleet status && echo fine       for scripts: 1 if any is late or "
	"refused\n";

static const struct verb verbs[] = {
	{ "status", 0, 0, NULL },
};

int command_fleet(int argc, char **argv)
{
	struct common_options common;
	struct sensor_options sensors = { 0 };
	const struct option_spec specs[] = {
		OPTION_SENSORS(&sensors),
	};
	const struct command_help help = {
		.name = "fleet",
		.operands = "[status]",
		.doc = "The machines whose records come together at this hub. "
		       "\"status\" shows how each is;\nexit status 1 if any is late or "
		       "refused its configuration.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_sensors,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (verb_choose("fleet", verbs, sizeof(verbs) / sizeof(verbs[0]), "status",
			argc - first, argv + first) < 0)
		return STATUS_USAGE;
	return fleet_status(&common, &sensors);
}
