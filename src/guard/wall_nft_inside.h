/*
 * wall_nft_inside.h: what the files of wall_nft.h share; private to them.
 */
#pragma once

#include "guard/wall_nft.h"
#include "guard/wall_set.h"

enum {
	ANSWER_BYTES = 32768,
	/* Each is a look-up for every packet: hosts and /64s, each to be dropped or
	 * limited, with a port, a protocol, both or neither; and some more by hand,
	 * which never take the room of these. */
	SETS_USUAL = 16,
	SETS_ODD = 32,
	SETS_MAX = SETS_USUAL + SETS_ODD,
};

struct mnl_socket;
struct mnl_nlmsg_batch;
struct nlmsghdr;

struct wall_nft {
	struct mnl_socket *orders, *events, *look;
	uint32_t portid, seq, first_seq; /* first_seq: of the transaction */
	bool has_table, is_owned, was_lost;
	struct wall_set sets[SETS_MAX];
	uint32_t set_count, odd_count;
	uint32_t looked; /* of the sets; after them rules are */
	uint32_t rules;  /* seen */
	uint32_t look_seq;
	struct mnl_nlmsg_batch *batch;
	struct nlmsghdr *last; /* message of the batch */
	char *bytes;
	char answer[ANSWER_BYTES];
};

/* A port of any protocol takes one for each that has ports. */
static inline bool wall_nft_takes_two_rules(const struct wall_set *set)
{
	return set->has_port && !set->has_proto;
}
