/*
 * wall_nft_look.c: see wall_nft.h.  What the kernel holds is read, a piece at a time,
 * on a socket of its own: elements, and where nobody owns the table whether rules are
 * there.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "guard/wall_nft_inside.h"

int wall_nft_look_fd(const struct wall_nft *nft)
{
	return mnl_socket_get_fd(nft->look);
}

static bool ask_for_set(struct wall_nft *nft)
{
	char asked[256], name[WALL_SET_NAME_MAX];
	wall_set_name(&nft->sets[nft->looked], name);
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		asked, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, ++nft->look_seq);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, WALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, name);
	return mnl_socket_sendto(nft->look, message, message->nlmsg_len) >= 0;
}

bool wall_nft_look_begin(struct wall_nft *nft)
{
	while (mnl_socket_recvfrom(nft->look, nft->answer, sizeof(nft->answer)) > 0)
		; /* of a look that failed */
	nft->looked = 0;
	return nft->has_table && nft->set_count > 0 && ask_for_set(nft);
}

static bool ask_for_rules(struct wall_nft *nft)
{
	char asked[256];
	struct nlmsghdr *message = nftnl_nlmsg_build_hdr(
		asked, NFT_MSG_GETRULE, NFPROTO_INET, NLM_F_DUMP, ++nft->look_seq);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, WALL_TABLE_NAME);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, WALL_CHAIN_NAME);
	nft->rules = 0;
	return mnl_socket_sendto(nft->look, message, message->nlmsg_len) >= 0;
}

/* Without its rules a set stops nobody: all is made anew. */
static enum wall_look end_of_rules(struct wall_nft *nft)
{
	uint32_t wanted = nft->set_count;
	for (uint32_t i = 0; i < nft->set_count; i++)
		wanted += wall_nft_takes_two_rules(&nft->sets[i]);
	if (nft->rules == wanted)
		return WALL_LOOK_IS_WHOLE;
	nft->was_lost = wall_nft_remove_table(nft) == 0;
	return WALL_LOOK_FAILED;
}

/* Where nobody owns the table anybody may have taken rules out of it. */
static enum wall_look end_of_set(struct wall_nft *nft)
{
	if (nft->looked == nft->set_count)
		return end_of_rules(nft);
	if (++nft->looked < nft->set_count)
		return ask_for_set(nft) ? WALL_LOOK_GOES_ON : WALL_LOOK_FAILED;
	if (nft->is_owned)
		return WALL_LOOK_IS_WHOLE;
	return ask_for_rules(nft) ? WALL_LOOK_GOES_ON : WALL_LOOK_FAILED;
}

/* A dump is inconsistent if a generation of rules ended in between. */
static enum wall_look
read_piece(struct wall_nft *nft, const struct nlmsghdr *message,
	   void (*take)(void *to, const struct wall_element *element), void *to)
{
	if (message->nlmsg_seq != nft->look_seq)
		return WALL_LOOK_GOES_ON;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR ||
	    message->nlmsg_type == NLMSG_ERROR || nft->looked > nft->set_count)
		return WALL_LOOK_FAILED;
	if (message->nlmsg_type == NLMSG_DONE)
		return end_of_set(nft);
	if (nft->looked == nft->set_count)
		nft->rules++;
	else
		wall_each_element(message, &nft->sets[nft->looked], take, to);
	return WALL_LOOK_GOES_ON;
}

enum wall_look
wall_nft_look_step(struct wall_nft *nft,
		   void (*take)(void *to, const struct wall_element *element), void *to)
{
	enum wall_look look = WALL_LOOK_GOES_ON;
	ssize_t got = mnl_socket_recvfrom(nft->look, nft->answer, sizeof(nft->answer));
	if (got <= 0)
		return errno == EAGAIN ? WALL_LOOK_GOES_ON : WALL_LOOK_FAILED;
	int left = (int)got;
	const struct nlmsghdr *at = (const struct nlmsghdr *)nft->answer;
	for (; mnl_nlmsg_ok(at, left) && look == WALL_LOOK_GOES_ON;
	     at = mnl_nlmsg_next(at, &left))
		look = read_piece(nft, at, take, to);
	return look;
}
