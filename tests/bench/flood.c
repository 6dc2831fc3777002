/*
 * flood.c: packets as a driver receives them, from within the kernel
 * (BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18), over a pair of veth interfaces; and the
 * least program that drops them, to compare with.
 *
 *   flood OBJECT send FROM MAC ADDRESS PORT SOURCES SECONDS   "packets N seconds S"
 *   flood OBJECT drop INTERFACE                               until standard input ends
 *
 * SYNs of 60 bytes, from so many addresses from 10.0.0.0 on.  OBJECT is the compiled
 * bpf/flood.bpf.c.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"

enum {
	FRAME = 60,
	IP = ETH_HLEN,
	TCP = IP + 20,
	AT_ONCE = 65536, /* packets of a call; the clock is looked at between */
	TEN = 10,
	SIXTEEN = 16,
};

_Noreturn static void die(const char *what, int error)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(EXIT_FAILURE);
}

static struct bpf_object *open_object(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	if (object == NULL)
		die(path, errno);
	return object;
}

static int load(struct bpf_object *object, const char *name)
{
	int error = bpf_object__load(object);
	if (error != 0)
		die("load", error);
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static int index_of(const char *interface)
{
	unsigned index = if_nametoindex(interface);
	if (index == 0)
		die(interface, errno);
	return (int)index;
}

/* ---- send ---- */

static uint32_t sum_of(const uint8_t *at, size_t len)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

static void fill_mac(uint8_t out[static ETH_ALEN], const char *text)
{
	char *end;
	for (int i = 0; i < ETH_ALEN; i++) {
		out[i] = (uint8_t)strtoul(text, &end, SIXTEEN);
		text = end + (*end == ':');
	}
}

static void fill_frame(uint8_t frame[static FRAME], const char *mac,
		       const char *address, uint16_t port)
{
	struct addr server;
	const uint8_t source[4] = { 10 }, from[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	if (!addr_parse(address, &server) || !addr_is_v4(&server))
		die(address, EINVAL);
	fill_mac(frame, mac);
	memcpy(frame + ETH_ALEN, from, ETH_ALEN);
	const struct iphdr ip = { .version = 4,
				  .ihl = 5,
				  .tot_len = htons(FRAME - ETH_HLEN),
				  .ttl = 64,
				  .protocol = IPPROTO_TCP };
	const uint16_t type = htons(ETH_P_IP), port_be = htons(port);
	memcpy(frame + IP - 2, &type, 2);
	memcpy(frame + IP, &ip, sizeof(ip));
	memcpy(frame + IP + 12, source, 4);
	memcpy(frame + IP + 16, server.ip6 + 12, 4);
	memcpy(frame + TCP + 2, &port_be, 2);
	frame[TCP + 12] = 5 << 4; /* length of the header, in words */
	frame[TCP + 13] = 2;      /* SYN */
}

static void set_constants(struct bpf_object *object, uint32_t sources, uint32_t sum)
{
	const uint32_t values[] = { sources, sum };
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int error = bpf_map__set_initial_value(map, values, sizeof(values));
	if (error != 0)
		die("constants", error);
}

static void send_frames(const char *path, char **words)
{
	uint8_t frame[FRAME] = { 0 };
	fill_frame(frame, words[1], words[2], (uint16_t)strtoul(words[3], NULL, TEN));
	struct bpf_object *object = open_object(path);
	set_constants(object, (uint32_t)strtoul(words[4], NULL, TEN),
		      sum_of(frame + IP, sizeof(struct iphdr)));
	int program = load(object, "generate");
	struct xdp_md context = { .data_end = FRAME,
				  .ingress_ifindex = (uint32_t)index_of(words[0]) };
	struct bpf_test_run_opts run = { .sz = sizeof(run),
					 .data_in = frame,
					 .data_size_in = FRAME,
					 .ctx_in = &context,
					 .ctx_size_in = sizeof(context),
					 .repeat = AT_ONCE,
					 .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
					 .batch_size = 64 };
	int64_t begun = clock_us(CLOCK_MONOTONIC), now = begun;
	int64_t end = begun + (int64_t)(strtod(words[5], NULL) * 1e6);
	unsigned long long packets = 0;
	for (; now < end; now = clock_us(CLOCK_MONOTONIC)) {
		int error = bpf_prog_test_run_opts(program, &run);
		if (error != 0)
			die("send", error);
		packets += AT_ONCE;
	}
	printf("packets %llu seconds %.3f\n", packets, (double)(now - begun) / 1e6);
	bpf_object__close(object);
}

/* ---- drop ---- */

static void drop(const char *path, const char *interface)
{
	char byte;
	struct bpf_object *object = open_object(path);
	set_constants(object, 1, 0);
	int program = load(object, "drop_all");
	struct bpf_link_create_opts options = { .sz = sizeof(options),
						.flags = XDP_FLAGS_DRV_MODE };
	int link = bpf_link_create(program, index_of(interface), BPF_XDP, &options);
	if (link < 0)
		die(interface, errno);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	close(link);
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	if (argc == 9 && strcmp(argv[2], "send") == 0)
		send_frames(argv[1], argv + 3);
	else if (argc == 4 && strcmp(argv[2], "drop") == 0)
		drop(argv[1], argv[3]);
	else
		die("arguments", EINVAL);
	return EXIT_SUCCESS;
}
