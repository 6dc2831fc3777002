/*
 * silences.c: breakwater silence and unsilence: times in which nobody is told of some
 * incidents.
 */
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/listing.h"

static const char silence_examples[] =
	"  breakwater silence                                 which there are\n"
	"  breakwater silence server_ip=192.0.2.7 --for 2h --why 'new disks'\n"
	"  breakwater silence 'rule=response port=443' --for 1d\n"
	"  breakwater silence --sensor web-1 --for 2h          at a hub: all of one\n";
static const char unsilence_examples[] =
	"  breakwater unsilence 3fa2      end one now, by the first digits of its ID\n";

static int list(const struct common_options *common)
{
	struct listing listing = LISTING_OF(silences);
	listing.command = "silence";
	listing.common = *common;
	return listing_run(&listing);
}

static const struct change_command silence = {
	.name = "silence",
	.operands = "[MATCH]",
	.doc = "Has nobody told of incidents that match, for a time; without MATCH it "
	       "lists. What\ncan be matched: docs/alerts.md.",
	.examples = silence_examples,
	.path = "/api/v1/silences",
	.operand = "match",
	.wants = "one MATCH is needed, in '' if it has blanks; or --sensor",
	.done = "nobody is told of what matches, until it ends",
	.list = list,
	.fields = {
		{ "for", "for", "T", "so long: 30m, 2h, 7d; at most 366d", false },
		{ "why", "why", "TEXT", "the reason, for the audit chain", false },
		{ "sensor", "sensor", "NAME",
		  "at a hub: what is of that one only; several with commas", true },
	},
};

static const struct change_command unsilence = {
	.name = "unsilence",
	.operands = "ID",
	.doc = "Ends a silence: what still fires is told.",
	.examples = unsilence_examples,
	.path = "/api/v1/silences/end",
	.operand = "id",
	.wants = "one ID is needed",
	.is_id = true,
	.done = "ended",
};

int command_silence(int argc, char **argv)
{
	return change_run(&silence, argc, argv);
}

int command_unsilence(int argc, char **argv)
{
	return change_run(&unsilence, argc, argv);
}
