/*
 * status.c: breakwater status: one screen: is all well, what is watched, what was
 * missed, what is busiest, what to type next.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cells.h"
#include "cli/cli.h"
#include "cli/client_json.h"
#include "cli/posture.h"
#include "cli/status_hub.h"
#include "cli/status_lines.h"
#include "cli/table.h"
#include "cli/wrapped.h"

enum { BUSIEST = 5 };

struct answers {
	json_t *status, *health, *ports;
	uint64_t port_total; /* the daemon gives the busiest 1000 */
};

static void answers_free(struct answers *answers)
{
	json_decref(answers->status);
	json_decref(answers->health);
	json_decref(answers->ports);
}

/* A list of names as "eth0, lo"; "none" if it is empty. */
static void print_names(const json_t *names)
{
	char text[CELL_MAX];
	size_t i;
	json_t *name;
	json_array_foreach(names, i, name)
	{
		const char *value = json_string_value(name);
		text_clean(text, sizeof(text), value == NULL ? "?" : value);
		printf("%s%s", i > 0 ? ", " : "", text);
	}
	if (json_array_size(names) == 0)
		fputs("none", stdout);
}

static void print_count(const json_t *object, const char *name, const char *what)
{
	char text[CELL_MAX];
	text_count(text, sizeof(text), member_number(object, name));
	printf("%s %s", text, what);
}

static struct posture posture_now(const struct answers *answers)
{
	const struct posture_facts facts = {
		.status = answers->status,
		.health = answers->health,
		.ports = answers->ports,
		.busiest = answers->port_total > json_array_size(answers->ports),
	};
	return posture_of(&facts);
}

static void print_health(const struct answers *answers, const struct look *look)
{
	char text[CELL_MAX];
	struct posture posture = posture_now(answers);
	tone_print(look, posture.verdict.tone, posture.verdict.text);
	fputs(posture.reasons, stdout);
	if (posture.ports.text[0] != '\0')
		fputs("; ", stdout);
	tone_print(look, posture.ports.tone, posture.ports.text);
	text_span(text, sizeof(text), member_number(answers->status, "uptime_s"));
	printf("\nWatching ");
	if (posture_no_packets(answers->status) != NULL)
		printf("no packets");
	else
		print_names(json_object_get(answers->status, "interfaces"));
	printf(" for %s", text);
	const char *started = member_text(answers->status, "started");
	if (started != NULL) {
		text_clean(text, sizeof(text), started);
		printf(", since %.19sZ", text);
	}
	printf("\n\n");
}

static void print_no_packets(const json_t *status, const struct look *look)
{
	char text[CLIENT_ERROR_MAX];
	text_clean(text, sizeof(text), posture_no_packets(status));
	label_print(look, "Packets");
	tone_print(look, TONE_OVER, "! not watched");
	printf(": %s\n", text);
}

static void print_traffic(const json_t *status, const struct look *look)
{
	char text[CELL_MAX];
	label_print(look, "Traffic");
	print_count(status, "packets_per_s", "packets/s");
	text_bytes(text, sizeof(text), member_number(status, "bytes_per_s"));
	printf(", %s/s; ", text);
	print_count(status, "packets", "packets");
	text_bytes(text, sizeof(text), member_number(status, "bytes"));
	printf(", %s so far\n", text);
}

/* ARP and its like are no loss; the rest of the decoder's reasons are told by name. */
static void print_undecoded(const json_t *status)
{
	char name[CELL_MAX], count[CELL_MAX];
	const char *reason;
	json_t *value;
	int told = 0;
	json_object_foreach(json_object_get(status, "undecoded"), reason, value)
	{
		if (json_number_value(value) <= 0 || strcmp(reason, "ok") == 0)
			continue;
		text_clean(name, sizeof(name), reason);
		text_count(count, sizeof(count), json_number_value(value));
		printf("%s%s %s", told++ > 0 ? ", " : "", count, name);
	}
	puts(told == 0 ? "nothing" : "");
}

/* ARP is no IP, and a wrong IPv4 checksum no reason to ignore a packet: both are fine.
 */
static bool is_harmless(const char *reason)
{
	return strcmp(reason, "ok") == 0 || strcmp(reason, "not_ip") == 0 ||
	       strcmp(reason, "ip4_csum") == 0 || strcmp(reason, "tunnel_bad") == 0 ||
	       strcmp(reason, "tunnel_deep") == 0;
}

/* Frames we can say nothing about. */
static double undecoded_frames(const json_t *status)
{
	const char *reason;
	json_t *value;
	double frames = 0;
	json_object_foreach(json_object_get(status, "undecoded"), reason, value)
	{
		if (!is_harmless(reason))
			frames += json_number_value(value);
	}
	return frames;
}

