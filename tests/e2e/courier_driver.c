/*
 * courier_driver.c: the courier's process, and a spool that is filled as standard input
 * says, as the daemon does both; what came of it, a line of JSON each, on standard
 * output. For fleet_spool.py.
 *
 *   courier_driver FOLDER BYTES_MAX SENSOR SERVERS USER BYTES_PER_S
 *   put LANE BATCHES RECORDS   room BYTES_MAX   ask ID TEXT   counts   status   kill
 */
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/fleet_courier.h"
#include "fleet/batch.h"
#include "fleet/spool.h"

enum { LINE_BYTES = 4096, WORDS = 4, DECIMAL = 10, TICK_MS = 200 };

static struct fleet_courier *courier;
static struct fleet_spool *spool;
static struct batch *batch;

static uint64_t number(const char *word)
{
	return word != NULL ? strtoull(word, NULL, DECIMAL) : 0;
}

/* ---- filling ---- */

static enum record_kind kind_of(enum fleet_lane lane)
{
	static const enum record_kind kinds[] = { RECORD_finding, RECORD_port,
						  RECORD_contact, RECORD_flow };
	return kinds[lane];
}

/* What does not compress, as a batch of real ones. */
static void add_record(enum fleet_lane lane)
{
	union {
		struct finding_record finding;
		struct port_record port;
		struct contact_record contact;
		struct flow_record flow;
	} record;
	record_init(kind_of(lane), &record);
	if (lane == LANE_FLOW) {
		record.flow.client_port = (uint32_t)random() & UINT16_MAX;
		record.flow.client_bytes = (uint64_t)random();
		record.flow.server_bytes = (uint64_t)random();
		record.flow.handshake_us = (uint64_t)random();
		record.flow.server_rtt_us = (uint64_t)random();
	}
	batch_add(batch, kind_of(lane), &record);
}

static void put(char **word)
{
	uint64_t kept = 0, batches = number(word[2]), records = number(word[3]);
	int lane = fleet_lane_named(word[1]);
	for (uint64_t i = 0; i < batches; i++) {
		for (uint64_t n = batch_records(batch); n < records; n++)
			add_record(lane);
		kept += fleet_spool_put(spool, lane, batch, clock_us(CLOCK_REALTIME));
	}
	printf("{\"put\": %llu}\n", (unsigned long long)kept);
}

static void print_status(void)
{
	struct fleet_spool_status status;
	fleet_spool_status(spool, &status);
	printf("{\"status\": {\"bytes\": %llu, \"batches\": %llu, \"dropped\": %llu, "
	       "\"trouble\": \"%s\"}}\n",
	       (unsigned long long)status.bytes, (unsigned long long)status.batches,
	       (unsigned long long)status.dropped, status.trouble);
}

/* ---- the courier ---- */

static void print_counts(void)
{
	char text[GUARD_TEXT_MAX];
	struct buf trouble = { 0 };
	const struct courier_counts counts = fleet_courier_counts(courier);
	bool holds = fleet_courier_describe(courier, text);
	buf_json_text(&trouble, counts.trouble);
	printf("{\"counts\": {\"is_up\": %s, \"holds\": %s, \"detail\": \"%s\", "
	       "\"event\": %llu, \"flow\": %llu, \"failed\": %llu, \"trouble\": "
	       "\"%s\"}}\n",
	       counts.is_up ? "true" : "false", holds ? "true" : "false", text,
	       (unsigned long long)counts.batches[LANE_EVENT],
	       (unsigned long long)counts.batches[LANE_FLOW],
	       (unsigned long long)counts.tries_failed, buf_cstr(&trouble));
	buf_free(&trouble);
}

static void print_connected(void *self)
{
	(void)self;
	puts("{\"connected\": true}");
}

static void print_answer(void *self, uint64_t id, const void *bytes, size_t len)
{
	(void)self;
	if (bytes == NULL)
		printf("{\"answer\": %llu, \"text\": null}\n", (unsigned long long)id);
	else
		printf("{\"answer\": %llu, \"text\": \"%.*s\"}\n",
		       (unsigned long long)id, (int)len, (const char *)bytes);
}

