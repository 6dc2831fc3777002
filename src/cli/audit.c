/*
 * audit.c: breakwater audit: who changed or decided what, and whether that is all.
 */
#include "cli/audit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/proof.h"
#include "cli/state_folder.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "store/store.h"

static const char examples[] =
	"  breakwater audit --since 7d                 who changed or decided what\n"
	"  breakwater audit verify --key audit.pub --checkpoints kept.ndjson\n"
	"                                              whether that is all, and as it "
	"was\n"
	"  breakwater audit checkpoints --since 1d | ssh elsewhere 'cat >> "
	"kept.ndjson'\n"
	"  breakwater audit verify --sensor web-3      at a hub: what it told of its "
	"own\n"
	"  breakwater audit proof 016f3a > proof.ndjson  what a block was decided by,\n"
	"                                              for \"breakwater evidence "
	"verify\"\n";

int audit_complain(const char *why, int status)
{
	fprintf(stderr, "breakwater audit: %s\n", why);
	return status;
}

int audit_folder(const struct audit_options *options, config_text folder)
{
	return state_folder("audit", options->state, options->config_path, folder);
}

int audit_depot(const struct audit_options *options, struct past_place *place)
{
	const struct past_asked asked = { .command = "audit",
					  .state = options->state,
					  .config_path = options->config_path };
	int status = past_find(&asked, place);
	if (status != STATUS_OK)
		return status;
	if (options->listing.sensors.site != NULL ||
	    options->listing.sensors.tag != NULL)
		return audit_complain("one sensor at a time: --sensor NAME",
				      STATUS_USAGE);
	if (place->depot[0] == '\0')
		return audit_complain(
			"--sensor is for a hub: of its own chain each machine knows "
			"alone, without --sensor",
			STATUS_USAGE);
	return STATUS_OK;
}

int audit_read_keys(const char *command, const struct option_list *files,
		    struct seal_key *keys, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < files->count; i++) {
		int read = seal_read_keys(files->at[i], keys + count, most - count);
		if (read < 0) {
			fprintf(stderr, "breakwater %s: --key %s: %s\n", command,
				files->at[i],
				read == -EINVAL ? "not public keys, Ed25519 in PEM, as "
						  "audit.pub is"
						: strerror(-read));
			return -1;
		}
		count += (size_t)read;
	}
	return (int)count;
}

/* ---- lists ---- */

static bool print_checkpoint(void *to, const void *record)
{
	(void)to;
	return record_print(RECORD_checkpoint, record);
}

static bool keep_row(void *to, const void *record)
{
	struct buf text = { 0 };
	record_json(&text, RECORD_audit, record);
	json_t *row = object_parse(&text);
	buf_free(&text);
	return row != NULL && json_array_append_new(to, row) == 0;
}

/* With --sensor what the depot of a hub's folder has, else the store in the folder. */
static int read_store(const struct audit_options *o, enum record_kind kind,
		      store_emit emit, void *to)
{
	struct past_place place;
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	const char *sensor = o->listing.sensors.sensor;
	int status =
		sensor != NULL ? audit_depot(o, &place) : audit_folder(o, place.folder);
	if (status != STATUS_OK)
		return status;
	if (sensor == NULL)
		place.depot[0] = '\0';
	struct past_reader *reader = past_reader_open(&place, error, &status);
	if (reader == NULL)
		return audit_complain(error, status);
	store_filter_init(&filter);
	filter.sensors = &sensor;
	filter.sensor_count = sensor != NULL;
	if (o->listing.since != NULL)
		when_parse(o->listing.since, clock_us(CLOCK_REALTIME),
			   &filter.since_us);
	if (o->listing.until != NULL)
		when_parse(o->listing.until, clock_us(CLOCK_REALTIME),
			   &filter.until_us);
	int result = past_read(reader, kind, &filter, emit, to, error);
	past_reader_close(reader);
	return result == 0 ? STATUS_OK : audit_complain(error, STATUS_INCOMPLETE);
}

static int list_store(const struct audit_options *o)
{
	const struct look look = look_of(&o->listing.common);
	const struct limits limits = limits_of(NULL);
	json_t *rows = json_array(), *row;
	size_t i;
	int status = rows == NULL ? audit_complain("out of memory", STATUS_INCOMPLETE)
				  : read_store(o, RECORD_audit, keep_row, rows);
	if (status == STATUS_OK && o->listing.common.json)
		json_array_foreach(rows, i, row)
		{
			json_dumpf(row, stdout, JSON_COMPACT);
			putchar('\n');
		}
	else if (status == STATUS_OK)
		table_print(&view_audit, rows, &limits, &look);
	json_decref(rows);
	return status;
}

static int list(const struct audit_options *o, const char *operand)
{
	(void)operand;
	return o->state != NULL ? list_store(o) : listing_run(&o->listing);
}

static int checkpoints(const struct audit_options *o, const char *operand)
{
	(void)operand;
	return read_store(o, RECORD_checkpoint, print_checkpoint, NULL);
}

static int verify(const struct audit_options *o, const char *operand)
{
	(void)operand;
	return o->listing.sensors.sensor != NULL ? audit_verify_sensor(o)
						 : audit_verify(o);
}

static int proof(const struct audit_options *o, const char *id)
{
	config_text folder;
	struct buf lines = { 0 };
	int status = audit_folder(o, folder);
	if (status == STATUS_OK)
		status = proof_make("audit", folder, id, &lines);
	if (status == STATUS_OK && fwrite(lines.at, 1, lines.len, stdout) != lines.len)
		status = audit_complain(strerror(errno), STATUS_INCOMPLETE);
	buf_free(&lines);
	return status;
}

/* ---- which one ---- */

static const struct verb verbs[] = {
	{ "list", 0, 0, NULL },
	{ "verify", 0, 0, NULL },
	{ "checkpoints", 0, 0, NULL },
	{ "proof", 1, 1, "of which block? Give its ID" },
};
static int (*const jobs[])(const struct audit_options *options, const char *operand) = {
	list,
	verify,
	checkpoints,
	proof,
};

static int start(const struct audit_options *o, int words, char **word)
{
	int which = verb_choose("audit", verbs, sizeof(verbs) / sizeof(verbs[0]),
				"list", words, word);
	return which < 0 ? STATUS_USAGE : jobs[which](o, words > 1 ? word[1] : NULL);
}

int command_audit(int argc, char **argv)
{
	struct audit_options o = { .listing = { .view = &view_audit,
						.command = "audit",
						.port = UINT64_MAX } };
	const struct option_spec specs[] = {
		LISTING_TIME(&o.listing, since, "since then: 2h, 7d, or RFC 3339"),
		LISTING_TIME(&o.listing, until, "until then"),
		LISTING_SENSORS(&o.listing),
		LISTING_LIMIT(&o.listing),
		{ 0, OPTION_LIST, "key", "FILE",
		  "verify: public key that signed, kept elsewhere; may be given again",
		  &o.keys, 0, 0 },
		{ 0, OPTION_LIST, "checkpoints", "FILE",
		  "verify: checkpoints that were kept elsewhere; may be given again",
		  &o.checkpoints, 0, 0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "folder of the store, or of a hub; verify, checkpoints, proof: "
		  "default that of the configuration",
		  &o.state, 0, 0 },
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "audit",
		.operands = "[list|verify|checkpoints|proof ID]",
		.doc = "The audit chain: who changed or decided what. \"verify\" ends "
		       "with 1 if anything\nin it was changed, removed or added, with "
		       "5 if that can't be told.",
		.examples = examples,
		OPTION_SPECS(specs),
		.view = &view_audit,
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.listing.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