static void print_losses(const json_t *status, const struct look *look)
{
	label_print(look, "Lost");
	if (posture_lost_packets(status) > 0)
		tone_print(look, TONE_OVER, "! ");
	print_count(status, "kernel_dropped", "packets by the kernel, ");
	print_count(status, "ring_dropped", "records between threads\n");
	label_print(look, "Not decoded");
	print_undecoded(status);
}

static void print_connections(const json_t *status, const struct look *look)
{
	label_print(look, "Connections");
	print_count(status, "flows", "open, ");
	print_count(status, "half_open", "half open, ");
	print_count(status, "services",
		    member_number(status, "services") == 1 ? "service; "
							   : "services; ");
	print_count(status, "flows_evicted", "evicted, ");
	print_count(status, "flows_refused", "refused\n");
}

static void print_cost(const json_t *status, const struct look *look)
{
	char cpu[CELL_MAX], rss[CELL_MAX], tables[CELL_MAX];
	text_percent(cpu, sizeof(cpu), member_number(status, "cpu_ratio"));
	text_bytes(rss, sizeof(rss), member_number(status, "rss_bytes"));
	text_bytes(tables, sizeof(tables), member_number(status, "memory_bytes"));
	label_print(look, "Cost");
	printf("%s of a core, %s of memory (tables %s), ", cpu, rss, tables);
	print_count(status, "workers",
		    member_number(status, "workers") == 1 ? "worker\n" : "workers\n");
}

/* Browsers warn of one that has ended; two weeks are time to renew it. */
static void print_certificate(const json_t *status, const struct look *look)
{
	enum { WARN_S = 14 * 86400 };
	char span[CELL_MAX], line[CELL_MAX + 96];
	int64_t until_us;
	if (!cell_time_of(status, "certificate_until", &until_us))
		return;
	double left_s = (double)until_us / 1e6 - (double)time(NULL);
	text_span(span, sizeof(span), fabs(left_s));
	label_print(look, "");
	if (left_s >= WARN_S) {
		printf("its certificate ends in %s\n", span);
		return;
	}
	snprintf(line, sizeof(line),
		 left_s < 0 ? "! its certificate ended %s ago: renew it (docs/web.md)"
			    : "! its certificate ends in %s: renew it (docs/web.md)",
		 span);
	tone_print(look, TONE_OVER, line);
	putchar('\n');
}

static void print_place(const json_t *status, const struct look *look)
{
	char text[CELL_MAX];
	const char *listen_at = member_text(status, "listen");
	label_print(look, "Home");
	print_names(json_object_get(status, "home"));
	putchar('\n');
	label_print(look, "Dashboard");
	bool off = listen_at == NULL || listen_at[0] == '\0';
	text_clean(text, sizeof(text), off ? "off" : listen_at);
	bool is_secure = json_object_get(status, "certificate_until") != NULL;
	printf(off ? "%s\n" : is_secure ? "https://%s/\n" : "http://%s/\n", text);
	print_certificate(status, look);
}

/* Of those that hold (or not), "no capabilities, seccomp"; what does not has a reason.
 */
static size_t list_parts(const json_t *privileges, bool holding, char *out, size_t size)
{
	static const char *const parts[][2] = { { "capabilities", "no capabilities" },
						{ "no_new_privs", "no_new_privs" },
						{ "seccomp", "seccomp" },
						{ "landlock", "landlock" } };
	size_t count = 0, len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && len < size; i++) {
		char why[CELL_MAX];
		const json_t *part = json_object_get(privileges, parts[i][0]);
		if (json_is_true(json_object_get(part, "holds")) != holding)
			continue;
		const char *detail = member_text(part, "detail");
		text_clean(why, sizeof(why), detail != NULL ? detail : "?");
		int n = snprintf(out + len, size - len, "%s%s%s%s%s",
				 count++ > 0 ? ", " : "", parts[i][1],
				 holding ? "" : " (", holding ? "" : why,
				 holding ? "" : ")");
		len += n > 0 ? (size_t)n : 0;
	}
	return count;
}

/* "! " before what does not hold. */
static void print_part(const json_t *privileges, const char *name,
		       const char *label_text, const struct look *look)
{
	char text[CELL_MAX];
	const json_t *part = json_object_get(privileges, name);
	const char *detail = member_text(part, "detail");
	text_clean(text, sizeof(text), detail != NULL ? detail : "?");
	if (!json_is_true(json_object_get(part, "holds")))
		tone_print(look, TONE_OVER, "! ");
	printf("%s %s", label_text, text);
}

