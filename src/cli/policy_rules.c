/*
 * policy_rules.c: breakwater policy test of a configuration: other thresholds, traps,
 * lists and rules of blocking, tried on kept evidence beside those in force.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/cli.h"
#include "cli/hindsight.h"
#include "cli/json.h"
#include "cli/patience.h"
#include "cli/policy.h"
#include "cli/policy_rules.h"
#include "cli/settings.h"
#include "cli/view.h"
#include "guard/machine.h"
#include "store/store.h"

enum {
	FILE_MAX = 4 << 20, /* as registers and configurations may have */
	SIGNS_MAX = 1 << 20,
	TELL_EVERY = 65536, /* records between two looks at the clock and at Ctrl-C */
};
#define SECOND_US 1000000LL

/* ---- which kind of file ---- */

static bool is_tried(const char *key)
{
	static const char *const keys[] = { "block", "detect", "traps", "blocklists",
					    NULL };
	return words_hold(keys, key);
}

/* The keys on top of a mapping. */
static enum policy_file_kind kind_of(struct yaml *yaml)
{
	enum policy_file_kind kind = POLICY_FILE_NEITHER;
	const struct yaml_event *event = yaml_next(yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(yaml);
	if (event->kind != YAML_MAPPING)
		return kind;
	while ((event = yaml_next(yaml))->kind == YAML_SCALAR) {
		if (strcmp(event->text, "ports") == 0)
			kind = POLICY_FILE_REGISTER;
		else if (is_tried(event->text) && kind == POLICY_FILE_NEITHER)
			kind = POLICY_FILE_RULES;
		yaml_next(yaml);
		yaml_skip(yaml);
	}
	return kind;
}

enum policy_file_kind policy_file_kind(const char *path)
{
	struct buf text = { 0 }, errors = { 0 };
	enum policy_file_kind kind = POLICY_FILE_REGISTER; /* whose reader complains */
	if (file_read(path, FILE_MAX, &text) == 0) {
		struct yaml *yaml =
			yaml_open(text.at, text.len, path, SIGNS_MAX, &errors);
		if (yaml != NULL)
			kind = kind_of(yaml);
		if (yaml == NULL || yaml_failed(yaml))
			kind = POLICY_FILE_REGISTER;
		yaml_close(yaml);
	}
	if (kind == POLICY_FILE_NEITHER)
		fprintf(stderr,
			"%s:1:1: nothing to try; allowed is a register (ports), or a "
			"configuration with block, detect, traps or blocklists\n",
			path);
	buf_free(&text);
	buf_free(&errors);
	return kind;
}

/* ---- the two sides ---- */

struct side {
	struct config config;
	struct blocklists blocklists;
	struct never none;
	struct home home, own;
	struct hindsight *hindsight;
	struct store_evidence evidence;
	char trouble[STORE_ERROR_MAX]; /* "": all could be read */
	struct rules_trial *trial;
	size_t told; /* of its listeners */
	uint64_t records;
};

struct rules_trial {
	struct side in_force, file;
	struct listener_record *listeners;
	size_t count, room;
	bool failed;
	int64_t since_us, until_us;
	const struct policy_options *options;
	uint64_t changes, cut_more;
};

/* What the machine says now holds for all the past: who is logged in was to be spared.
 */
static bool open_rules(struct side *side)
{
	struct machine *machine = machine_open(&side->config);
	const struct never *never =
		machine != NULL ? machine_never(machine) : &side->none;
	const struct hindsight_rules rules = { &side->config, &side->blocklists, never,
					       &side->own, &side->home };
	side->hindsight = hindsight_new(&rules);
	if (machine != NULL)
		machine_close(machine);
	return side->hindsight != NULL;
}

static bool open_side(struct side *side)
{
	struct buf errors = { 0 };
	settings_home(&side->config, &side->home);
	home_add_addresses(&side->own);
	blocklists_open(&side->blocklists, &side->config.blocklists, &errors);
	if (errors.len > 0)
		fwrite(errors.at, 1, errors.len, stderr);
	buf_free(&errors);
	return open_rules(side);
}

static void close_side(struct side *side)
{
	hindsight_free(side->hindsight);
	blocklists_close(&side->blocklists);
}

/* Exit status. */
static int read_settings(struct rules_trial *trial, const char *path)
{
	const struct option_list none = { 0 };
	struct buf errors = { 0 };
	int status = settings_load(&trial->in_force.config, trial->options->config,
				   &none, &trial->in_force.home);
	if (status != STATUS_OK)
		return status;
	trial->file.config = trial->in_force.config;
	int result = config_read(&trial->file.config, path, &errors);
	if (result == 0)
		settings_check_traps(&trial->file.config, &errors);
	if (errors.len > 0)
		fwrite(errors.at, 1, errors.len, stderr);
	bool is_right = result == 0 && errors.len == 0;
	buf_free(&errors);
	return is_right            ? STATUS_OK
	       : result == -EACCES ? STATUS_NOT_PERMITTED
				   : STATUS_USAGE;
}

/* ---- the past ---- */

static void add_listener(void *to, const void *record)
{
	struct rules_trial *trial = to;
	if (trial->count == trial->room) {
		size_t room = trial->room == 0 ? 256 : 2 * trial->room;
		void *larger =
			reallocarray(trial->listeners, room, sizeof(*trial->listeners));
		trial->failed = trial->failed || larger == NULL;
		if (larger == NULL)
			return;
		trial->listeners = larger;
		trial->room = room;
	}
	trial->listeners[trial->count++] = *(const struct listener_record *)record;
}

static int64_t time_of(enum record_kind kind, const void *record)
{
	return kind == RECORD_flow      ? ((const struct flow_record *)record)->end
	       : kind == RECORD_contact ? ((const struct contact_record *)record)->at
	       : kind == RECORD_login   ? ((const struct login_record *)record)->at
					: ((const struct port_record *)record)->start;
}

static void tell_listeners(struct side *side, int64_t until_us)
{
	const struct rules_trial *trial = side->trial;
	for (; side->told < trial->count && trial->listeners[side->told].at <= until_us;
	     side->told++)
		hindsight_listener(side->hindsight, &trial->listeners[side->told]);
}

static bool take_evidence(void *to, enum record_kind kind, const void *record)
{
	struct side *side = to;
	tell_listeners(side, time_of(kind, record));
	hindsight_evidence(side->hindsight, kind, record);
	if (++side->records % TELL_EVERY != 0)
		return true;
	if (side == &side->trial->file)
		patience_tell("trying the rules");
	return !patience_has_ended();
}

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater policy: %s\n", error);
	return status;
}

