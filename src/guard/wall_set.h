/*
 * wall_set.h: the sets of our table, and what their elements are made of; private to
 * this room.
 *
 * Each prefix length has hash sets of its own, whose rule masks the source address
 * first.  An interval set would take all lengths, but adding one element to it costs
 * milliseconds, and prefixes that overlap are refused; here each has its own end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard/wall_table.h"

struct nlmsghdr;
struct nlattr;

#define WALL_TABLE_NAME "breakwater"
#define WALL_CHAIN_NAME "prerouting"

enum { WALL_SET_NAME_MAX = 32, WALL_KEY_BYTES_MAX = 24 };

/* Which elements are in it. */
struct wall_set {
	uint8_t prefix_len; /* of the 128 */
	bool is_v4, limits, has_proto, has_port;
};

struct wall_set wall_set_of(const struct wall_key *key);
/* Of single hosts, or /64s of IPv6. */
bool wall_set_is_usual(const struct wall_set *set);
bool wall_set_equal(const struct wall_set *a, const struct wall_set *b);
/* "drop4", "drop6", "limit4_proto_port"; of other prefixes than hosts and /64
 * "drop4_24". */
void wall_set_name(const struct wall_set *set, char name[static WALL_SET_NAME_MAX]);

/* Messages of a batch; each is built where it is written. */
struct mnl_nlmsg_batch;
void wall_put_table(struct nlmsghdr *message, bool is_owned);
void wall_put_chain(struct nlmsghdr *message);
void wall_put_set(struct nlmsghdr *message, const struct wall_set *set, uint32_t id);
/* A port of any protocol takes a rule for each that has ports: only_proto; else 0. */
void wall_put_rule(struct nlmsghdr *message, const struct wall_set *set, uint32_t id,
		   uint8_t only_proto);

/* The head of a message of elements, and one more of them; false: it is full. */
struct nlattr *wall_put_elements(struct nlmsghdr *message, const struct wall_set *set);
void wall_put_element(struct nlmsghdr *message, const struct wall_set *set,
		      const struct wall_change *change);

/* Of each element in an answer of the kernel's. */
struct wall_element {
	struct wall_key key;
	uint64_t packets, bytes;
};
void wall_each_element(const struct nlmsghdr *message, const struct wall_set *set,
		       void (*take)(void *to, const struct wall_element *element),
		       void *to);
