/*
 * afpacket.c: live capture by packet(7) with a TPACKET_V3 ring.
 *
 * One socket hears all interfaces.  Those that appear later come for free, one that
 * vanishes can't end the capture, and there is one ring, one order in time and one
 * fanout group whatever is plugged in.  Chosen interfaces are a condition of the
 * socket's filter, renewed when their numbers change; only those are put into
 * promiscuous mode, as they may be the end of a mirror port.
 *
 * The kernel fills the ring block by block and hands a block over when it is full
 * or RETIRE_MS old.  We hand out its frames where they are and give the block back
 * when the caller asks for more than it holds.
 *
 * On loopback each packet is seen leaving and arriving; the filter keeps one.  A
 * packet that passes several devices of one machine (a bridge and its port, a bond
 * and its card, a VLAN device and the device below, both ends of a veth pair) is
 * seen on each of them: choose the interfaces then.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/fanout.h"
#include "capture/links.h"
#include "capture/live_filter.h"
#include "capture/source.h"

enum {
	BLOCK_BYTES =
		128 * 1024, /* many small ones: a quiet link uses one per RETIRE_MS */
	BLOCKS_MIN = 8,
	FRAME_BYTES = 2048, /* the kernel wants a divisor; frames are packed closely */
	RETIRE_MS = 20,
	TAG_BYTES = 4,
	INTERFACES_MAX = 1024,
};

struct live {
	struct capture capture;
	int fd, steering; /* steering: until the fanout group is joined */
	int wake;         /* eventfd: somebody wants something of who waits */
	struct links *links;
	struct live_filter *filter;
	char **chosen; /* names; NULL: all interfaces */
	int *numbers;  /* of those that are there */
	size_t chosen_count, number_count;

	uint8_t *ring;
	size_t ring_bytes;
	uint32_t block_count, block; /* the block that is next, or held */
	bool is_held;
	uint32_t left;                   /* frames of it not handed out */
	const struct tpacket3_hdr *next; /* the first of them */
	struct frame batch[CAPTURE_BATCH];
};

static struct tpacket_block_desc *block_at(const struct live *live, uint32_t i)
{
	return (struct tpacket_block_desc *)(live->ring + (size_t)i * BLOCK_BYTES);
}

/*
 * Puts back the tag that the kernel took out, in the space reserved in front; the
 * frame is whole then, and needs no FRAME_VLAN.
 */
static void put_tag_back(struct frame *frame, const struct tpacket3_hdr *header)
{
	if (frame->len < 2 * ETH_ALEN)
		return;
	uint8_t *from = (uint8_t *)header + header->tp_mac;
	uint8_t *to = from - TAG_BYTES;
	uint16_t kind = header->tp_status & TP_STATUS_VLAN_TPID_VALID
				? header->hv1.tp_vlan_tpid
				: ETH_P_8021Q;
	uint16_t tag[2] = { htons(kind), htons((uint16_t)header->hv1.tp_vlan_tci) };
	memmove(to, from, 2 * ETH_ALEN);
	memcpy(to + 2 * ETH_ALEN, tag, sizeof(tag));
	frame->at = to;
	frame->len += TAG_BYTES;
	frame->wire_len += TAG_BYTES;
}

static void set_vlan(const struct live *live, const struct tpacket3_hdr *header,
		     struct frame *frame)
{
	if (!(header->tp_status & TP_STATUS_VLAN_VALID))
		return;
	if (live_filter_wants_tags(live->filter) && frame->link == LINK_ETHERNET) {
		put_tag_back(frame, header);
		return;
	}
	uint16_t vlan = header->hv1.tp_vlan_tci & 0xfff;
	if (vlan == 0)
		return; /* only a priority: IEEE 802.1Q 9.6 */
	frame->vlan = vlan;
	frame->flags |= FRAME_VLAN;
}

/*
 * Devices of other kinds (tunnels, PPP, tun, IP over InfiniBand) have all sorts of
 * headers or none; but the kernel tells where the IP packet begins.
 */
