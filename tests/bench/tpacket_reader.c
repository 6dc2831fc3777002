/*
 * tpacket_reader.c: the least anyone can do with live traffic: a TPACKET_V3 ring.
 *
 *   tpacket_reader INTERFACE [RING_MIB]
 *
 * Counts packets and touches their headers until SIGTERM or SIGINT, then prints what
 * it took and what the kernel dropped for want of room.  "ready" on standard error
 * says that the ring is open.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BLOCK_LEN = 1 << 18,
	BLOCKS_PER_MIB = (1 << 20) / BLOCK_LEN,
	FRAME_LEN = 2048,
	RETIRE_MS = 10,
	RING_MIB = 8, /* as capture.ring_mib has by default */
	LOOKED_AT = 64,
};

struct reader {
	int fd;
	uint8_t *ring;
	uint32_t blocks;
	uint64_t packets, bytes, sum;
};

static volatile sig_atomic_t is_ending;

static void end(int signal)
{
	(void)signal;
	is_ending = 1;
}

static bool open_ring(struct reader *reader, const char *iface, uint32_t mib)
{
	int version = TPACKET_V3;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_LEN,
		.tp_block_nr = mib * BLOCKS_PER_MIB,
		.tp_frame_size = FRAME_LEN,
		.tp_frame_nr = mib * BLOCKS_PER_MIB * (BLOCK_LEN / FRAME_LEN),
		.tp_retire_blk_tov = RETIRE_MS,
	};
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	size_t len = (size_t)request.tp_block_nr * BLOCK_LEN;

	reader->blocks = request.tp_block_nr;
	reader->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (reader->fd < 0 ||
	    setsockopt(reader->fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(reader->fd, SOL_PACKET, PACKET_RX_RING, &request,
		       sizeof(request)))
		return false;
	reader->ring = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, reader->fd, 0);
	return reader->ring != MAP_FAILED &&
	       bind(reader->fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void take_block(struct reader *reader, const struct tpacket_block_desc *block)
{
	const uint8_t *at = (const uint8_t *)block + block->hdr.bh1.offset_to_first_pkt;

	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const struct tpacket3_hdr *header = (const void *)at;
		const uint8_t *frame = at + header->tp_mac;
		uint32_t len =
			header->tp_snaplen < LOOKED_AT ? header->tp_snaplen : LOOKED_AT;

		for (uint32_t byte = 12; byte < len; byte++)
			reader->sum += frame[byte];
		reader->packets++;
		reader->bytes += header->tp_len;
		at += header->tp_next_offset;
	}
}

static void read_until_end(struct reader *reader)
{
	struct pollfd wait = { .fd = reader->fd, .events = POLLIN };
	uint32_t which = 0;

	while (!is_ending) {
		struct tpacket_block_desc *block =
			(void *)(reader->ring + (size_t)which * BLOCK_LEN);
		uint32_t *status = &block->hdr.bh1.block_status;

		if (!(__atomic_load_n(status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			poll(&wait, 1, 100);
			continue;
		}
		take_block(reader, block);
		__atomic_store_n(status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		which = (which + 1) % reader->blocks;
	}
}

int main(int argc, char **argv)
{
	struct reader reader = { 0 };
	struct sigaction action = { .sa_handler = end };
	struct tpacket_stats_v3 stats = { 0 };
	socklen_t len = sizeof(stats);
	long mib = argc > 2 ? strtol(argv[2], NULL, 10) : RING_MIB;

	if (argc < 2 || argc > 3 || mib < 1 || mib > 1024) {
		fputs("usage: tpacket_reader INTERFACE [RING_MIB]\n", stderr);
		return 2;
	}
	if (!open_ring(&reader, argv[1], (uint32_t)mib)) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	fputs("ready\n", stderr);
	read_until_end(&reader);
	getsockopt(reader.fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	printf("packets %llu dropped %u bytes %llu sum %llu\n",
	       (unsigned long long)reader.packets, stats.tp_drops,
	       (unsigned long long)reader.bytes, (unsigned long long)reader.sum);
	close(reader.fd);
	return 0;
}
