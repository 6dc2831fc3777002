/*
 * wall_nft.c: see wall_nft.h.
 */
#include "guard/wall_nft_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	/* A transaction is one datagram; 8192 elements take 1.3 MB. */
	BATCH_BYTES = 2 << 20,
	SEND_BYTES = 2 * BATCH_BYTES,
	A_TRANSACTION = 8192,
	/* The length of nested attributes has 16 bits; an element at most 180 bytes. */
	A_MESSAGE = 300,
};

/* ---- life ---- */

static struct mnl_socket *open_socket(unsigned groups)
{
	struct mnl_socket *socket =
		mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (socket == NULL)
		return NULL;
	if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) == 0)
		return socket;
	mnl_socket_close(socket);
	return NULL;
}

/*
 * Only what ends each change, by whomever: a hundred thousand elements are no news to
 * who has added them.
 */
static void hear_ends_of_changes(struct mnl_socket *socket)
{
	const uint16_t type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	struct sock_filter program[] = {
		/* Loads are in network order. */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(type), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = { sizeof(program) / sizeof(program[0]),
					   program };
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_ATTACH_FILTER, &filter,
		   sizeof(filter));
}

static void widen(struct mnl_socket *socket)
{
	const int bytes = SEND_BYTES;
	int fd = mnl_socket_get_fd(socket);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
}

/* An error repeats the whole message otherwise, which may be longer than our room. */
static void answer_shortly(struct mnl_socket *socket)
{
	int yes = 1;
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &yes, sizeof(yes));
}

struct wall_nft *wall_nft_open(void)
{
	struct wall_nft *nft = calloc(1, sizeof(*nft));
	if (nft == NULL)
		return NULL;
	/* One more message than is checked for fits. */
	nft->bytes = malloc(BATCH_BYTES + UINT16_MAX + 1);
	nft->orders = open_socket(0);
	nft->look = open_socket(0);
	/* Without the right to hear of changes there is none to make any. */
	nft->events = open_socket(1U << (NFNLGRP_NFTABLES - 1));
	if (nft->bytes == NULL || nft->orders == NULL || nft->look == NULL) {
		int error = errno;
		wall_nft_close(nft);
		errno = error;
		return NULL;
	}
	nft->portid = mnl_socket_get_portid(nft->orders);
	widen(nft->orders);
	answer_shortly(nft->orders);
	if (nft->events != NULL)
		hear_ends_of_changes(nft->events);
	return nft;
}

static void close_socket(struct mnl_socket *socket)
{
	if (socket != NULL)
		mnl_socket_close(socket);
}

void wall_nft_close(struct wall_nft *nft)
{
	if (nft == NULL)
		return;
	close_socket(nft->events);
	close_socket(nft->look);
	close_socket(nft->orders);
	free(nft->bytes);
	free(nft);
}

/* ---- one transaction ---- */

static void begin(struct wall_nft *nft)
{
	nft->batch = mnl_nlmsg_batch_start(nft->bytes, BATCH_BYTES);
	nft->last = NULL;
	if (nft->batch == NULL)
		return;
	nft->first_seq = ++nft->seq;
	nftnl_batch_begin(mnl_nlmsg_batch_current(nft->batch), nft->seq);
	mnl_nlmsg_batch_next(nft->batch);
}

/* The message before it is whole. */
static struct nlmsghdr *next_message(struct wall_nft *nft, uint16_t type,
				     uint16_t flags)
{
	if (nft->last != NULL)
		mnl_nlmsg_batch_next(nft->batch);
	nft->last = nftnl_nlmsg_build_hdr(mnl_nlmsg_batch_current(nft->batch), type,
					  NFPROTO_INET, flags, ++nft->seq);
	return nft->last;
}

/* Of a set that is full the kernel says ENFILE, which is about open files elsewhere. */
static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return -EPROTO;
	return error->error == -ENFILE ? -ENOSPC : error->error;
}

