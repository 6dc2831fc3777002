/*
 * sending_driver.c: the process that tells people, told what by standard input, and
 * what came of it on standard output; for notify.py.
 *
 *   sending_driver FOLDER SINKS USER   SINKS: a file, "NAME URL" in each line
 *   tell ID SINK REASON KEY[,KEY...] STATE SEVERITY SUMMARY
 *   bad ID SINK   a report with a file of elsewhere, which nobody keeps
 *   state ID
 *   reload   kill   counts
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/sending.h"
#include "guard/guard.h"

enum { LINE_BYTES = 1024, WORDS = 7, TICK_MS = 200, HEX = 16 };

static struct sending *sending;
static const char *sinks_file;

static bool load(void *self, struct sink_list *out, struct buf *message)
{
	char line[LINE_BYTES];
	FILE *file = fopen(sinks_file, "r");
	(void)self;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		char *rest, *name = strtok_r(line, " \n", &rest);
		char *url = strtok_r(NULL, " \n", &rest);
		struct sink *sink = sink_new(name, url, NULL, message);
		if (sink != NULL)
			out->at[out->count++] = sink;
	}
	if (file != NULL)
		fclose(file);
	else
		buf_printf(message, "%s can't be read", sinks_file);
	return out->count > 0;
}

static void print_record(void *self, const struct notification_record *notification)
{
	struct buf json = { 0 };
	(void)self;
	record_json(&json, RECORD_notification, notification);
	puts(buf_cstr(&json));
	buf_free(&json);
}

static void take(void)
{
	const struct sending_output output = { NULL, print_record };
	struct buf text = { 0 };
	sending_take(sending, &output, &text);
	if (text.len > 0)
		fputs(buf_cstr(&text), stderr);
	buf_free(&text);
	fflush(stdout);
}

/* Others like the first one, with these ids; how many there are then. */
static size_t add_others(struct incident_record *incidents, char *ids)
{
	size_t count = 1;
	for (const char *id;
	     count < NOTICE_INCIDENTS_MAX && (id = strsep(&ids, ",")) != NULL;) {
		incidents[count] = incidents[0];
		record_text(incidents[count].id, sizeof(incidents[count].id), id);
		count++;
	}
	return count;
}

static void tell(char *rest)
{
	char *word[WORDS];
	static struct incident_record incidents[NOTICE_INCIDENTS_MAX];
	struct incident_record incident;
	for (int i = 0; i < WORDS; i++)
		word[i] = strtok_r(i == 0 ? rest : NULL, i == WORDS - 1 ? "\n" : " ",
				   &rest);
	record_init(RECORD_incident, &incident);
	int64_t now_us = clock_us(CLOCK_REALTIME);
	incident.at = incident.first = now_us;
	char *others = word[3];
	strsep(&others, ",");
	record_text(incident.id, sizeof(incident.id), word[3]);
	record_text(incident.rule, sizeof(incident.rule), "port_down");
	incident.state = record_word(word[4]);
	incident.end = strcmp(word[4], "resolved") == 0 ? now_us : UNKNOWN_TIME;
	incident.severity = record_word(word[5]);
	record_text(incident.summary, sizeof(incident.summary), word[6]);
	incidents[0] = incident;
	size_t count = add_others(incidents, others);
	const struct notice notice = { .id = strtoull(word[0], NULL, HEX),
				       .reason = word[2],
				       .key = word[3],
				       .host = "db01",
				       .link = "https://db01.example.org/",
				       .at_us = now_us,
				       .incidents = incidents,
				       .count = count };
	if (!sending_tell(sending, word[1], &notice))
		fputs("not taken\n", stderr);
}

static void tell_bad(char *rest)
{
	char *id = strtok_r(rest, " ", &rest), *sink = strtok_r(NULL, " \n", &rest);
	const char *const files[] = { "../shadow" };
	const struct notice_report report = { .title = "CIS",
					      .text = "",
					      .folder = "",
					      .files = files,
					      .file_count = 1 };
	const struct notice notice = { .id = strtoull(id, NULL, HEX),
				       .reason = "report",
				       .key = "cis",
				       .host = "db01",
				       .link = "",
				       .at_us = clock_us(CLOCK_REALTIME),
				       .report = &report };
	if (!sending_tell(sending, sink, &notice))
		fputs("not taken\n", stderr);
}

static void print_state(const char *word)
{
	uint64_t id = strtoull(word, NULL, HEX);
	const char *state = sending_waits(sending, id)         ? "waits"
			    : sending_was_refused(sending, id) ? "refused"
							       : "kept";
	printf("{\"state_of\":\"%s\"}\n", state);
	fflush(stdout);
}

static void print_counts(void)
{
	char text[GUARD_TEXT_MAX];
	const struct spool_counts counts = sending_counts(sending);
	bool holds = sending_describe(sending, text);
	printf("{\"counts\":{\"waiting\":%u,\"dropped\":%llu,\"merged\":%llu,"
	       "\"holds\":%s,\"detail\":\"%s\"}}\n",
	       counts.waiting, (unsigned long long)counts.dropped,
	       (unsigned long long)counts.merged, holds ? "true" : "false", text);
	fflush(stdout);
}

static void obey(char *line)
{
	char text[GUARD_TEXT_MAX];
	if (strncmp(line, "tell ", 5) == 0)
		tell(line + 5);
	else if (strncmp(line, "bad ", 4) == 0)
		tell_bad(line + 4);
	else if (strncmp(line, "state ", 6) == 0)
		print_state(line + 6);
	else if (strncmp(line, "reload", 6) == 0)
		sending_reload(sending);
	else if (strncmp(line, "counts", 6) == 0)
		print_counts();
	else if (sending_describe(sending, text) && strncmp(text, "pid ", 4) == 0)
		kill((pid_t)strtol(text + 4, NULL, 10), SIGKILL);
}

int main(int argc, char **argv)
{
	char line[LINE_BYTES];
	if (argc < 4)
		return EXIT_FAILURE;
	sinks_file = argv[2];
	const char *const files[] = { sinks_file, NULL };
	const struct sending_setup setup = { .user = argv[3],
					     .folder = argv[1],
					     .bytes_max = 1 << 20,
					     .files = files,
					     .load = load };
	setvbuf(stdin, NULL, _IONBF, 0);
	if (sandbox_own_folder(setup.folder, setup.user) != 0)
		return EXIT_FAILURE;
	sending = sending_fork(&setup);
	while (sending != NULL) {
		struct pollfd waited[2] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = sending_fd(sending), .events = POLLIN },
		};
		poll(waited, 2, TICK_MS);
		if (waited[1].revents != 0)
			take();
		sending_tick(sending);
		if (waited[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			break;
		obey(line);
	}
	sending_close(sending);
	return EXIT_SUCCESS;
}
