/*
 * failure.c: see failure.h.
 */
#include "cli/failure.h"

#include <stdio.h>
#include <string.h>

#include "cli/json.h"
#include "cli/packet_line.h"
#include "cli/view.h"

/* ---- lines ---- */

/* Since the probe was meant to begin. */
static void print_when(const struct failure *failure, int64_t at_us)
{
	printf("  %10.3f ms  ", (double)(at_us - failure->record.at) / 1000);
}

static bool is_by(const struct transcript_record *line, const char *by)
{
	return line->by != NULL && strcmp(line->by, by) == 0;
}

static void print_line(const struct failure *failure,
		       const struct transcript_record *line)
{
	const char *mark = is_by(line, "client")   ? "> "
			   : is_by(line, "server") ? "< "
			   : is_by(line, "tls")    ? "TLS "
						   : "";
	char text[512];
	text_clean(text, sizeof(text), line->text);
	if (is_by(line, "kernel") || is_by(line, "difference"))
		printf("  ");
	else
		print_when(failure, line->at);
	printf("%s%s\n", mark, text);
}

/* Those by one of two. */
static void print_lines(const struct look *look, const struct failure *failure,
			const char *title,
			bool (*wants)(const struct transcript_record *))
{
	bool has_title = false;
	for (size_t i = 0; i < failure->line_count; i++) {
		if (!wants(&failure->lines[i]))
			continue;
		if (!has_title) {
			tone_print(look, TONE_NORMAL, title);
			puts("");
		}
		has_title = true;
		print_line(failure, &failure->lines[i]);
	}
}

static bool is_difference(const struct transcript_record *line)
{
	return is_by(line, "difference");
}

static bool is_kernel(const struct transcript_record *line)
{
	return is_by(line, "kernel");
}

static bool is_said(const struct transcript_record *line)
{
	return !is_difference(line) && !is_kernel(line);
}

/* ---- packets ---- */

static void print_packet(const struct failure *failure, const struct packet_record *p)
{
	print_when(failure, p->at);
	packet_line_print(p, true);
}

static void print_packets(const struct look *look, const struct failure *failure)
{
	char missing[sizeof(failure->record.packets_missing)];
	text_clean(missing, sizeof(missing), failure->record.packets_missing);
	if (failure->packet_count > 0 || missing[0] != '\0') {
		tone_print(look, TONE_NORMAL, "packets");
		puts("");
	}
	for (size_t i = 0; i < failure->packet_count; i++)
		print_packet(failure, &failure->packets[i]);
	if (missing[0] != '\0')
		printf("  %s\n", missing);
}

void failure_print(const struct look *look, const struct failure *failure)
{
	print_lines(look, failure, "since it was last up", is_difference);
	print_lines(look, failure, "said", is_said);
	print_lines(look, failure, "kernel", is_kernel);
	print_packets(look, failure);
}

/* ---- for programs ---- */

void failure_print_json(const struct failure *failure)
{
	record_print(RECORD_failure, &failure->record);
	for (size_t i = 0; i < failure->line_count; i++)
		record_print(RECORD_transcript, &failure->lines[i]);
	for (size_t i = 0; i < failure->packet_count; i++)
		record_print(RECORD_packet, &failure->packets[i]);
	fflush(stdout);
}