/* Next of what waits; 0: no more.  What was lost or cut on the way is passed over. */
static ssize_t next_answer(struct wall_nft *nft)
{
	ssize_t got;
	do
		got = mnl_socket_recvfrom(nft->orders, nft->answer,
					  sizeof(nft->answer));
	while (got < 0 && (errno == ENOBUFS || errno == ENOSPC || errno == EINTR));
	return got > 0 ? got : 0;
}

/* The kernel has answered before send(2) comes back.  The first error there is. */
static int read_answers(struct wall_nft *nft, uint32_t from, uint32_t last)
{
	int first = 0;
	bool is_answered = false;
	ssize_t got;
	while ((got = next_answer(nft)) > 0) {
		int left = (int)got;
		const struct nlmsghdr *at = (const struct nlmsghdr *)nft->answer;
		for (; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left)) {
			/* The end of the batch, after the last, may be refused as well.
			 */
			if (at->nlmsg_type != NLMSG_ERROR ||
			    at->nlmsg_seq - from > last + 1 - from)
				continue;
			int error = error_of(at);
			first = first != 0 ? first : error;
			is_answered |= at->nlmsg_seq == last || error != 0;
		}
	}
	return first == 0 && !is_answered ? -EPROTO : first;
}

static int commit(struct wall_nft *nft)
{
	if (nft->batch == NULL)
		return -ENOMEM;
	uint32_t last = nft->seq;
	nft->last->nlmsg_flags |= NLM_F_ACK;
	mnl_nlmsg_batch_next(nft->batch);
	nftnl_batch_end(mnl_nlmsg_batch_current(nft->batch), ++nft->seq);
	mnl_nlmsg_batch_next(nft->batch);
	ssize_t sent = mnl_socket_sendto(nft->orders, mnl_nlmsg_batch_head(nft->batch),
					 mnl_nlmsg_batch_size(nft->batch));
	int error = sent < 0 ? -errno : read_answers(nft, nft->first_seq, last);
	mnl_nlmsg_batch_stop(nft->batch);
	nft->batch = NULL;
	return error;
}

/* ---- the table ---- */

static void forget_table(struct wall_nft *nft)
{
	nft->has_table = false;
	nft->is_owned = false;
	nft->set_count = nft->odd_count = 0;
}

static int delete_table(struct wall_nft *nft)
{
	begin(nft);
	if (nft->batch != NULL)
		wall_put_table(next_message(nft, NFT_MSG_DELTABLE, 0), false);
	return commit(nft);
}

static int create_table(struct wall_nft *nft, bool is_owned)
{
	begin(nft);
	if (nft->batch != NULL) {
		wall_put_table(
			next_message(nft, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL),
			is_owned);
		wall_put_chain(next_message(nft, NFT_MSG_NEWCHAIN, NLM_F_CREATE));
	}
	return commit(nft);
}

/* Kernels before 5.12 have no owners; there, one that was killed leaves its table. */
static int need_table(struct wall_nft *nft)
{
	if (nft->has_table)
		return 0;
	bool is_owned = true;
	int error = create_table(nft, is_owned);
	if (error == -EEXIST) {
		error = delete_table(nft);
		if (error == 0)
			error = create_table(nft, is_owned);
	}
	if (error == -EOPNOTSUPP || error == -EINVAL) {
		is_owned = false;
		error = create_table(nft, is_owned);
	}
	nft->has_table = error == 0;
	nft->is_owned = error == 0 && is_owned;
	return error;
}

int wall_nft_remove_table(struct wall_nft *nft)
{
	if (!nft->has_table)
		return 0;
	int error = delete_table(nft);
	if (error == 0 || error == -ENOENT)
		forget_table(nft);
	return error == -ENOENT ? 0 : error;
}

bool wall_nft_has_table(const struct wall_nft *nft)
{
	return nft->has_table;
}

bool wall_nft_is_owned(const struct wall_nft *nft)
{
	return nft->is_owned;
}

