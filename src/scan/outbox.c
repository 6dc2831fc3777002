/*
 * outbox.c: see outbox.h.
 */
#include "scan/outbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

static const struct road *road_to(const struct outlets *outlets,
				  const struct probe *probe)
{
	return &outlets->roads[targets_range(outlets->targets, probe->host) -
			       outlets->targets->at];
}

static enum outlet outlet_of(const struct outlets *outlets, const struct probe *probe)
{
	if (road_to(outlets, probe)->by_frames)
		return OUTLET_FRAMES;
	return addr_is_v4(&probe->addr) ? OUTLET_IP4 : OUTLET_IP6;
}

static void set_destination(struct outbox *outbox, int i, const struct road *road,
			    const struct addr *to)
{
	struct msghdr *header = &outbox->messages[i].msg_hdr;
	if (!road->by_frames) {
		header->msg_name = &outbox->ends[i];
		header->msg_namelen =
			endpoint_set(&outbox->ends[i], to, 0, road->interface);
		return;
	}
	outbox->links[i] = (struct sockaddr_ll){
		.sll_family = AF_PACKET,
		.sll_protocol = htons(addr_is_v4(to) ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = road->interface,
		.sll_halen = ETH_ALEN,
	};
	memcpy(outbox->links[i].sll_addr, road->frame_head, ETH_ALEN);
	header->msg_name = &outbox->links[i];
	header->msg_namelen = sizeof(outbox->links[i]);
}

static void put_probe(struct outbox *outbox, int i, const struct probe *probe,
		      unsigned pass)
{
	const struct outlets *outlets = outbox->outlets;
	const struct road *road = road_to(outlets, probe);
	uint8_t *at = outbox->room[i];
	size_t head = road->by_frames ? ROAD_FRAME_HEAD : 0;
	memcpy(at, road->frame_head, head);
	struct cookie cookie = cookie_of(&outlets->key, outlets->block, &probe->addr,
					 probe->port, pass);
	size_t len = packet_syn(at + head, &road->source, &probe->addr, probe->port,
				&cookie);
	outbox->pieces[i] = (struct iovec){ at, head + len };
	outbox->messages[i].msg_hdr =
		(struct msghdr){ .msg_iov = &outbox->pieces[i], .msg_iovlen = 1 };
	set_destination(outbox, i, road, &probe->addr);
}

static bool has_no_room(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

int outbox_send(struct outbox *outbox, const struct probe *probes, int count,
		unsigned pass)
{
	const struct outlets *outlets = outbox->outlets;
	enum outlet outlet = outlet_of(outlets, &probes[0]);
	int alike = 0;
	for (; alike < count && outlet_of(outlets, &probes[alike]) == outlet; alike++)
		put_probe(outbox, alike, &probes[alike], pass);
	int sent = sendmmsg(outlets->fds[outlet], outbox->messages, (unsigned)alike,
			    MSG_DONTWAIT);
	if (sent >= 0)
		return sent;
	if (has_no_room(errno))
		return 0;
	/* A network's broadcast address (raw(7)) is nobody's: silence is right. */
	return errno == EACCES ? 1 : -errno;
}
