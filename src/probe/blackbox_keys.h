/*
 * blackbox_keys.h: sections of a module, and the keys that many of them have; private
 * to the files blackbox*.c.
 */
#pragma once

#include "probe/blackbox_value.h"

/* Each to the module, which `at` is. */
bool blackbox_take_http(struct blackbox_reader *reader, void *at);
bool blackbox_take_tcp(struct blackbox_reader *reader, void *at);
bool blackbox_take_dns(struct blackbox_reader *reader, void *at);
bool blackbox_take_icmp(struct blackbox_reader *reader, void *at);
bool blackbox_take_grpc(struct blackbox_reader *reader, void *at);
/* To a struct blackbox_tls. */
bool blackbox_take_tls(struct blackbox_reader *reader, void *at);

#define COUNT(keys) (sizeof(keys) / sizeof((keys)[0]))

#define BOOL    "true or false"
#define TEXT    "a text"
#define REGEXPS "a list of regular expressions"

/* What several probers take; offsets from the module. */
#define WAY(prober, member)                                                            \
	offsetof(struct blackbox_module, way[BLACKBOX_##prober].member)
#define WAY_KEYS(prober)                                                               \
	{ "preferred_ip_protocol", "ip4 or ip6", blackbox_take_family,                 \
	  WAY(prober, preferred_ip_protocol) },                                        \
	{                                                                              \
		"ip_protocol_fallback", BOOL, blackbox_take_bool,                      \
			WAY(prober, ip_protocol_fallback)                              \
	}
#define SOURCE_KEY(prober)                                                             \
	{                                                                              \
		"source_ip_address", "an address", blackbox_take_address,              \
			WAY(prober, source_ip_address)                                 \
	}
#define TLS_KEY(prober)                                                                \
	{                                                                              \
		"tls_config", "a section", blackbox_take_tls, WAY(prober, tls_config)  \
	}
