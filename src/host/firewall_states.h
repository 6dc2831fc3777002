/*
 * firewall_states.h: which states of a connection rules of iptables-nft are for.
 *
 * The states go into the JSON of the rules, as member "state" of the extension.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* True if there is an extension in it that needs them. */
bool firewall_has_states(const json_t *document);

/* Takes the rules of a datagram of netlink; false: there are no more to come. */
bool firewall_read_states(const void *datagram, size_t len, json_t *states);

void firewall_add_states(json_t *document, json_t *states);
