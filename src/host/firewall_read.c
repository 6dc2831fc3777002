/*
 * firewall_read.c: the kernel's rules; see firewall.h.
 *
 * libnftables knows how each version writes rules down, and gives them as JSON.  Of the
 * extensions of iptables it only gives the name; those that matter most are read from
 * the kernel directly.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/firewall.h"
#include "host/firewall_extension.h"
#include "host/firewall_facts.h"
#include "host/firewall_tables.h"

enum { WAIT_S = 2, DATAGRAM_MAX = 65536 };

/* ---- changes ---- */

int firewall_listen(void)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK,
				    .nl_groups = 1u << (NFNLGRP_NFTABLES - 1) };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_NETFILTER);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
		return fd;
	int error = -errno;
	close(fd);
	return error;
}

bool firewall_has_changed(int fd)
{
	uint8_t rest[64];
	bool has_changed = false;
	/* ENOBUFS: more than it could keep. */
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
	       errno == EINTR) {
		has_changed = true;
		errno = 0;
	}
	return has_changed;
}

static bool may_have_lines(const char *path)
{
	char line[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	ssize_t len = read(fd, line, sizeof(line));
	close(fd);
	return len != 0;
}

bool firewall_is_legacy(void)
{
	return may_have_lines("/proc/self/net/ip_tables_names") ||
	       may_have_lines("/proc/self/net/ip6_tables_names");
}

/* ---- iptables' extensions ---- */

static int ask_for_rules(int fd)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 },
	};
	const struct timeval patience = { .tv_sec = WAIT_S };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel,
		      sizeof(kernel)) < 0
		       ? -errno
		       : 0;
}

/* Without them, these rules may match or not. */
static void read_extensions(json_t *known)
{
	uint8_t *datagram = malloc(DATAGRAM_MAX);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	bool has_more = datagram != NULL && fd >= 0 && ask_for_rules(fd) == 0;
	while (has_more) {
		ssize_t len = recv(fd, datagram, DATAGRAM_MAX, 0);
		has_more = len > 0 && extensions_read(datagram, (size_t)len, known);
	}
	if (fd >= 0)
		close(fd);
	free(datagram);
}

/* ---- the rules ---- */

static struct ruleset *read_rules(json_t *document, struct firewall_facts *facts)
{
	json_t *known = json_object();
	if (extensions_are_in(document))
		read_extensions(known);
	extensions_add(document, known);
	struct ruleset *ruleset = ruleset_read(document);
	json_decref(known);
	if (ruleset == NULL || firewall_facts(document, facts))
		return ruleset;
	ruleset_free(ruleset);
	return NULL;
}

/* Of a command for several tables only the last one would be looked for. */
static bool ask(struct nft_ctx *nft, const json_t *command, json_t *items)
{
	char *text = json_dumps(command, JSON_COMPACT);
	bool is_answered = text != NULL && nft_run_cmd_from_buffer(nft, text) == 0;
	free(text);
	if (!is_answered)
		return false;
	json_t *answer = json_loads(nft_ctx_get_output_buffer(nft), 0, NULL);
	bool is_read =
		json_array_extend(items, json_object_get(answer, "nftables")) == 0;
	json_decref(answer);
	return is_read;
}

static bool ask_all(const json_t *commands, unsigned flags, json_t *items)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (nft == NULL)
		return false;
	/* Where the answer is JSON, what looks like JSON is taken for it, too. */
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON |
					      NFT_CTX_OUTPUT_NUMERIC_PROTO | flags);
	bool is_read =
		nft_ctx_buffer_output(nft) == 0 && nft_ctx_buffer_error(nft) == 0;
	for (size_t i = 0; is_read && i < json_array_size(commands); i++)
		is_read = ask(nft, json_array_get(commands, i), items);
	nft_ctx_free(nft);
	return is_read;
}

/* NULL: they can't be read. */
static json_t *read_document(unsigned flags)
{
	json_t *commands = firewall_tables();
	json_t *items = json_array();
	json_t *document = json_pack("{s:O}", "nftables", items);
	if (commands == NULL || !ask_all(commands, flags, items)) {
		json_decref(document);
		document = NULL;
	}
	json_decref(items);
	json_decref(commands);
	return document;
}

struct ruleset *firewall_read(struct firewall_facts *facts)
{
	json_t *document = read_document(NFT_CTX_OUTPUT_STATELESS);
	struct ruleset *ruleset = document != NULL ? read_rules(document, facts) : NULL;
	json_decref(document);
	return ruleset;
}

struct firewall_counts firewall_count(void)
{
	json_t *document = read_document(0);
	struct firewall_counts counts = firewall_counts(document);
	json_decref(document);
	return counts;
}