static void print_privileges(const json_t *status, const struct look *look)
{
	char text[4 * CELL_MAX];
	const json_t *privileges = json_object_get(status, "privileges");
	if (privileges == NULL)
		return;
	label_print(look, "Privileges");
	print_part(privileges, "user", "runs as", look);
	size_t count = list_parts(privileges, true, text, sizeof(text));
	if (count > 0)
		printf("; %s hold%s", text, count == 1 ? "s" : "");
	count = list_parts(privileges, false, text, sizeof(text));
	if (count > 0) {
		fputs("; ", stdout);
		tone_print(look, TONE_OVER, "! ");
		printf("not in force: %s", text);
	}
	fputs("; ", stdout);
	print_part(privileges, "guard", "guard", look);
	putchar('\n');
}

static void print_next(const struct answers *answers)
{
	const json_t *busiest = json_array_get(answers->ports, 0);
	double port = member_number(busiest, "port");
	if (posture_lost_packets(answers->status) > 0)
		puts("\nNext: more workers or a larger ring (capture.workers, "
		     "capture.ring_mib: breakwater config show)");
	else if (posture_no_packets(answers->status) != NULL)
		printf("\nNext: run it as root to see traffic: sudo %s run\n",
		       program_invocation_name);
	else if (posture_grave_incidents(answers->status) > 0)
		printf("\nNext: %s incidents   %s top\n", program_invocation_name,
		       program_invocation_name);
	else if (member_number(json_object_get(answers->status, "findings"), "open") >
		 0)
		printf("\nNext: %s findings   %s top\n", program_invocation_name,
		       program_invocation_name);
	else if (isnan(port))
		printf("\nNext: %s top   (ports show as soon as they carry traffic)\n",
		       program_invocation_name);
	else
		printf("\nNext: %s top   %s flows --port %.0f\n",
		       program_invocation_name, program_invocation_name, port);
}

static void print_busiest(const struct answers *answers, const struct limits *limits,
			  const struct look *look)
{
	const json_t *ports = answers->ports;
	size_t total = json_array_size(ports);
	if (answers->port_total > total)
		total = answers->port_total;
	json_t *rows = json_array();
	for (size_t i = 0; i < BUSIEST && i < json_array_size(ports); i++)
		json_array_append(rows, json_array_get(ports, i));
	table_print(&view_ports, rows, limits, look);
	json_decref(rows);
	if (total > BUSIEST)
		printf("... and %llu more: breakwater ports\n",
		       (unsigned long long)(total - BUSIEST));
}

static void print_screen(const struct answers *answers, const struct look *look)
{
	struct limits limits = limits_of(answers->status);
	if (status_is_hub(answers->status)) {
		const struct posture posture = posture_now(answers);
		status_hub_print(&posture, answers->status, look);
		return;
	}
	print_health(answers, look);
	if (posture_no_packets(answers->status) != NULL) {
		print_no_packets(answers->status, look);
	} else {
		print_traffic(answers->status, look);
		print_losses(answers->status, look);
		print_connections(answers->status, look);
	}
	status_lines(answers->status, look);
	print_cost(answers->status, look);
	print_privileges(answers->status, look);
	print_place(answers->status, look);
	if (json_array_size(answers->ports) > 0) {
		putchar('\n');
		print_busiest(answers, &limits, look);
	}
	print_next(answers);
}

static int verdict(const struct answers *answers)
{
	const char *health = member_text(answers->health, "status");
	if (health == NULL || strcmp(health, "failing") == 0)
		return STATUS_BAD_NEWS;
	double missed = posture_lost_packets(answers->status) +
			undecoded_frames(answers->status);
	if (posture_no_packets(answers->status) != NULL)
		return STATUS_INCOMPLETE;
	return missed > 0 ? STATUS_INCOMPLETE : STATUS_OK;
}

static int ask_all(struct client *client, struct answers *answers)
{
	char error[CLIENT_ERROR_MAX];
	struct client_told told = { 0 };
	int status = client_object(client, "/api/v1/status", &answers->status, error);
	if (status == STATUS_OK)
		status = client_object(client, "/health", &answers->health, error);
	if (status == STATUS_OK)
		status = client_records(client, view_ports.path, &answers->ports, &told,
					error);
	answers->port_total = told.total;
	if (status != STATUS_OK)
		fprintf(stderr, "breakwater status: %s\n", error);
	return status;
}

int command_status(int argc, char **argv)
{
	const struct command_help help = {
		.name = "status",
		.doc = "One screen: is all well, what is watched, what was missed.",
	};
	struct common_options common;
	struct answers answers = { 0 };
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	struct client *client = client_open(&common);
	if (client == NULL)
		return STATUS_UNREACHABLE;
	status = ask_all(client, &answers);
	if (status == STATUS_OK) {
		struct look look = look_of(&common);
		if (common.json)
			json_dumpf(answers.status, stdout, JSON_COMPACT);
		else
			print_screen(&answers, &look);
		if (common.json)
			putchar('\n');
		status = verdict(&answers);
	}
	answers_free(&answers);
	client_close(client);
	return status;
}
