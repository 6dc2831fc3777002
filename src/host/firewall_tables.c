/*
 * firewall_tables.c: see firewall_tables.h.
 */
#include "host/firewall_tables.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

enum {
	WAIT_S = 2,
	REQUEST_MAX = 256,
	MESSAGE_MAX = 16384,
	ATTRIBUTES = NFTA_TABLE_FLAGS + 1
};

/* As in guard/wall_nft.c. */
static const char own_table[] = "breakwater";

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_NETDEV:
		return "netdev";
	default:
		return NULL;
	}
}

static int note_attribute(const struct nlattr *attribute, void *to)
{
	const struct nlattr **table = to;
	uint16_t type = mnl_attr_get_type(attribute);
	bool is_valid = type != NFTA_TABLE_NAME ||
			mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0;
	is_valid &= type != NFTA_TABLE_FLAGS ||
		    mnl_attr_validate(attribute, MNL_TYPE_U32) == 0;
	if (is_valid && type < ATTRIBUTES)
		table[type] = attribute;
	return is_valid ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_table(const struct nlmsghdr *header, void *to)
{
	const struct nfgenmsg *body = mnl_nlmsg_get_payload(header);
	const struct nlattr *table[ATTRIBUTES] = { NULL };
	const char *family = family_name(body->nfgen_family);
	if (mnl_attr_parse(header, sizeof(*body), note_attribute, table) < 0 ||
	    table[NFTA_TABLE_NAME] == NULL || family == NULL)
		return MNL_CB_ERROR;
	const char *name = mnl_attr_get_str(table[NFTA_TABLE_NAME]);
	uint32_t flags = table[NFTA_TABLE_FLAGS] == NULL
				 ? 0
				 : ntohl(mnl_attr_get_u32(table[NFTA_TABLE_FLAGS]));
	bool is_own =
		strcmp(name, own_table) == 0 && body->nfgen_family == NFPROTO_INET;
	if ((flags & NFT_TABLE_F_DORMANT) != 0 || (flags != 0 && is_own))
		return MNL_CB_OK;
	if (flags != 0)
		return MNL_CB_ERROR;
	json_t *command = json_pack("{s:[{s:{s:{s:s,s:s}}}]}", "nftables", "list",
				    "table", "family", family, "name", name);
	return json_array_append_new(to, command) == 0 ? MNL_CB_OK : MNL_CB_ERROR;
}

static bool ask(const struct mnl_socket *socket)
{
	uint8_t request[REQUEST_MAX];
	const struct timeval patience = { .tv_sec = WAIT_S };
	struct nlmsghdr *header = mnl_nlmsg_put_header(request);
	header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct nfgenmsg *body = mnl_nlmsg_put_extra_header(header, sizeof(*body));
	body->nfgen_family = NFPROTO_UNSPEC;
	body->version = NFNETLINK_V0;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	return mnl_socket_sendto(socket, header, header->nlmsg_len) > 0;
}

static bool read_all(const struct mnl_socket *socket, json_t *commands)
{
	uint8_t message[MESSAGE_MAX];
	int result = ask(socket) ? MNL_CB_OK : MNL_CB_ERROR;
	while (result == MNL_CB_OK) {
		ssize_t len = mnl_socket_recvfrom(socket, message, sizeof(message));
		result = len < 0 ? MNL_CB_ERROR
				 : mnl_cb_run(message, (size_t)len, 0, 0, take_table,
					      commands);
	}
	return result == MNL_CB_STOP;
}

json_t *firewall_tables(void)
{
	json_t *commands = json_array();
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	bool is_read = socket != NULL && commands != NULL &&
		       mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
		       read_all(socket, commands);
	if (socket != NULL)
		mnl_socket_close(socket);
	if (is_read)
		return commands;
	json_decref(commands);
	return NULL;
}
