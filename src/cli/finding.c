/*
 * finding.c: see finding.h.
 */
#include "cli/finding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/by_id.h"
#include "cli/cli.h"
#include "cli/finding_screen.h"
#include "cli/gather.h"
#include "cli/packet_file.h"

struct looking {
	const struct finding_wanted *wanted;
	struct gather *gather;
	struct finding_facts *facts;
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater findings: %s\n", why);
	return status;
}

/* ---- what belongs to it ---- */

static bool take_packet(void *self, const void *record)
{
	struct finding_facts *facts = ((struct looking *)self)->facts;
	const struct packet_record *packet = record;
	if (packet->number == 0 || packet->number > FINDING_PACKETS)
		return true;
	facts->packets[packet->number - 1] = *packet;
	if (packet->number > facts->packet_count)
		facts->packet_count = packet->number;
	return true;
}

static bool take_other(void *self, const void *record)
{
	struct finding_facts *facts = ((struct looking *)self)->facts;
	const struct finding_record *f = record;
	if (strcmp(f->id, facts->finding.id) == 0)
		return true;
	if (facts->other_count < FINDING_OTHERS)
		facts->others[facts->other_count] = *f;
	facts->other_count++;
	return true;
}

static int look_for_rest(struct looking *l)
{
	const struct finding_record *f = &l->facts->finding;
	struct gather_wanted wanted = { .kind = RECORD_packet,
					.name = "id",
					.value = f->id };
	int status = gather_each(l->gather, &wanted, take_packet, l);
	if (status != STATUS_OK || f->incident[0] == '\0')
		return status;
	wanted = (struct gather_wanted){ .kind = RECORD_finding,
					 .name = "incident",
					 .value = f->incident };
	return gather_each(l->gather, &wanted, take_other, l);
}

/* ---- showing ---- */

static int write_packets(const struct looking *l)
{
	const char *path = l->wanted->pcap;
	uint64_t told = l->facts->finding.packets;
	if (l->facts->packet_count == 0 && (told == 0 || told == UNKNOWN_U64))
		return complain(STATUS_BAD_NEWS, "no packets of it are kept");
	if (l->facts->packet_count == 0)
		return complain(STATUS_INCOMPLETE,
				"its packets are not in the store: not yet, or not any "
				"more (retention.packets)");
	FILE *file = packet_file_open(path);
	int error = file == NULL ? errno : 0;
	for (size_t i = 0; i < l->facts->packet_count && file != NULL; i++)
		if (l->facts->packets[i].number != 0)
			packet_file_add(file, &l->facts->packets[i]);
	if (file != NULL)
		error = packet_file_close(file);
	if (error == 0)
		return STATUS_OK;
	fprintf(stderr, "breakwater findings: --pcap %s: %s\n", path,
		packet_file_problem(error));
	return STATUS_USAGE;
}

static int show(const struct looking *l)
{
	const struct look look = look_of(l->wanted->common);
	bool is_to_stdout =
		l->wanted->pcap != NULL && strcmp(l->wanted->pcap, "-") == 0;
	if (l->wanted->common->json && !is_to_stdout)
		finding_json(l->facts);
	else if (!is_to_stdout)
		finding_screen(&look, l->facts);
	fflush(stdout);
	return l->wanted->pcap != NULL ? write_packets(l) : STATUS_OK;
}

static int find_and_show(struct looking *l)
{
	int status = by_id_find(l->gather, RECORD_finding, l->wanted->id,
				&l->facts->finding);
	if (status == STATUS_OK)
		status = look_for_rest(l);
	return status == STATUS_OK ? show(l) : status;
}

int finding_show(const struct finding_wanted *wanted)
{
	struct looking l = { .wanted = wanted };
	int status;
	if (!is_id(wanted->id))
		return complain(STATUS_USAGE,
				"an ID is at least the first four of its sixteen "
				"hexadecimal digits");
	l.facts = calloc(1, sizeof(*l.facts));
	if (l.facts == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	l.gather = gather_open(wanted->common, "findings", wanted->state, &status);
	if (l.gather != NULL) {
		status = find_and_show(&l);
		gather_close(l.gather);
	}
	free(l.facts);
	return status;
}
