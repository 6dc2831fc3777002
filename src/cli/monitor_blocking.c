/*
 * monitor_blocking.c: where decisions on blocks go, and when a person's program is run
 * for one, and what is made of what came of that; see blocking.h and programs.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/monitor.h"

#define SECOND_US 1000000LL

/* Decided just now, by no person; later records of it tell how it goes on. */
static bool is_decision(const struct block_record *block)
{
	bool is_new = strcmp(block->state, "asked") == 0 ||
		      strcmp(block->state, "observed") == 0;
	return is_new && block->at == block->start &&
	       strcmp(block->actor, "breakwater") == 0;
}

struct wanted {
	const char *id;
	struct finding_record found;
	bool is_found;
};

static void compare(void *to, const struct finding_record *finding)
{
	struct wanted *wanted = to;
	if (wanted->is_found || strcmp(finding->id, wanted->id) != 0)
		return;
	wanted->found = *finding;
	wanted->is_found = true;
}

/* It is the one at hand, or one of before that a handshake has proven only now. */
static void run_program(struct monitor *m, const struct block_record *block)
{
	struct wanted wanted = { .id = block->finding };
	if (!programs_have(&m->programs, PROGRAM_OF_BLOCKS) || !is_decision(block))
		return;
	if (m->deciding != NULL)
		compare(&wanted, m->deciding);
	if (!wanted.is_found)
		detect_each(m->detect, compare, &wanted);
	if (wanted.is_found)
		programs_block(&m->programs, &wanted.found, block);
}

static void keep_block(void *self, enum record_kind kind, const void *record)
{
	monitor_keep(self, kind, record);
	if (kind != RECORD_block)
		return;
	alerting_block(&((struct monitor *)self)->alerting, record);
	run_program(self, record);
}

/* What XDP stops no capture sees: it counts for its port all the same. */
static void take_dropped(void *self, const struct wall_dropped *dropped)
{
	struct monitor *m = self;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct port_sample sample = { .start_us = now_us - now_us % SECOND_US,
					    .server = dropped->server,
					    .port = dropped->port,
					    .proto = dropped->proto,
					    .dropped_packets = dropped->packets,
					    .dropped_bytes = dropped->bytes };
	if (!proving_dropped(&m->proving, dropped) && m->pipeline != NULL)
		ports_dropped(pipeline_ports(m->pipeline), &sample);
}

static bool take_told(void *self, const struct wall_told *told)
{
	struct monitor *m = self;
	return proving_told(&m->proving, told);
}

bool monitor_open_blocking(struct monitor *m)
{
	const struct blocking_sink sink = { .self = m,
					    .keep = keep_block,
					    .told = take_told,
					    .dropped = take_dropped };
	bool opened = blocking_open(&m->blocking, &m->config, &m->own, &sink);
	if (!opened)
		fprintf(stderr, "breakwater: not enough memory for blocks\n");
	return opened;
}

static void keep_audit(void *self, const struct audit_record *record)
{
	monitor_keep(self, RECORD_audit, record);
}

void monitor_take_programs(struct monitor *m)
{
	const struct programs_sink sink = { m, keep_audit };
	struct buf text = { 0 };
	programs_take(&m->programs, clock_us(CLOCK_REALTIME), &sink, &text);
	if (text.len > 0) {
		run_clear_progress();
		fputs(buf_cstr(&text), stderr);
	}
	buf_free(&text);
}
