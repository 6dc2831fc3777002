/*
 * live_capture.c: which frames a live capture gives, from real interfaces.
 */
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "live_traffic.h"

static bool is_named(const struct capture *capture, uint16_t iface, const char *name)
{
	return strcmp(capture_iface(capture, iface), name) == 0;
}

static void loopback_is_counted_once(void)
{
	begin();
	struct capture *capture = OPEN(0);
	struct seen seen = { 0 };
	send_udp("127.0.0.1", PORT, 10, 10);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen) && seen.frames == 10,
	      "each packet is seen once on loopback");
	check(seen.partial == 10 && is_named(capture, seen.iface, "lo"),
	      "a checksum left to the card is said to be so");

	seen = (struct seen){ 0 };
	send_udp("127.0.0.1", PORT, 30000, 1);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen) && seen.frames == 1 &&
		      seen.wire_len == 30042 && seen.len >= 1500 && seen.len < 30042,
	      "a huge packet passes with its length on the wire, its end cut off");
	capture_close(capture);
}

static void vlan_tags_are_kept(void)
{
	begin();
	plug_in("wire", 1);
	struct capture *capture = OPEN(0);
	struct seen tagged = { 0 }, priority = { 0 };
	send_from_far("plug1", 42, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &tagged) && tagged.vlan_frames == 1 &&
		      tagged.vlan == 42,
	      "a VLAN tag that the kernel took off is told");
	send_from_far("plug1", 0xe000, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &priority) && priority.frames == 1 &&
		      priority.vlan_frames == 0,
	      "a tag that is only a priority is no VLAN");
	capture_close(capture);
}

static struct seen seen_with(const char *filter)
{
	struct capture *capture = OPEN(.filter = filter);
	struct seen seen = { 0 };
	send_from_far("plug1", 42, PORT);
	send_from_far("plug1", 43, PORT);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, OTHER_PORT);
	send_from_far("plug1", 42, LAST_PORT);
	struct seen none = { 0 };
	if (!collect(capture, PORT, &seen))
		seen = none;
	capture_close(capture);
	return seen;
}

static void filters_know_tags(void)
{
	begin();
	plug_in("wire", 1);
	struct seen seen = seen_with("udp port 4001 or udp port 4999");
	check(seen.frames == 3, "a filter for a port takes tagged frames as well");
	seen = seen_with("udp port 4002 or udp port 4999");
	check(seen.frames == 0, "a filter leaves out what it does not name");
	seen = seen_with("vlan 42");
	check(seen.frames == 1 && seen.tagged_bytes == 1 && seen.vlan_frames == 0,
	      "a filter for a VLAN takes that VLAN only, tag in place");
}

static void interfaces_come_and_go(void)
{
	begin();
	struct capture *capture = OPEN(0);
	struct seen seen = { 0 };
	plug_in("wire", 1);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "wire"),
	      "an interface that appears later is heard, under its name");

	uint16_t before = seen.iface;
	ip("link set wire down");
	ip("link set wire name cable");
	ip("link set cable up");
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "cable"),
	      "a new name is followed");
	check(is_named(capture, before, "wire"), "an identifier keeps its old name");

	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	ip("link del cable");
	seen = (struct seen){ 0 };
	check(collect(capture, PORT, &seen) && is_named(capture, seen.iface, "cable"),
	      "frames of a vanished interface still have its name");
	capture_close(capture);
}

/* Sends until it is heard: nobody knows when a new interface has been noticed. */
static bool is_heard(struct capture *capture, const char *plug)
{
	int64_t end = now_ms() + DEADLINE_MS;
	while (now_ms() < end) {
		send_from_far(plug, UNTAGGED, PORT);
		const struct frame *frames;
		int count = capture_next(capture, &frames, 20);
		for (int i = 0; i < count; i++) {
			if (ports_of(&frames[i]).to == PORT)
				return true;
		}
	}
	return false;
}

static bool is_promiscuous(const char *name)
{
	char command[128];
	snprintf(command, sizeof(command),
		 "ip -d link show %s | grep -q 'promiscuity [1-9]'", name);
	return system(command) == 0; /* NOLINT(cert-env33-c): our own */
}