static void print_news(void *self, const void *bytes, size_t len)
{
	(void)self;
	printf("{\"news\": \"%.*s\"}\n", (int)len, (const char *)bytes);
}

static void print_servers(void *self, const struct server_addresses *servers)
{
	(void)self;
	for (uint32_t i = 0; i < servers->count; i++) {
		char text[ADDR_TEXT_MAX];
		addr_text(&servers->at[i], text);
		printf("{\"server\": \"%s\"}\n", text);
	}
}

static void take(void)
{
	const struct courier_output output = { NULL, print_connected, print_answer,
					       print_news, print_servers };
	struct buf text = { 0 };
	fleet_courier_take(courier, &output, &text);
	if (text.len > 0)
		fputs(buf_cstr(&text), stderr);
	buf_free(&text);
}

static void obey(char **word)
{
	char text[GUARD_TEXT_MAX];
	if (strcmp(word[0], "put") == 0)
		put(word);
	else if (strcmp(word[0], "room") == 0)
		fleet_spool_limit(spool, number(word[1]));
	else if (strcmp(word[0], "ask") == 0)
		printf("{\"asked\": %d}\n",
		       fleet_courier_ask(courier, number(word[1]), word[2],
					 strlen(word[2])));
	else if (strcmp(word[0], "counts") == 0)
		print_counts();
	else if (strcmp(word[0], "status") == 0)
		print_status();
	else if (fleet_courier_describe(courier, text) && strncmp(text, "pid ", 4) == 0)
		kill((pid_t)number(text + 4), SIGKILL);
}

/* ---- life ---- */

/* As the daemon: the folder is the user's, and so is who writes it. */
static bool become(const char *user, const char *folder)
{
	const struct passwd *who = getpwnam(user);
	return who != NULL && chown(folder, who->pw_uid, who->pw_gid) == 0 &&
	       setgid(who->pw_gid) == 0 && setuid(who->pw_uid) == 0;
}

static void serve(void)
{
	char line[LINE_BYTES];
	while (true) {
		struct pollfd waited[2] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = fleet_courier_fd(courier), .events = POLLIN },
		};
		fflush(stdout);
		poll(waited, 2, TICK_MS);
		if (waited[1].revents != 0)
			take();
		fleet_courier_tick(courier);
		if (waited[0].revents == 0)
			continue;
		if (fgets(line, sizeof(line), stdin) == NULL)
			return;
		char *word[WORDS + 1] = { NULL }, *rest = NULL;
		line[strcspn(line, "\n")] = '\0';
		word[0] = strtok_r(line, " ", &rest);
		for (int i = 1; i < WORDS && word[i - 1] != NULL; i++)
			word[i] = strtok_r(NULL, " ", &rest);
		if (word[0] != NULL)
			obey(word);
	}
}

int main(int argc, char **argv)
{
	char error[SPOOL_ERROR_MAX];
	if (argc < 7)
		return EXIT_FAILURE;
	const struct fleet_courier_setup setup = { .user = argv[5],
						   .spool = argv[1],
						   .servers = argv[4],
						   .sensor = argv[3],
						   .bytes_per_s = number(argv[6]) };
	setvbuf(stdin, NULL, _IONBF, 0);
	courier = fleet_courier_fork(&setup);
	batch = batch_new();
	if (courier == NULL || batch == NULL || !become(argv[5], argv[1]))
		return EXIT_FAILURE;
	char boot[SPOOL_BOOT_MAX];
	fleet_spool_boot(boot);
	spool = fleet_spool_open(argv[1], argv[3], number(argv[2]), boot,
				 clock_us(CLOCK_REALTIME), error);
	if (spool == NULL) {
		fprintf(stderr, "%s\n", error);
		return EXIT_FAILURE;
	}
	serve();
	fleet_spool_close(spool);
	batch_free(batch);
	fleet_courier_close(courier);
	return EXIT_SUCCESS;
}
