/*
 * nats_publish.c: what NATS' own library reaches without anything of ours, to compare
 * the courier with (make bench).
 *
 *   nats_publish SERVERS SUBJECT wait|flood COUNT BYTES
 *
 * wait: each message is acknowledged before the next; flood: they are under way
 * together. Says "rate N", messages per second.
 */
#include <nats/nats.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SERVERS_MAX = 8, ID_MAX = 64, DECIMAL = 10, PENDING_MAX = 256, WAIT_MS = 60000 };

static void check(natsStatus status)
{
	if (status == NATS_OK)
		return;
	fprintf(stderr, "nats_publish: %s\n", natsStatus_GetText(status));
	exit(EXIT_FAILURE);
}

static natsConnection *connect_to(char *servers)
{
	const char *all[SERVERS_MAX];
	int count = 0;
	char *rest = NULL;
	for (char *one = strtok_r(servers, ",", &rest);
	     one != NULL && count < SERVERS_MAX; one = strtok_r(NULL, ",", &rest))
		all[count++] = one;
	natsOptions *options = NULL;
	natsConnection *connection = NULL;
	check(natsOptions_Create(&options));
	check(natsOptions_SetServers(options, all, count));
	check(natsConnection_Connect(&connection, options));
	natsOptions_Destroy(options);
	return connection;
}

static void publish(jsCtx *js, const char *subject, bool waits, uint64_t number,
		    const void *bytes, int len)
{
	char id[ID_MAX];
	jsPubOptions options;
	jsPubOptions_Init(&options);
	snprintf(id, sizeof(id), "%s.%llu", subject, (unsigned long long)number);
	options.MsgId = id;
	if (waits)
		check(js_Publish(NULL, js, subject, bytes, len, &options, NULL));
	else
		check(js_PublishAsync(js, subject, bytes, len, &options));
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return EXIT_FAILURE;
	const bool waits = strcmp(argv[3], "wait") == 0;
	const uint64_t count = strtoull(argv[4], NULL, DECIMAL);
	const int len = (int)strtoul(argv[5], NULL, DECIMAL);
	char *bytes = calloc(1, (size_t)len);
	natsConnection *connection = connect_to(argv[1]);
	jsCtx *js = NULL;
	jsOptions options;
	jsPubOptions last;
	jsOptions_Init(&options);
	options.PublishAsync.MaxPending = PENDING_MAX;
	options.PublishAsync.StallWait = WAIT_MS;
	check(natsConnection_JetStream(&js, connection, &options));
	int64_t began_us = clock_us(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < count && bytes != NULL; i++)
		publish(js, argv[2], waits, i, bytes, len);
	jsPubOptions_Init(&last);
	last.MaxWait = WAIT_MS;
	check(js_PublishAsyncComplete(js, &last));
	printf("rate %.1f\n",
	       (double)count * 1e6 / (double)(clock_us(CLOCK_MONOTONIC) - began_us));
	jsCtx_Destroy(js);
	natsConnection_Destroy(connection);
	free(bytes);
	return EXIT_SUCCESS;
}
