/*
 * program_driver.c: the process that runs programs, asked for runs by standard input,
 * and what came of them on standard output; for program.py.
 *
 *   program_driver PROGRAM USER   the program of both blocks and messages
 *   block COUNT NAME   a finding about that user's name, so many times
 *   notice NAME        a message about an incident with that name
 *   status   kill
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notifier.h"
#include "cli/programs.h"

enum { LINE_BYTES = 512, TEN = 10 };

#define AT_US 1767225600000000LL

static struct programs programs;

static void print_audit(void *self, const struct audit_record *audit)
{
	struct buf json = { 0 };
	(void)self;
	record_json(&json, RECORD_audit, audit);
	puts(buf_cstr(&json));
	buf_free(&json);
}

static void take(void)
{
	static int64_t now_us = AT_US;
	const struct programs_sink sink = { NULL, print_audit };
	struct buf text = { 0 };
	now_us += 60 * 1000000LL;
	programs_take(&programs, now_us, &sink, &text);
	if (text.len > 0)
		fputs(buf_cstr(&text), stderr);
	buf_free(&text);
	fflush(stdout);
}

static void decide(const char *name)
{
	static struct finding_record finding;
	struct block_record block;
	record_init(RECORD_finding, &finding);
	record_init(RECORD_block, &block);
	record_text(finding.id, sizeof(finding.id), "f00d");
	record_text(finding.user, sizeof(finding.user), name);
	record_text(finding.summary, sizeof(finding.summary), name);
	finding.kind = "brute_force";
	finding.severity = "high";
	addr_parse("2001:db8::7", &finding.client_ip);
	block.address = finding.client_ip;
	block.prefix_len = 64;
	block.port = 22;
	block.transport = "tcp";
	block.action = "drop";
	block.state = "observed";
	block.until = AT_US;
	record_text(block.id, sizeof(block.id), "00000000000000b1");
	programs_block(&programs, &finding, &block);
}

static void tell(const char *name)
{
	struct incident_record incident;
	record_init(RECORD_incident, &incident);
	record_text(incident.id, sizeof(incident.id), "1dea");
	record_text(incident.rule, sizeof(incident.rule), "response");
	record_text(incident.target, sizeof(incident.target), name);
	record_text(incident.summary, sizeof(incident.summary), name);
	incident.state = "firing";
	incident.severity = "high";
	incident.port = 22;
	addr_parse("192.0.2.1", &incident.server_ip);
	const struct notice notice = { .id = 1,
				       .reason = "new",
				       .key = "k1",
				       .host = "db01",
				       .link = "",
				       .at_us = AT_US,
				       .incidents = &incident,
				       .count = 1 };
	if (!programs_notice(&programs, &notice))
		fputs("not passed on\n", stderr);
}

static void obey(char *line)
{
	char *rest;
	const char *first = strtok_r(line, " \n", &rest);
	if (first == NULL)
		return;
	if (strcmp(first, "block") == 0) {
		const char *count = strtok_r(NULL, " \n", &rest);
		const char *name = strtok_r(NULL, "\n", &rest);
		for (long i = strtol(count, NULL, TEN); i > 0; i--)
			decide(name);
	} else if (strcmp(first, "notice") == 0) {
		tell(strtok_r(NULL, "\n", &rest));
	} else if (strcmp(first, "kill") == 0) {
		kill(guard_pid(programs.process), SIGKILL);
	} else {
		struct buf json = { 0 };
		programs_json(&programs, &json);
		printf("{%s}\n", buf_cstr(&json));
		fflush(stdout);
		buf_free(&json);
	}
}

int main(int argc, char **argv)
{
	static struct config config;
	char line[LINE_BYTES];
	config_init(&config);
	if (argc < 3)
		return EXIT_FAILURE;
	snprintf(config.block_program, sizeof(config.block_program), "%s", argv[1]);
	snprintf(config.block_program_user, sizeof(config.block_program_user), "%s",
		 argv[2]);
	snprintf(config.notify_program, sizeof(config.notify_program), "%s", argv[1]);
	setvbuf(stdin, NULL, _IONBF, 0);
	programs_fork(&programs, &config);
	while (true) {
		struct pollfd waited[2] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = programs_fd(&programs), .events = POLLIN },
		};
		poll(waited, 2, -1);
		if (waited[1].revents != 0)
			take();
		if (waited[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			break;
		obey(line);
	}
	programs_close(&programs);
	return EXIT_SUCCESS;
}
