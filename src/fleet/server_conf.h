/*
 * server_conf.h: what a NATS server of the fleet is started with: its configuration,
 * its certificate and key, all in one folder, in which it is started.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/keyring.h"

enum {
	SERVER_NAME_MAX = 280,
	SERVER_CLUSTER_STEP = 2000, /* port 4222: servers among themselves on 6222 */
	SERVER_MONITOR_STEP = 4000, /* and what they say of themselves on 8222 */
};
#define SERVER_FILE_CONF        "nats-server.conf"
#define SERVER_FILE_CERTIFICATE "server.pem"
#define SERVER_FILE_KEY         "server.key"

/* One of the list of addresses, taken apart. */
struct fleet_server {
	char host[SERVER_NAME_MAX]; /* without the brackets of an IPv6 address */
	uint16_t port;
	bool is_address;            /* and no name */
	char name[SERVER_NAME_MAX]; /* "nats-1.example.org-4222", also its folder's */
};

/*
 * The address behind *servers, which moves on to the next; false: there is none, or it
 * is none of token_servers_are_good(), or its other ports would be beyond 65535.
 */
bool fleet_server_next(const char **servers, struct fleet_server *out);

/* Appends the configuration of that one; false without memory. */
bool fleet_server_conf(const struct keyring *keys, const struct fleet_server *server,
		       struct buf *out);
