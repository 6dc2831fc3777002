/*
 * host_watch.c: runs the watch and the host, and prints what they say, one JSON object
 * per line, for host.py.
 *
 * host_watch [--no-bpf] [--proc PATH]: ends with its standard input.  Each line typed
 * into it is a question: "cost" (CPU and elapsed time so far, and what of it each of
 * the watch's jobs took), "flow CLIENT PORT SERVER PORT PROTO" (whose it is).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/watch.h"

static struct host *host;
static uint64_t events;

static void print_record(enum record_kind kind, const void *record)
{
	struct buf line = { 0 };
	record_json(&line, kind, record);
	puts(buf_cstr(&line));
	fflush(stdout);
	buf_free(&line);
}

static void on_listener(void *self, const struct listener_record *listener)
{
	(void)self;
	print_record(RECORD_listener, listener);
}

static void on_socket(void *self, const struct socket_record *socket)
{
	(void)self;
	print_record(RECORD_socket, socket);
}

static void print_connection(const struct host_connection *c)
{
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];
	addr_text(&c->local, local);
	addr_text(&c->remote, remote);
	printf("{\"record\":\"connection\",\"local\":\"%s\",\"local_port\":%u,"
	       "\"remote\":\"%s\",\"remote_port\":%u,\"proto\":%u,\"pid\":%u,"
	       "\"process\":\"%s\",\"user\":\"%s\"}\n",
	       local, c->local_port, remote, c->remote_port, c->proto, c->pid,
	       c->process, c->user);
}

static void print_means(const struct host_means *means)
{
	printf("{\"record\":\"means\",\"events\":%u,\"owners\":%u,\"processes\":%u,"
	       "\"spaces\":%u,\"count\":%u,\"lost\":%lu,\"reason\":\"%s\"}\n",
	       means->by_bpf_events, means->by_bpf_owners, means->sees_processes,
	       means->sees_namespaces, means->namespaces, means->lost, means->reason);
}

static void on_event(void *to, const struct host_event *event)
{
	(void)to;
	/* Only what is said to be needed goes over. */
	struct host_event sent;
	memset(&sent, 0, sizeof(sent));
	memcpy(&sent, event, host_event_size(event->kind));
	events++;
	host_take(host, &sent);
	if (event->kind == HOST_CONNECTION)
		print_connection(&sent.connection);
	else if (event->kind == HOST_MEANS)
		print_means(&sent.means);
	else if (event->kind == HOST_SYNCED)
		puts("{\"record\":\"synced\"}");
	fflush(stdout);
}

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void print_cost(const struct host_watch *watch)
{
	printf("{\"record\":\"cost\",\"cpu_us\":%ld,\"elapsed_us\":%ld,\"events\":%lu,"
	       "\"listeners\":%zu,\"changes_us\":%ld,\"tcp_us\":%ld,\"udp_us\":%ld,"
	       "\"counts_us\":%ld,\"owners_us\":%ld,\"searches_us\":%ld,"
	       "\"spaces_us\":%ld,\"glances_us\":%ld,\"lists_us\":%ld,"
	       "\"room_us\":%ld,\"shield_us\":%ld}\n",
	       clock_us(CLOCK_PROCESS_CPUTIME_ID), clock_us(CLOCK_MONOTONIC), events,
	       host_count(host), watch->for_changes.spent_us, watch->for_tcp.spent_us,
	       watch->for_udp.spent_us, watch->for_counts.spent_us,
	       watch->for_owners.spent_us, watch->for_searches.spent_us,
	       watch->for_spaces.spent_us, watch->for_glance.spent_us,
	       watch->for_lists.spent_us, watch->for_room.spent_us,
	       watch->shield.credit.spent_us);
	fflush(stdout);
}

/* "flow CLIENT PORT SERVER PORT PROTO" */
static void name_flow(char *line)
{
	char *words[6] = { NULL };
	for (int i = 0; i < 6; i++)
		words[i] = strtok_r(i == 0 ? line : NULL, " \n", &line);
	struct flow_record flow;
	record_init(RECORD_flow, &flow);
	if (words[5] == NULL || !addr_parse(words[1], &flow.client_ip) ||
	    !addr_parse(words[3], &flow.server_ip))
		exit(2);
	flow.client_port = (uint32_t)strtoul(words[2], NULL, 10);
	flow.server_port = (uint32_t)strtoul(words[4], NULL, 10);
	flow.ip_proto = (uint16_t)strtoul(words[5], NULL, 10);
	host_name_flow(host, &flow);
	print_record(RECORD_flow, &flow);
}

/* False at the end of input. */
static bool answer(const struct host_watch *watch)
{
	char line[256];
	ssize_t len = read(STDIN_FILENO, line, sizeof(line) - 1);
	if (len <= 0)
		return false;
	line[len] = '\0';
	if (strncmp(line, "cost", 4) == 0)
		print_cost(watch);
	else
		name_flow(line);
	return true;
}

int main(int argc, char **argv)
{
	struct host_watch_options options = { 0 };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-bpf") == 0)
			options.without_bpf = true;
		else if (strcmp(argv[i], "--proc") == 0 && i + 1 < argc)
			options.proc = argv[++i];
		else
			return 2;
	}
	host = host_new(
		&(struct host_options){ .listener = on_listener, .socket = on_socket });
	struct host_watch *watch = host_watch_open_with(on_event, NULL, &options);
	if (host == NULL || watch == NULL)
		return 1;
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = host_watch_fd(watch), .events = POLLIN },
	};
	do {
		host_watch_run(watch);
		fds[0].revents = 0;
		poll(fds, 2, host_watch_timeout_ms(watch));
	} while (fds[0].revents == 0 || answer(watch));
	host_watch_close(watch);
	host_free(host);
	return 0;
}
