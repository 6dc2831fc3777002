/*
 * ear.c: see ear.h; packet(7).
 */
#include "scan/ear.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scan/packet.h"

enum {
	BLOCK_BYTES = 64 * 1024,
	BLOCKS = 128, /* 8 MiB: some 50,000 answers */
	FRAME_BYTES = 2048,
	RETIRE_MS = 2,
	/* Two IPv6 headers, ICMP's and the begin of TCP's (96) and options of IPv4. */
	KEPT_BYTES = 192,
};

struct ear {
	int fd;
	uint8_t *ring;
	uint32_t block;
	uint64_t lost;
};

/* Both families, ports and ICMP types, in the words of pcap-filter(7). */
static int set_filter(const struct ear *ear, uint16_t block)
{
	char text[160];
	snprintf(text, sizeof(text),
		 "tcp dst portrange %u-%u or icmp[icmptype] == icmp-unreach or "
		 "(icmp6 and ip6[40] == 1)",
		 (unsigned)block, block + SOURCE_BLOCK - 1u);
	struct bpf_program program;
	pcap_t *pcap = pcap_open_dead(DLT_RAW, KEPT_BYTES);
	if (pcap == NULL)
		return -ENOMEM;
	int error = pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	pcap_close(pcap);
	if (error != 0)
		return -EINVAL;
	/* Both are the same 8 bytes an instruction (bpf(4), linux/filter.h). */
	_Static_assert(sizeof(struct bpf_insn) == sizeof(struct sock_filter), "filter");
	struct sock_fprog filter = { .len = (uint16_t)program.bf_len,
				     .filter = (void *)program.bf_insns };
	error = setsockopt(ear->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			   sizeof(filter)) < 0
			? -errno
			: 0;
	pcap_freecode(&program);
	return error;
}

static int set_options(const struct ear *ear)
{
	int version = TPACKET_V3, on = 1;
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = FRAME_BYTES,
		.tp_frame_nr = BLOCK_BYTES / FRAME_BYTES * BLOCKS,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	const struct {
		int name;
		const void *value;
		socklen_t size;
	} options[] = {
		{ PACKET_VERSION, &version, sizeof(version) },
		/* On loopback each packet is seen leaving, too. */
		{ PACKET_IGNORE_OUTGOING, &on, sizeof(on) },
		{ PACKET_RX_RING, &ring, sizeof(ring) },
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (setsockopt(ear->fd, SOL_PACKET, options[i].name, options[i].value,
			       options[i].size) < 0)
			return -errno;
	return 0;
}

/* The filter and the ring first: what is bound hears. */
static int start(struct ear *ear, uint16_t block)
{
	ear->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ear->fd < 0)
		return -errno;
	int error = set_options(ear);
	if (error == 0)
		error = set_filter(ear, block);
	if (error != 0)
		return error;
	ear->ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE,
			 MAP_SHARED, ear->fd, 0);
	if (ear->ring == MAP_FAILED)
		return -errno;
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(ETH_P_ALL) };
	return bind(ear->fd, (struct sockaddr *)&all, sizeof(all)) < 0 ? -errno : 0;
}

int ear_open(uint16_t block, struct ear **out)
{
	struct ear *ear = calloc(1, sizeof(*ear));
	if (ear == NULL)
		return -ENOMEM;
	ear->ring = MAP_FAILED;
	int error = start(ear, block);
	if (error == 0)
		*out = ear;
	else
		ear_close(ear);
	return error;
}

void ear_close(struct ear *ear)
{
	if (ear == NULL)
		return;
	if (ear->ring != MAP_FAILED)
		munmap(ear->ring, (size_t)BLOCK_BYTES * BLOCKS);
	if (ear->fd >= 0)
		close(ear->fd);
	free(ear);
}

static struct tpacket_block_desc *current(const struct ear *ear)
{
	return (void *)(ear->ring + (size_t)ear->block * BLOCK_BYTES);
}

static bool is_ready(const struct ear *ear)
{
	return __atomic_load_n(&current(ear)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	       TP_STATUS_USER;
}

static void read_block(struct ear *ear, ear_hears hears, void *self)
{
	struct tpacket_block_desc *block = current(ear);
	const uint8_t *at = (uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;
	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *header = (const void *)at;
		hears(self, bytes_of(at + header->tp_net, header->tp_snaplen),
		      (int64_t)header->tp_sec * 1000000 + header->tp_nsec / 1000);
		at += header->tp_next_offset;
	}
	__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	ear->block = (ear->block + 1) % BLOCKS;
}

int ear_listen(struct ear *ear, int64_t wait_us, ear_hears hears, void *self)
{
	if (!is_ready(ear) && wait_us > 0) {
		struct pollfd waited = { .fd = ear->fd, .events = POLLIN };
		struct timespec most = { .tv_sec = wait_us / 1000000,
					 .tv_nsec = wait_us % 1000000 * 1000 };
		/* An error of one interface (it went down) is none of the others. */
		if (ppoll(&waited, 1, &most, NULL) < 0 && errno != EINTR)
			return -errno;
	}
	/* No more than there are: who answers fast must not keep us from sending. */
	for (int i = 0; i < BLOCKS && is_ready(ear); i++)
		read_block(ear, hears, self);
	return 0;
}

uint64_t ear_lost(struct ear *ear)
{
	struct tpacket_stats_v3 since_last = { 0 };
	socklen_t len = sizeof(since_last);
	if (getsockopt(ear->fd, SOL_PACKET, PACKET_STATISTICS, &since_last, &len) == 0)
		ear->lost += since_last.tp_drops;
	return ear->lost;
}
