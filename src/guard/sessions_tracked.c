/*
 * sessions_tracked.c: connections that the kernel tracks (nf_conntrack): what is
 * forwarded, and what is translated to a container.  Forgotten, their packets are those
 * of nobody, and the rules decide anew.
 *
 * Each is deleted by its own tuple and number.  The kernel could be asked to delete all
 * that match a filter, but one that does not know the filter deletes all there are.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/sessions_inside.h"

enum {
	TUPLE_MAX = 128,     /* of IPv6 with ports it has 76 bytes */
	FOUND_MAX = 1 << 18, /* the most that a kernel tracks by default */
};

/* As the kernel wrote it, to name it by. */
struct found {
	struct session_target *target;
	uint8_t family;
	bool has_id, has_zone;
	uint16_t zone; /* network order, as the next */
	uint32_t id;
	uint16_t tuple_len;
	uint8_t tuple[TUPLE_MAX];
};

struct tracked {
	struct mnl_socket *netlink;
	const struct session_order *order;
	struct found *at;
	size_t count, size;
	int lost; /* 0 or -errno: some were not noted */
};

/* ---- what one says of itself ---- */

struct tuple {
	struct addr src, dst;
	bool has_src, has_dst;
	uint8_t proto;
	uint16_t src_port, dst_port;
};

struct connection {
	struct tuple original, reply;
	const struct nlattr *as_written;
	struct found *found;
};

static bool read_addr(const struct nlattr *attribute, struct addr *out)
{
	size_t len = mnl_attr_get_payload_len(attribute);
	const void *at = mnl_attr_get_payload(attribute);
	if (len == 4)
		*out = addr_v4(at);
	else if (len == 16)
		*out = addr_v6(at);
	else
		return false;
	return true;
}