static const char *state_of(const struct rules_trial *trial)
{
	const char *state = trial->options->state;
	return state != NULL ? state : trial->in_force.config.state;
}

static void *go_through(void *of)
{
	struct side *side = of;
	int status;
	struct store_reader *reader =
		store_reader_open(state_of(side->trial), side->trouble, &status);
	if (reader == NULL)
		return NULL;
	store_read_evidence(reader, &side->evidence, side->trouble);
	store_reader_close(reader);
	hindsight_finish(side->hindsight);
	return NULL;
}

/* The two know nothing of each other: each goes through it in a thread. */
static int read_past(struct rules_trial *trial)
{
	struct side *sides[] = { &trial->in_force, &trial->file };
	pthread_t thread;
	for (size_t i = 0; i < 2; i++) {
		sides[i]->trial = trial;
		sides[i]->evidence = (struct store_evidence){
			.since_us = trial->since_us,
			.until_us = trial->until_us,
			.covered_us = INT64_MAX,
			.to = sides[i],
			.emit = take_evidence,
		};
	}
	patience_begin();
	bool is_apart = pthread_create(&thread, NULL, go_through, sides[0]) == 0;
	if (!is_apart)
		go_through(sides[0]);
	go_through(sides[1]);
	if (is_apart)
		pthread_join(thread, NULL);
	bool ended = patience_has_ended();
	patience_end();
	return ended ? complain("ended before the end", STATUS_INCOMPLETE) : STATUS_OK;
}