static bool set_link(const struct tpacket3_hdr *header, struct frame *frame)
{
	const struct sockaddr_ll *from =
		(const void *)((const uint8_t *)header +
			       TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
	switch (from->sll_hatype) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		frame->link = LINK_ETHERNET;
		return true;
	case ARPHRD_IEEE80211:
		frame->link = LINK_80211;
		return true;
	case ARPHRD_IEEE80211_RADIOTAP:
		frame->link = LINK_RADIOTAP;
		return true;
	}
	uint16_t protocol = ntohs(from->sll_protocol);
	if (protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return false;
	if (header->tp_net < header->tp_mac ||
	    header->tp_net - header->tp_mac > (int64_t)header->tp_snaplen)
		return false;
	uint32_t skipped = header->tp_net - header->tp_mac;
	frame->link = LINK_RAW;
	frame->at += skipped;
	frame->len -= skipped;
	frame->wire_len -= skipped;
	return true;
}

static bool read_frame(struct live *live, const struct tpacket3_hdr *header,
		       struct frame *frame)
{
	const struct sockaddr_ll *from =
		(const void *)((const uint8_t *)header +
			       TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
	*frame = (struct frame){
		.at = (const uint8_t *)header + header->tp_mac,
		.len = header->tp_snaplen,
		.wire_len = header->tp_len,
		.at_us = (int64_t)header->tp_sec * 1000000 + header->tp_nsec / 1000,
	};
	if (!set_link(header, frame))
		return false;
	if (header->tp_status & TP_STATUS_CSUMNOTREADY)
		frame->flags |= FRAME_CSUM_PARTIAL;
	set_vlan(live, header, frame);
	if (!live_filter_takes(live->filter, frame))
		return false;
	frame->iface = links_iface(live->links, from->sll_ifindex);
	return true;
}

/* Up to a batch from the block in hand. */
static int read_batch(struct live *live)
{
	int count = 0;
	while (count < CAPTURE_BATCH && live->left > 0) {
		const struct tpacket3_hdr *header = live->next;
		live->next = (const void *)((const uint8_t *)header +
					    header->tp_next_offset);
		live->left--;
		if (read_frame(live, header, &live->batch[count]))
			count++;
	}
	return count;
}

static void give_back(struct live *live)
{
	struct tpacket_block_desc *block = block_at(live, live->block);
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	live->block = (live->block + 1) % live->block_count;
	live->is_held = false;
}

static bool take_block(struct live *live)
{
	const struct tpacket_block_desc *block = block_at(live, live->block);
	uint32_t status =
		__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
	if (!(status & TP_STATUS_USER))
		return false;
	live->is_held = true;
	live->left = block->hdr.bh1.num_pkts;
	live->next = (const void *)((const uint8_t *)block +
				    block->hdr.bh1.offset_to_first_pkt);
	return true;
}

/* Left by itself when the interface vanishes; asking twice counts twice, so not. */
static void see_all_of(struct live *live, int number)
{
	for (size_t i = 0; i < live->number_count; i++) {
		if (live->numbers[i] == number)
			return;
	}
	struct packet_mreq all = { .mr_ifindex = number, .mr_type = PACKET_MR_PROMISC };
	setsockopt(live->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
}

/* Looks up the chosen interfaces and lets their frames through. */
static int choose(struct live *live)
{
	if (live->chosen == NULL)
		return live_filter_open(live->filter, live->fd, NULL, 0);
	int numbers[INTERFACES_MAX] = { 0 };
	size_t count = 0;
	for (size_t i = 0; i < live->chosen_count; i++) {
		int number = links_number(live->links, live->chosen[i]);
		if (number == 0)
			continue;
		see_all_of(live, number);
		numbers[count++] = number;
	}
	memcpy(live->numbers, numbers, count * sizeof(numbers[0]));
	live->number_count = count;
	return live_filter_open(live->filter, live->fd, live->numbers, count);
}

static void follow_links(struct live *live)
{
	if (!links_update(live->links))
		return;
	int error = choose(live);
	if (error != 0)
		capture_say(&live->capture, "can't follow the change of interfaces: %s",
			    strerror(-error));
}

/* 0 when there may be something; -errno if the socket is broken. */
static int wait_for_block(struct live *live, int timeout_ms)
{
	struct pollfd waited[3] = {
		{ .fd = live->fd, .events = POLLIN },
		{ .fd = links_fd(live->links), .events = POLLIN },
		{ .fd = live->wake, .events = POLLIN },
	};
	uint64_t woken;
	int n = poll(waited, 3, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (waited[2].revents != 0 && read(live->wake, &woken, sizeof(woken)) < 0 &&
	    errno != EAGAIN)
		return -errno;
	if (waited[0].revents & (POLLERR | POLLHUP | POLLNVAL)) {
		int error = 0;
		socklen_t len = sizeof(error);
		if (getsockopt(live->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			return -errno;
		return -error;
	}
	return 0;
}

static void tell_problem(struct live *live)
{
	const char *problem = live_filter_problem(live->filter);
	if (problem[0] != '\0' && live->capture.error[0] == '\0')
		capture_say(&live->capture, "%s", problem);
}

/* Puts the next block in hand, if there is one or comes in time. */
static int wait_and_take(struct live *live, int timeout_ms)
{
	int error = 0;
	if (!take_block(live)) {
		error = wait_for_block(live, timeout_ms);
		take_block(live);
	}
	/* Before its frames, which may be of an interface just come. */
	follow_links(live);
	return error;
}

/* One block at most: full of frames nobody wants, it still lets the caller go on. */
static int live_next(struct capture *capture, const struct frame **frames,
		     int timeout_ms)
{
	struct live *live = (struct live *)capture;
	if (live->is_held && live->left == 0)
		give_back(live);
	if (!live->is_held) {
		int error = wait_and_take(live, timeout_ms);
		if (error != 0) {
			capture_say(capture, "capture: %s", strerror(-error));
			return error;
		}
	}
	if (!live->is_held)
		return 0;
	int count = read_batch(live);
	tell_problem(live);
	*frames = live->batch;
	return count;
}

static void live_update_stats(struct capture *capture)
{
	struct live *live = (struct live *)capture;
	struct tpacket_stats_v3 since_last = { 0 };
	socklen_t len = sizeof(since_last);
	if (getsockopt(live->fd, SOL_PACKET, PACKET_STATISTICS, &since_last, &len) < 0)
		return;
	capture->stats.kernel_dropped += since_last.tp_drops;
}

static void live_wake(const struct capture *capture)
{
	const struct live *live = (const struct live *)capture;
	const uint64_t one = 1;
	/* It can't fail: the counter is far from its end. */
	ssize_t written = write(live->wake, &one, sizeof(one));
	(void)written;
}

static void live_close(struct capture *capture)
{
	struct live *live = (struct live *)capture;
	if (live->wake >= 0)
		close(live->wake);
	if (live->ring != NULL)
		munmap(live->ring, live->ring_bytes);
	if (live->fd >= 0)
		close(live->fd);
	if (live->steering >= 0)
		close(live->steering);
	links_free(live->links);
	live_filter_free(live->filter);
	for (size_t i = 0; i < live->chosen_count; i++)
		free(live->chosen[i]);
	free(live->chosen);
	free(live->numbers);
	free(live);
}

static const struct capture_ops live_ops = {
	.is_live = true,
	.next = live_next,
	.update_stats = live_update_stats,
	.wake = live_wake,
	.close = live_close,
};

static int set_option(const struct live *live, int option, const void *value,
		      socklen_t size)
{
	return setsockopt(live->fd, SOL_PACKET, option, value, size) < 0 ? -errno : 0;
}

static int open_ring(struct live *live, uint32_t bytes)
{
	live->block_count = bytes / BLOCK_BYTES;
	if (live->block_count < BLOCKS_MIN)
		live->block_count = BLOCKS_MIN;
	live->ring_bytes = (size_t)live->block_count * BLOCK_BYTES;

	int version = TPACKET_V3, reserve = TAG_BYTES;
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = live->block_count,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = BLOCK_BYTES / FRAME_BYTES * live->block_count,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	int error = set_option(live, PACKET_VERSION, &version, sizeof(version));
	if (error == 0)
		error = set_option(live, PACKET_RESERVE, &reserve, sizeof(reserve));
	if (error == 0)
		error = set_option(live, PACKET_RX_RING, &ring, sizeof(ring));
	if (error != 0)
		return error;
	void *at = mmap(NULL, live->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			live->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	live->ring = at;
	return 0;
}

/* Shut until it shares: else a second worker would get packets of the first too. */
static int start(struct live *live, uint16_t fanout_group)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL) };
	int error = live_filter_shut(live->fd);
	if (error != 0)
		return error;
	if (bind(live->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		return -errno;
	if (fanout_group != 0 && live->steering < 0)
		live->steering = capture_steering();
	if (fanout_group != 0)
		error = fanout_join(live->fd, fanout_group, live->steering);
	/* The group keeps the program. */
	if (live->steering >= 0)
		close(live->steering);
	live->steering = -1;
	return error != 0 ? error : choose(live);
}

static bool copy_name(struct live *live, const char *name)
{
	live->chosen[live->chosen_count] = strdup(name);
	return live->chosen[live->chosen_count++] != NULL;
}

static bool copy_names(struct live *live, const struct capture_live_options *options)
{
	if (options->interfaces == NULL || options->interface_count == 0)
		return true;
	live->chosen = calloc(options->interface_count + 1, sizeof(*live->chosen));
	live->numbers = calloc(options->interface_count + 1, sizeof(*live->numbers));
	if (live->chosen == NULL || live->numbers == NULL)
		return false;
	for (size_t i = 0; i < options->interface_count; i++)
		if (!copy_name(live, options->interfaces[i]))
			return false;
	return options->also == NULL || copy_name(live, options->also);
}

static bool all_are_there(const struct live *live, size_t count, char *error)
{
	char list[CAPTURE_ERROR_MAX / 2];
	for (size_t i = 0; i < count; i++) {
		if (links_number(live->links, live->chosen[i]) != 0)
			continue;
		links_list(live->links, list, sizeof(list));
		snprintf(error, CAPTURE_ERROR_MAX, "no interface %.64s; there are: %s",
			 live->chosen[i], list);
		return false;
	}
	return true;
}

static bool fail(char *error, int *status, const char *what, int number)
{
	bool is_denied = number == EPERM || number == EACCES;
	*status = is_denied ? 4 : 2;
	if (is_denied)
		snprintf(error, CAPTURE_ERROR_MAX,
			 "not permitted to capture packets: run as root or with "
			 "CAP_NET_RAW");
	else
		snprintf(error, CAPTURE_ERROR_MAX, "%s: %s", what, strerror(number));
	return false;
}

static bool open_live(struct live *live, const struct capture_live_options *options,
		      char *error, int *status)
{
	*status = 2;
	if (options->interface_count >= INTERFACES_MAX) {
		snprintf(error, CAPTURE_ERROR_MAX, "more than %d interfaces chosen",
			 INTERFACES_MAX - 1);
		return false;
	}
	live->filter = live_filter_new(options, error, status);
	if (live->filter == NULL)
		return false;
	live->links = links_new(&live->capture.ifaces);
	if (live->links == NULL)
		return fail(error, status, "can't list the interfaces", errno);
	if (!copy_names(live, options))
		return fail(error, status, "capture", ENOMEM);
	if (!all_are_there(live, options->interface_count, error))
		return false;
	if (live->fd < 0)
		live->fd = capture_socket();
	if (live->fd < 0)
		return fail(error, status, "can't capture packets", -live->fd);
	int number = open_ring(live, options->ring_bytes);
	if (number != 0)
		return fail(error, status, "no memory shared with the kernel", -number);
	number = start(live, options->fanout_group);
	if (number != 0)
		return fail(error, status, "can't start the capture", -number);
	return true;
}

/* No protocol yet: nothing comes before the ring is there. */
int capture_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static void close_both(const struct capture_opened *opened)
{
	if (opened->socket >= 0)
		close(opened->socket);
	if (opened->steering >= 0)
		close(opened->steering);
}

struct capture *capture_live(const struct capture_live_options *options,
			     char error[static CAPTURE_ERROR_MAX], int *status)
{
	const struct capture_opened none = { -1, -1 };
	const struct capture_opened *opened =
		options->opened != NULL ? options->opened : &none;
	struct live *live = calloc(1, sizeof(*live));
	if (live == NULL) {
		close_both(opened);
		fail(error, status, "capture", ENOMEM);
		return NULL;
	}
	live->capture.ops = &live_ops;
	live->fd = opened->socket;
	live->steering = opened->steering;
	live->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (live->wake < 0)
		fail(error, status, "capture", errno);
	else if (open_live(live, options, error, status)) {
		error[0] = '\0';
		*status = 0;
		return &live->capture;
	}
	capture_close(&live->capture);
	return NULL;
}