static int see_ip(const struct nlattr *attribute, void *to)
{
	struct tuple *tuple = to;
	switch (mnl_attr_get_type(attribute)) {
	case CTA_IP_V4_SRC:
	case CTA_IP_V6_SRC:
		tuple->has_src = read_addr(attribute, &tuple->src);
		break;
	case CTA_IP_V4_DST:
	case CTA_IP_V6_DST:
		tuple->has_dst = read_addr(attribute, &tuple->dst);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static uint16_t read_port(const struct nlattr *attribute)
{
	return mnl_attr_validate(attribute, MNL_TYPE_U16) < 0
		       ? 0
		       : ntohs(mnl_attr_get_u16(attribute));
}

static int see_proto(const struct nlattr *attribute, void *to)
{
	struct tuple *tuple = to;
	switch (mnl_attr_get_type(attribute)) {
	case CTA_PROTO_NUM:
		if (mnl_attr_get_payload_len(attribute) >= 1)
			tuple->proto = mnl_attr_get_u8(attribute);
		break;
	case CTA_PROTO_SRC_PORT:
		tuple->src_port = read_port(attribute);
		break;
	case CTA_PROTO_DST_PORT:
		tuple->dst_port = read_port(attribute);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int see_tuple(const struct nlattr *attribute, void *to)
{
	if (mnl_attr_get_type(attribute) == CTA_TUPLE_IP)
		mnl_attr_parse_nested(attribute, see_ip, to);
	else if (mnl_attr_get_type(attribute) == CTA_TUPLE_PROTO)
		mnl_attr_parse_nested(attribute, see_proto, to);
	return MNL_CB_OK;
}

static int see_attribute(const struct nlattr *attribute, void *to)
{
	struct connection *one = to;
	switch (mnl_attr_get_type(attribute)) {
	case CTA_TUPLE_ORIG:
		one->as_written = attribute;
		mnl_attr_parse_nested(attribute, see_tuple, &one->original);
		break;
	case CTA_TUPLE_REPLY:
		mnl_attr_parse_nested(attribute, see_tuple, &one->reply);
		break;
	case CTA_ID:
		one->found->has_id = mnl_attr_validate(attribute, MNL_TYPE_U32) == 0;
		one->found->id = one->found->has_id ? mnl_attr_get_u32(attribute) : 0;
		break;
	case CTA_ZONE:
		one->found->has_zone = mnl_attr_validate(attribute, MNL_TYPE_U16) == 0;
		one->found->zone =
			one->found->has_zone ? mnl_attr_get_u16(attribute) : 0;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/*
 * Who came from there, to our port as it was asked for or as it was translated to; or
 * whom we went to.
 */
static struct session_target *target_of(const struct session_order *order,
					const struct connection *one)
{
	const struct tuple *original = &one->original, *reply = &one->reply;
	struct session_target *target = NULL;
	if (original->has_src)
		target = session_order_find(order, &original->src, original->dst_port,
					    original->proto);
	if (target == NULL && original->has_src)
		target = session_order_find(order, &original->src, reply->src_port,
					    original->proto);
	if (target == NULL && original->has_dst)
		target = session_order_find(order, &original->dst, original->src_port,
					    original->proto);
	return target;
}

static bool has_room(struct tracked *t)
{
	if (t->count < t->size)
		return true;
	size_t size = t->size == 0 ? 64 : 2 * t->size;
	void *grown = size <= FOUND_MAX ? realloc(t->at, size * sizeof(*t->at)) : NULL;
	if (grown == NULL) {
		t->lost = -ENOBUFS;
		return false;
	}
	t->at = grown;
	t->size = size;
	return true;
}

static int see_connection(const struct nlmsghdr *message, void *to)
{
	struct tracked *t = to;
	const struct nfgenmsg *body = mnl_nlmsg_get_payload(message);
	struct found found = { .target = NULL };
	struct connection one = { .found = &found };
	if (message->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*body))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*body), see_attribute, &one);
	found.family = body->nfgen_family;
	found.target = target_of(t->order, &one);
	if (found.target == NULL || !found.has_id || one.as_written == NULL)
		return MNL_CB_OK;
	found.tuple_len = mnl_attr_get_payload_len(one.as_written);
	if (found.tuple_len > TUPLE_MAX || !has_room(t))
		return MNL_CB_OK;
	memcpy(found.tuple, mnl_attr_get_payload(one.as_written), found.tuple_len);
	t->at[t->count++] = found;
	return MNL_CB_OK;
}

/* ---- questions ---- */

static struct nlmsghdr *put_request(char *room, uint8_t family, unsigned type,
				    unsigned flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(room);
	request->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	struct nfgenmsg *body = mnl_nlmsg_put_extra_header(request, sizeof(*body));
	*body = (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0 };
	return request;
}

static int see_entries(const struct nlattr *attribute, void *to)
{
	uint32_t *entries = to;
	if (mnl_attr_get_type(attribute) == CTA_STATS_GLOBAL_ENTRIES &&
	    mnl_attr_validate(attribute, MNL_TYPE_U32) == 0)
		*entries = ntohl(mnl_attr_get_u32(attribute));
	return MNL_CB_OK;
}

static int see_stats(const struct nlmsghdr *message, void *to)
{
	if (mnl_nlmsg_get_payload_len(message) >= sizeof(struct nfgenmsg))
		mnl_attr_parse(message, sizeof(struct nfgenmsg), see_entries, to);
	return MNL_CB_OK;
}

/* How many there are: most machines track none, and are asked for nothing more. */
static int count_entries(struct mnl_socket *netlink, uint32_t *entries)
{
	char room[64] __attribute__((aligned(8)));
	*entries = 0;
	return netlink_ask(
		netlink,
		put_request(room, AF_UNSPEC, IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK),
		see_stats, entries);
}

static int find_connections(struct tracked *t, const struct session_order *order)
{
	char room[64] __attribute__((aligned(8)));
	t->order = order;
	t->count = 0;
	t->lost = 0;
	int error = netlink_ask(
		t->netlink, put_request(room, AF_UNSPEC, IPCTNL_MSG_CT_GET, NLM_F_DUMP),
		see_connection, t);
	return error != 0 ? error : t->lost;
}

static int forget(struct tracked *t, const struct found *found)
{
	char room[64 + TUPLE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *request =
		put_request(room, found->family, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
	mnl_attr_put(request, CTA_TUPLE_ORIG | NLA_F_NESTED, found->tuple_len,
		     found->tuple);
	mnl_attr_put_u32(request, CTA_ID, found->id);
	if (found->has_zone)
		mnl_attr_put_u16(request, CTA_ZONE, found->zone);
	int error = netlink_ask(t->netlink, request, NULL, NULL);
	if (error == 0)
		found->target->tracked++;
	/* It has ended by itself, and perhaps another is in its place. */
	return error == -ENOENT ? 0 : error;
}

int tracked_end(struct tracked *t, const struct session_order *order)
{
	uint32_t entries;
	int error = count_entries(t->netlink, &entries);
	if (error != 0 || entries == 0)
		return error;
	error = find_connections(t, order);
	for (size_t i = 0; i < t->count; i++) {
		int one = forget(t, &t->at[i]);
		error = error != 0 ? error : one;
	}
	return error;
}

struct tracked *tracked_open(void)
{
	uint32_t entries;
	struct tracked *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->netlink = netlink_open(NETLINK_NETFILTER);
	int error = t->netlink == NULL ? -errno : count_entries(t->netlink, &entries);
	if (error == 0)
		return t;
	tracked_close(t);
	errno = -error;
	return NULL;
}

void tracked_close(struct tracked *t)
{
	if (t == NULL)
		return;
	if (t->netlink != NULL)
		mnl_socket_close(t->netlink);
	free(t->at);
	free(t);
}