static int recall_listeners(struct rules_trial *trial)
{
	const struct policy_options *o = trial->options;
	struct recall *recall = recall_open(&o->common, "policy", o->state);
	if (recall == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = policy_listeners(recall, trial->since_us, trial->until_us,
				      add_listener, trial);
	recall_close(recall);
	if (trial->failed)
		return complain("out of memory", STATUS_INCOMPLETE);
	return status;
}

/* ---- what is said ---- */

static void say_span(struct buf *out, int64_t us)
{
	char text[32];
	text_duration(text, sizeof(text), (double)us);
	buf_text(out, text);
}

static void print_json(const struct block_record *block, const char *side,
		       const char *change)
{
	struct block_record known = *block;
	known.side = side;
	known.change = change;
	record_print(RECORD_block, &known);
}

/* "11 min earlier", "for 40 min instead of 10 min". */
static void say_change(struct buf *out, const struct hindsight_pair *pair,
		       const char *change)
{
	if (pair->in_force == NULL || pair->file == NULL) {
		const struct block_record *b =
			pair->file != NULL ? pair->file : pair->in_force;
		buf_text(out, "for ");
		say_span(out, b->until - b->start);
		return;
	}
	int64_t later_us = pair->file->start - pair->in_force->start;
	if (strcmp(change, "earlier") == 0 || strcmp(change, "later") == 0) {
		say_span(out, later_us < 0 ? -later_us : later_us);
		buf_printf(out, " %s", change);
		return;
	}
	buf_text(out, "for ");
	say_span(out, pair->file->until - pair->file->start);
	buf_text(out, " instead of ");
	say_span(out, pair->in_force->until - pair->in_force->start);
}

static void print_line(const struct hindsight_pair *pair, const char *change)
{
	const struct block_record *b = pair->file != NULL ? pair->file : pair->in_force;
	char at[TIME_TEXT_MAX], address[ADDR_TEXT_MAX], reason[sizeof(b->reason) + 1];
	struct buf what = { 0 };
	record_time_text(b->start, at);
	addr_text(&b->address, address);
	text_clean(reason, sizeof(reason), b->reason);
	say_change(&what, pair, change);
	const char *text = buf_cstr(&what);
	printf("%-8s %.19sZ  %s%s  %s %s: %s\n", change, at, address,
	       b->prefix_len == 64 ? "/64" : "", b->action, text != NULL ? text : "",
	       reason);
	if (b->served > 0 && b->served != UNKNOWN_U64)
		printf("         it was served %llu times while that would have "
		       "lasted\n",
		       (unsigned long long)b->served);
	buf_free(&what);
}

static bool cuts(const struct block_record *block)
{
	return block != NULL && block->clients_cut != UNKNOWN_U64 &&
	       block->clients_cut > 0 && strcmp(block->action, "drop") == 0;
}

static void take_pair(void *to, const struct hindsight_pair *pair, const char *change)
{
	struct rules_trial *trial = to;
	trial->cut_more += cuts(pair->file) && !cuts(pair->in_force);
	if (trial->options->common.json) {
		if (pair->in_force != NULL)
			print_json(pair->in_force, "in_force", change);
		if (pair->file != NULL)
			print_json(pair->file, "file", change);
	} else if (strcmp(change, "same") != 0) {
		print_line(pair, change);
	}
	trial->changes += strcmp(change, "same") != 0;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_side(const char *name, const struct hindsight_sum *sum)
{
	fprintf(stderr,
		"%s: %llu block%s of %llu source%s, %llu of %llu clients cut off; %llu "
		"limited, %llu not blocked, as something speaks against it\n",
		name, (unsigned long long)sum->blocks, plural(sum->blocks),
		(unsigned long long)sum->sources, plural(sum->sources),
		(unsigned long long)sum->cut, (unsigned long long)sum->clients,
		(unsigned long long)sum->limits, (unsigned long long)sum->vetoed);
	if (sum->left_out > 0)
		fprintf(stderr, "! %llu more blocks are not listed\n",
			(unsigned long long)sum->left_out);
}

static void print_sums(const struct rules_trial *trial)
{
	struct hindsight_sum in_force, file;
	hindsight_sum(trial->in_force.hindsight, &in_force);
	hindsight_sum(trial->file.hindsight, &file);
	if (trial->changes == 0)
		fputs("It makes no difference.\n", stderr);
	print_side("In force", &in_force);
	print_side("With the file", &file);
}

/* ---- what was really made ---- */

struct made {
	const struct rules_trial *trial;
	uint64_t blocks, observed;
};

static bool count_made(void *to, const void *record)
{
	struct made *made = to;
	const struct block_record *block = record;
	bool is_automatic = strcmp(block->actor, "breakwater") == 0;
	if (!is_automatic || strcmp(block->state, "vetoed") == 0 ||
	    block->start < made->trial->since_us ||
	    block->start > made->trial->until_us)
		return true;
	bool is_observed = strcmp(block->vetoed_by, "mode") == 0 ||
			   strcmp(block->state, "observed") == 0;
	made->observed += is_observed;
	made->blocks += !is_observed;
	if (made->trial->options->common.json)
		print_json(block, "made", NULL);
	return true;
}

static void print_made(const struct rules_trial *trial)
{
	struct made made = { .trial = trial };
	struct store_filter filter;
	char error[STORE_ERROR_MAX];
	int status;
	struct store_reader *reader =
		store_reader_open(state_of(trial), error, &status);
	if (reader == NULL)
		return;
	store_filter_init(&filter);
	filter.since_us = trial->since_us;
	store_read(reader, RECORD_block, &filter, count_made, &made, error);
	store_reader_close(reader);
	fprintf(stderr, "Really: %llu block%s, and %llu observed\n",
		(unsigned long long)made.blocks, plural(made.blocks),
		(unsigned long long)made.observed);
}

/* True if what was asked for is not all there. */
static bool print_missing(const struct rules_trial *trial)
{
	const struct store_evidence *e = &trial->file.evidence;
	const char *trouble = trial->file.trouble;
	char at[TIME_TEXT_MAX];
	bool is_short = e->covered_us > e->since_us + 86400 * SECOND_US;
	record_time_text(e->covered_us, at);
	if (e->left_out > 0)
		fprintf(stderr,
			"! incomplete: %llu records of evidence were not kept, as more "
			"came than there is room for\n",
			(unsigned long long)e->left_out);
	if (trouble[0] != '\0')
		fprintf(stderr, "! incomplete: %s\n", trouble);
	if (e->covered_us == INT64_MAX)
		fputs("! incomplete: no evidence of that time is kept\n", stderr);
	else if (is_short)
		fprintf(stderr, "! incomplete: evidence is kept since %.19sZ only\n",
			at);
	return e->left_out > 0 || trouble[0] != '\0' || is_short;
}

/* Who would be cut off is bad news, before half of the news. */
static int say(struct rules_trial *trial)
{
	size_t in_force_count, file_count;
	const struct block_record *in_force =
		hindsight_blocks(trial->in_force.hindsight, &in_force_count);
	const struct block_record *file =
		hindsight_blocks(trial->file.hindsight, &file_count);
	hindsight_compare(in_force, in_force_count, file, file_count, take_pair, trial);
	print_sums(trial);
	print_made(trial);
	bool is_incomplete = print_missing(trial);
	if (trial->cut_more > 0)
		return STATUS_BAD_NEWS;
	return is_incomplete ? STATUS_INCOMPLETE : STATUS_OK;
}

static int try_rules(struct rules_trial *trial)
{
	if (!open_side(&trial->in_force) || !open_side(&trial->file))
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = recall_listeners(trial);
	if (status != STATUS_OK && status != STATUS_INCOMPLETE)
		return status;
	status = read_past(trial);
	if (status != STATUS_OK)
		return status;

	return say(trial);
}

int policy_test_rules(const struct policy_options *options, const char *path)
{
	struct rules_trial *trial = calloc(1, sizeof(*trial));
	if (trial == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	trial->options = options;
	trial->since_us = policy_since_us(options, "30d");
	trial->until_us = policy_until_us(options);
	int status = read_settings(trial, path);
	if (status == STATUS_OK)
		status = try_rules(trial);
	close_side(&trial->in_force);
	close_side(&trial->file);
	free(trial->listeners);
	free(trial);
	return status;
}
