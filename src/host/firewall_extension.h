/*
 * firewall_extension.h: what rules of iptables-nft match, where nft(8) gives no more
 * than an extension's name.
 *
 * It goes into the JSON of the rules: "state", names of states, into those called
 * conntrack; "ports" into those called multiport.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* True if there is an extension in it of which more can be known. */
bool extensions_are_in(const json_t *document);

/* Takes the rules of a datagram of netlink; false: there are no more to come. */
bool extensions_read(const void *datagram, size_t len, json_t *known);

void extensions_add(json_t *document, const json_t *known);