static bool has_vanished(struct wall_nft *nft)
{
	if (!nft->has_table)
		return false;
	struct nlmsghdr *asked = nftnl_nlmsg_build_hdr(
		nft->bytes, NFT_MSG_GETTABLE, NFPROTO_INET, NLM_F_ACK, ++nft->seq);
	wall_put_table(asked, false);
	bool is_lost = mnl_socket_sendto(nft->orders, asked, asked->nlmsg_len) >= 0 &&
		       read_answers(nft, nft->seq, nft->seq) == -ENOENT;
	if (is_lost)
		forget_table(nft);
	nft->was_lost |= is_lost;
	return is_lost;
}

bool wall_nft_is_lost(struct wall_nft *nft)
{
	bool is_lost = has_vanished(nft) || nft->was_lost;
	nft->was_lost = false;
	return is_lost;
}

/* ---- sets ---- */

/* Its number, from 1 on; 0: there is none. */
static uint32_t find_set(const struct wall_nft *nft, const struct wall_set *set)
{
	for (uint32_t i = 0; i < nft->set_count; i++)
		if (wall_set_equal(&nft->sets[i], set))
			return i + 1;
	return 0;
}

static void put_rule(struct wall_nft *nft, const struct wall_set *set, uint32_t id,
		     uint8_t only_proto)
{
	wall_put_rule(next_message(nft, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND),
		      set, id, only_proto);
}

static int create_set(struct wall_nft *nft, const struct wall_set *set, uint32_t id)
{
	begin(nft);
	if (nft->batch != NULL) {
		wall_put_set(next_message(nft, NFT_MSG_NEWSET, NLM_F_CREATE), set, id);
		if (wall_nft_takes_two_rules(set)) {
			put_rule(nft, set, id, IPPROTO_TCP);
			put_rule(nft, set, id, IPPROTO_UDP);
		} else {
			put_rule(nft, set, id, 0);
		}
	}
	return commit(nft);
}

static int need_set(struct wall_nft *nft, const struct wall_set *set)
{
	if (find_set(nft, set) != 0)
		return 0;
	bool is_odd = !wall_set_is_usual(set);
	if (nft->set_count == SETS_MAX || (is_odd && nft->odd_count == SETS_ODD))
		return -ENOSPC;
	int error = create_set(nft, set, nft->set_count + 1);
	if (error != 0)
		return error;
	nft->sets[nft->set_count++] = *set;
	nft->odd_count += is_odd;
	return 0;
}

/* ---- elements ---- */

/* Nothing in the kernel: it ends sessions, or its set is gone and all in it. */
static bool is_nothing(const struct wall_nft *nft, const struct wall_change *change)
{
	const struct wall_set set = wall_set_of(&change->key);
	return change->key.action == WALL_RESET ||
	       (change->op == WALL_OP_REMOVE && find_set(nft, &set) == 0);
}

static int need_room(struct wall_nft *nft, const struct wall_change *changes,
		     size_t count)
{
	int error = 0;
	for (size_t i = 0; i < count && error == 0; i++) {
		const struct wall_set set = wall_set_of(&changes[i].key);
		if (is_nothing(nft, &changes[i]) || find_set(nft, &set) != 0)
			continue;
		error = need_table(nft);
		if (error == 0)
			error = need_set(nft, &set);
	}
	return error;
}

static void put_message(struct wall_nft *nft, const struct wall_change *changes,
			size_t count, bool adds)
{
	const struct wall_set set = wall_set_of(&changes[0].key);
	struct nlmsghdr *message =
		next_message(nft, adds ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
			     adds ? NLM_F_CREATE : 0);
	struct nlattr *list = wall_put_elements(message, &set);
	for (size_t i = 0; i < count; i++) {
		struct wall_change one = changes[i];
		one.op = adds ? WALL_OP_ADD : WALL_OP_REMOVE;
		wall_put_element(message, &set, &one);
	}
	mnl_attr_nest_end(message, list);
}