static void chosen_interfaces_come_back(void)
{
	begin();
	plug_in("wire", 1);
	plug_in("other", 2);
	const char *const names[] = { "lo", "wire" };
	struct capture *capture = OPEN(.interfaces = names, .interface_count = 2);
	struct seen seen = { 0 };
	send_from_far("plug2", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, PORT);
	send_from_far("plug1", UNTAGGED, LAST_PORT);
	check(collect(capture, PORT, &seen) && seen.frames == 1,
	      "only chosen interfaces are heard");
	check(is_promiscuous("wire") && !is_promiscuous("other"),
	      "a chosen interface is asked for packets to others as well");

	ip("link del wire");
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, PORT, &seen),
	      "a vanished interface does not end the capture of another");
	plug_in("wire", 1);
	check(is_heard(capture, "plug1"),
	      "a chosen interface is heard when it is back");

	seen = (struct seen){ 0 };
	send_from_far("plug2", UNTAGGED, PORT);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	check(collect(capture, OTHER_PORT, &seen) && seen.frames == 0,
	      "others are still not heard");
	capture_close(capture);
}

static void one_connection(const char *to, uint16_t port, int server)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ask_and_answer(client, to, port, server);
}

/* Frames of TCP connections to 127.0.0.1, to the excluded port and another. */
static void count_tcp(struct capture *capture, unsigned *excluded, unsigned *other)
{
	int64_t end = now_ms() + DEADLINE_MS;
	bool is_last = false;
	while (!is_last && now_ms() < end) {
		const struct frame *frames;
		int count = capture_next(capture, &frames, 100);
		for (int i = 0; i < count; i++) {
			struct ports ports = ports_of(&frames[i]);
			is_last |= ports.proto == IPPROTO_UDP && ports.to == LAST_PORT;
			if (ports.proto != IPPROTO_TCP)
				continue;
			*excluded +=
				ports.from == SERVER_PORT || ports.to == SERVER_PORT;
			*other += ports.from == SERVER_PORT + 1 ||
				  ports.to == SERVER_PORT + 1;
		}
	}
}

static bool is_excluded(const char *dashboard, const char *to, const char *filter)
{
	struct capture *capture = OPEN(.exclude_addr = dashboard,
				       .exclude_port = SERVER_PORT, .filter = filter);
	unsigned excluded = 0, other = 0;
	int own = listen_at(to, SERVER_PORT), server = listen_at(to, SERVER_PORT + 1);
	one_connection(to, SERVER_PORT, own);
	one_connection(to, SERVER_PORT + 1, server);
	send_udp("127.0.0.1", LAST_PORT, 10, 1);
	count_tcp(capture, &excluded, &other);
	close(own);
	close(server);
	capture_close(capture);
	return excluded == 0 && other >= 8;
}

static void own_traffic_is_left_out(void)
{
	begin();
	check(is_excluded("127.0.0.1", "127.0.0.1", NULL),
	      "the dashboard's traffic is left out in both directions");
	check(is_excluded("127.0.0.1", "127.0.0.1", "tcp or udp"),
	      "also together with a filter");
	check(!is_excluded("127.0.0.2", "127.0.0.1", NULL),
	      "the same port of another address is not");
	ip("addr add 10.7.7.7/24 dev lo");
	check(is_excluded("0.0.0.0", "10.7.7.7", NULL) &&
		      is_excluded("::", "127.0.0.1", NULL),
	      "a dashboard on all addresses is left out on each");
}

static int open_tun(void)
{
	struct ifreq tun = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	must(fd >= 0 && ioctl(fd, TUNSETIFF, &tun) == 0, "tun");
	ip("addr add 10.8.0.1/24 dev tun0");
	ip("link set tun0 up");
	return fd;
}

static void devices_without_ethernet_give_ip(void)
{
	begin();
	int tun = open_tun();
	struct capture *all = OPEN(0);
	struct capture *some = OPEN(.filter = "udp port 4999");
	struct seen seen = { 0 }, filtered = { 0 };
	send_udp("10.8.0.2", PORT, 100, 3);
	send_udp("10.8.0.2", LAST_PORT, 100, 1);
	check(collect(all, PORT, &seen) && seen.frames == 3 && seen.raw == 3 &&
		      seen.wire_len == 128,
	      "a tun device gives IP packets");
	check(collect(some, PORT, &filtered) && filtered.frames == 0,
	      "a filter holds for them as well");
	capture_close(all);
	capture_close(some);
	close(tun);
}

int main(void)
{
	keep_to_one_processor();
	loopback_is_counted_once();
	vlan_tags_are_kept();
	filters_know_tags();
	interfaces_come_and_go();
	chosen_interfaces_come_back();
	own_traffic_is_left_out();
	devices_without_ethernet_give_ip();
	return finish();
}
