/*
 * last_failure.c: see last_failure.h.
 *
 * The same records come from the daemon's API and from the store: the failure, then
 * those that have its id.
 */
#include "cli/last_failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/failure.h"
#include "cli/gather.h"
#include "cli/packet_file.h"
#include "probe/target.h"

struct looking {
	const struct last_failure *wanted;
	char target[TARGET_TEXT_MAX]; /* as records have it; "": any */
	struct failure *failure;
	bool is_found;
	enum record_kind kind; /* that is being read */
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater probe: %s\n", why);
	return status;
}

/* ---- taking records, from wherever ---- */

static void take_failure(struct looking *l, const struct failure_record *record)
{
	if (l->is_found ||
	    (l->target[0] != '\0' && strcmp(record->target, l->target) != 0))
		return;
	l->failure->record = *record;
	l->is_found = true;
}

static void take_line(struct failure *failure, const struct transcript_record *record)
{
	if (record->number == 0 || record->number > FAILURE_LINES)
		return;
	failure->lines[record->number - 1] = *record;
	if (record->number > failure->line_count)
		failure->line_count = record->number;
}

static void take_packet(struct failure *failure, const struct packet_record *record)
{
	if (record->number == 0 || record->number > FAILURE_PACKETS)
		return;
	failure->packets[record->number - 1] = *record;
	if (record->number > failure->packet_count)
		failure->packet_count = record->number;
}

static bool take(void *self, const void *record)
{
	struct looking *l = self;
	if (l->kind == RECORD_failure)
		take_failure(l, record);
	else if (l->kind == RECORD_transcript)
		take_line(l->failure, record);
	else
		take_packet(l->failure, record);
	return l->kind != RECORD_failure || !l->is_found;
}

static int look_for(struct looking *l, struct gather *gather, enum record_kind kind)
{
	struct gather_wanted wanted = { .kind = kind,
					.name = "id",
					.value = l->failure->record.id };
	l->kind = kind;
	if (kind == RECORD_failure) {
		wanted.name = l->target[0] != '\0' ? "target" : NULL;
		wanted.value = l->target;
		wanted.limit = 1;
	}
	return gather_each(gather, &wanted, take, l);
}

static int look_for_all(struct looking *l)
{
	int status;
	struct gather *gather =
		gather_open(l->wanted->common, "probe", l->wanted->state, &status);
	if (gather == NULL)
		return status;
	status = look_for(l, gather, RECORD_failure);
	if (status == STATUS_OK && l->is_found)
		status = look_for(l, gather, RECORD_transcript);
	if (status == STATUS_OK && l->is_found)
		status = look_for(l, gather, RECORD_packet);
	gather_close(gather);
	return status;
}

/* ---- showing ---- */

static int write_packets(const struct looking *l)
{
	const char *path = l->wanted->pcap;
	FILE *file = packet_file_open(path);
	int error = file == NULL ? errno : 0;
	for (size_t i = 0; i < l->failure->packet_count && file != NULL; i++)
		packet_file_add(file, &l->failure->packets[i]);
	if (file != NULL)
		error = packet_file_close(file);
	if (error == 0)
		return STATUS_OK;
	fprintf(stderr, "breakwater probe: --pcap %s: %s\n", path,
		packet_file_problem(error));
	return STATUS_USAGE;
}

static void print_head(const struct look *look, const struct failure_record *r)
{
	char text[256], at[TIME_TEXT_MAX];
	text_clean(text, sizeof(text), r->summary);
	tone_print(look, TONE_OVER, text);
	record_time_text(r->at, at);
	text_clean(text, sizeof(text), r->target);
	printf("\n  %s  %s (%s)  %s\n", text, r->state != NULL ? r->state : "?",
	       r->reason != NULL ? r->reason : "?", at);
}

static int show(const struct looking *l)
{
	const struct look look = look_of(l->wanted->common);
	bool is_to_stdout =
		l->wanted->pcap != NULL && strcmp(l->wanted->pcap, "-") == 0;
	if (l->wanted->common->json && !is_to_stdout) {
		failure_print_json(l->failure);
	} else if (!is_to_stdout) {
		print_head(&look, &l->failure->record);
		failure_print(&look, l->failure);
	}
	fflush(stdout);
	return l->wanted->pcap != NULL ? write_packets(l) : STATUS_OK;
}

static int say_none(const struct looking *l)
{
	if (l->target[0] != '\0')
		fprintf(stderr, "No failure of %s is recorded.\n", l->target);
	else
		fprintf(stderr, "No failure is recorded.\n");
	return STATUS_BAD_NEWS;
}

/* As it is configured, whatever password is given here. */
static void name_target(struct looking *l)
{
	struct target target;
	char why[TARGET_WHY_MAX];
	if (l->wanted->target == NULL)
		return;
	snprintf(l->target, sizeof(l->target), "%s", l->wanted->target);
	if (!target_parse(&target, l->wanted->target, why))
		return;
	memcpy(l->target, target.text, sizeof(l->target));
	target_free(&target);
}

int last_failure_show(const struct last_failure *wanted)
{
	struct looking l = { .wanted = wanted,
			     .failure = calloc(1, sizeof(*l.failure)) };
	if (l.failure == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	name_target(&l);
	int status = look_for_all(&l);
	if (status == STATUS_OK)
		status = l.is_found ? show(&l) : say_none(&l);
	free(l.failure);
	return status;
}