/* How many of them, from the first on, one message can do. */
static size_t count_alike(const struct wall_nft *nft, const struct wall_change *changes,
			  size_t count)
{
	const struct wall_set first = wall_set_of(&changes[0].key);
	size_t alike = 1;
	for (; alike < count && alike < A_MESSAGE; alike++) {
		const struct wall_set set = wall_set_of(&changes[alike].key);
		if (changes[alike].op != changes[0].op ||
		    !wall_set_equal(&set, &first) || is_nothing(nft, &changes[alike]))
			break;
	}
	return alike;
}

static void put_changes(struct wall_nft *nft, const struct wall_change *changes,
			size_t count)
{
	for (size_t i = 0, alike; i < count; i += alike) {
		alike = 1;
		if (is_nothing(nft, &changes[i]))
			continue;
		alike = count_alike(nft, &changes[i], count - i);
		if (changes[i].op != WALL_OP_ADD)
			put_message(nft, &changes[i], alike, false);
		if (changes[i].op != WALL_OP_REMOVE)
			put_message(nft, &changes[i], alike, true);
	}
}

static int transact(struct wall_nft *nft, const struct wall_change *changes,
		    size_t count)
{
	int error = need_room(nft, changes, count);
	if (error != 0)
		return error;
	begin(nft);
	if (nft->batch == NULL)
		return -ENOMEM;
	put_changes(nft, changes, count);
	if (nft->last != NULL)
		return commit(nft);
	mnl_nlmsg_batch_stop(nft->batch);
	return 0;
}

/* What the kernel does not hold is removed; what it holds, or holds no more, is asked
 * for in the other way. */
static int try_otherwise(struct wall_nft *nft, struct wall_change *change, int error)
{
	if (change->op == WALL_OP_REMOVE)
		return error == -ENOENT ? 0 : error;
	if (error == -ENOENT && change->op == WALL_OP_RENEW)
		change->op = WALL_OP_ADD;
	else if (error == -EEXIST || error == -EBUSY)
		change->op = WALL_OP_RENEW;
	else
		return error;
	return transact(nft, change, 1);
}

/* One of them is the matter, not all. */
static bool is_of_one(int error)
{
	return error == -ENOENT || error == -EEXIST || error == -EBUSY ||
	       error == -EINVAL || error == -ENOSPC;
}

/* All of them, or none; then each half. */
static int apply(struct wall_nft *nft, struct wall_change *changes, size_t count)
{
	int error = transact(nft, changes, count);
	if (error == -ENOENT && has_vanished(nft))
		error = transact(nft, changes, count);
	if (error != 0 && count == 1)
		error = try_otherwise(nft, changes, error);
	if (error != 0 && count > 1 && is_of_one(error)) {
		size_t half = count / 2;
		int first = apply(nft, changes, half);
		int second = apply(nft, changes + half, count - half);
		return second != 0 ? second : first;
	}
	for (size_t i = 0; i < count; i++)
		changes[i].error = error;
	return error;
}

int wall_nft_apply(struct wall_nft *nft, struct wall_change *changes, size_t count)
{
	int error = 0;
	for (size_t i = 0; i < count; i += A_TRANSACTION) {
		size_t some = count - i < A_TRANSACTION ? count - i : A_TRANSACTION;
		int now = apply(nft, changes + i, some);
		error = now != 0 ? now : error;
	}
	return error;
}

/* ---- others' changes ---- */

int wall_nft_events_fd(const struct wall_nft *nft)
{
	return nft->events != NULL ? mnl_socket_get_fd(nft->events) : -1;
}

bool wall_nft_take_events(struct wall_nft *nft)
{
	bool is_foreign = false;
	ssize_t got;
	if (nft->events == NULL)
		return false;
	while ((got = mnl_socket_recvfrom(nft->events, nft->answer,
					  sizeof(nft->answer))) > 0) {
		int left = (int)got;
		const struct nlmsghdr *at = (const struct nlmsghdr *)nft->answer;
		for (; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left))
			is_foreign |= at->nlmsg_pid != nft->portid;
	}
	return is_foreign || (got < 0 && errno != EAGAIN);
}
