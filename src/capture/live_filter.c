/*
 * live_filter.c: one classic BPF program for frames of all interfaces.
 *
 * It starts with what the kernel knows besides the bytes (interface, hardware type,
 * direction: SKF_AD_ in linux/filter.h) and goes on with libpcap's program for
 * Ethernet.  A program for Ethernet would read nonsense in other frames, so those
 * are let through to live_filter_takes().
 *
 * The kernel takes a VLAN tag out of the frame before anyone sees it.  "port 80"
 * then holds for tagged frames too, which is what people mean; but "vlan 5" would
 * never hold.  A filter with that word is asked in user space, of frames that got
 * their tags back.
 */
#include "capture/live_filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/buf.h"
#include "capture/source.h"

enum {
	/*
	 * Kept of each frame. More than any header and the first bytes of a turn
	 * need; so that 64 KiB of an offloaded segment don't fill the ring.
	 */
	KEPT_BYTES = 2048,
	OWN_ADDRS_MAX = 64, /* then the dashboard's port is left out on any address */
};

struct live_filter {
	char *expression;  /* the user's, NULL: none */
	bool is_excluding; /* the dashboard */
	uint16_t exclude_port;
	struct addr exclude_addr;
	bool wants_tags;
	bool is_in_kernel;    /* Ethernet frames have been asked */
	struct filter *whole; /* of both; NULL: takes all */
	char problem[CAPTURE_ERROR_MAX];
	uint16_t count;
	struct sock_filter program[BPF_MAXINSNS];
};

static bool is_any(const struct addr *addr)
{
	static const uint8_t zero[16];
	struct addr any4 = addr_v4(zero), any6 = addr_v6(zero);
	return addr_equal(addr, &any6) || addr_equal(addr, &any4);
}

static bool own_addr(const struct ifaddrs *entry, struct addr *out)
{
	if (entry->ifa_addr == NULL)
		return false;
	if (entry->ifa_addr->sa_family == AF_INET) {
		*out = addr_v4(&((struct sockaddr_in *)entry->ifa_addr)->sin_addr);
		return true;
	}
	if (entry->ifa_addr->sa_family == AF_INET6) {
		*out = addr_v6(&((struct sockaddr_in6 *)entry->ifa_addr)->sin6_addr);
		return true;
	}
	return false;
}

/* " and (host A or host B ...)" of all this machine's addresses. */
static void add_own_hosts(struct buf *text)
{
	struct ifaddrs *all;
	size_t before = text->len, count = 0;
	if (getifaddrs(&all) < 0)
		return;
	buf_text(text, " and (net 127.0.0.0/8");
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
		struct addr addr;
		char host[ADDR_TEXT_MAX];
		if (!own_addr(entry, &addr))
			continue;
		addr_text(&addr, host);
		buf_printf(text, " or host %s", host);
		count++;
	}
	buf_char(text, ')');
	freeifaddrs(all);
	if (count > OWN_ADDRS_MAX)
		text->len = before;
}

/*
 * Our own exclusion first: "vlan" moves all offsets of what stands to its right
 * (pcap-filter(7)).
 */
static void write_expression(const struct live_filter *filter, struct buf *text)
{
	if (filter->is_excluding) {
		buf_printf(text, "not (tcp port %u", filter->exclude_port);
		if (is_any(&filter->exclude_addr)) {
			add_own_hosts(text);
		} else {
			char host[ADDR_TEXT_MAX];
			addr_text(&filter->exclude_addr, host);
			buf_printf(text, " and host %s", host);
		}
		buf_char(text, ')');
	}
	if (filter->is_excluding && filter->expression != NULL)
		buf_text(text, " and ");
	if (filter->expression != NULL)
		buf_printf(text, "(%s)", filter->expression);
}

static int compile(struct live_filter *filter)
{
	if (!filter->is_excluding && filter->expression == NULL)
		return 0;
	struct buf text = { 0 };
	write_expression(filter, &text);
	char error[CAPTURE_ERROR_MAX] = "out of memory";
	const char *expression = buf_cstr(&text);
	struct filter *whole = expression ? filter_new(expression, error) : NULL;
	buf_free(&text);
	/*
	 * A name that was known at the start may not be now (a user's "port http" takes
	 * a file, a host's name a question): what was compiled then still holds.
	 */
	if (whole == NULL && filter->whole != NULL)
		return 0;
	if (whole == NULL) {
		snprintf(filter->problem, sizeof(filter->problem), "%s", error);
		return -EINVAL;
	}
	filter_free(filter->whole);
	filter->whole = whole;
	return 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

static bool mentions_vlan(const char *expression)
{
	static const char vlan[] = "vlan";
	const char *at = expression;
	while ((at = strstr(at, vlan)) != NULL) {
		const char *end = at + strlen(vlan);
		if ((at == expression || !is_word(at[-1])) && !is_word(*end))
			return true;
		at = end;
	}
	return false;
}

static bool set_expression(struct live_filter *filter, const char *expression,
			   char *error)
{
	/* On its own first, for an error that talks of what the user wrote. */
	struct filter *alone = filter_new(expression, error);
	if (alone == NULL)
		return false;
	filter_free(alone);
	filter->wants_tags = mentions_vlan(expression);
	filter->expression = strdup(expression);
	if (filter->expression == NULL)
		snprintf(error, CAPTURE_ERROR_MAX, "out of memory");
	return filter->expression != NULL;
}

static bool set_exclusion(struct live_filter *filter, uint16_t port, const char *text,
			  char *error)
{
	char host[ADDR_TEXT_MAX];
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(text, "%"), text);
	if (!addr_parse(host, &filter->exclude_addr)) {
		snprintf(error, CAPTURE_ERROR_MAX,
			 "not an address to leave out of the capture: %s", host);
		return false;
	}
	filter->is_excluding = true;
	filter->exclude_port = port;
	return true;
}

struct live_filter *live_filter_new(const struct capture_live_options *options,
				    char error[static CAPTURE_ERROR_MAX], int *status)
{
	struct live_filter *filter = calloc(1, sizeof(*filter));
	*status = 2;
	if (filter == NULL) {
		snprintf(error, CAPTURE_ERROR_MAX, "out of memory");
		return NULL;
	}
	if (options->filter != NULL && !set_expression(filter, options->filter, error))
		goto fail;
	if (options->exclude_addr != NULL && options->exclude_port != 0 &&
	    !set_exclusion(filter, options->exclude_port, options->exclude_addr, error))
		goto fail;
	return filter;
fail:
	live_filter_free(filter);
	return NULL;
}

void live_filter_free(struct live_filter *filter)
{
	if (filter == NULL)
		return;
	filter_free(filter->whole);
	free(filter->expression);
	free(filter);
}

static int attach(int fd, struct sock_filter *program, uint16_t count)
{
	struct sock_fprog attached = { .len = count, .filter = program };
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) <
	    0)
		return -errno;
	return 0;
}

int live_filter_shut(int fd)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	return attach(fd, &nothing, 1);
}

static void add(struct live_filter *filter, struct sock_filter instruction)
{
	if (filter->count < BPF_MAXINSNS)
		filter->program[filter->count++] = instruction;
}

static struct sock_filter load(int what)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    (uint32_t)(SKF_AD_OFF + what));
}

static struct sock_filter answer(uint32_t bytes)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, bytes);
}

static struct sock_filter skip_if(uint32_t value, uint8_t if_equal, uint8_t if_not)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, if_equal,
					    if_not);
}

/* A conditional jump reaches 255 instructions only, hence the other kind. */
static void add_interfaces(struct live_filter *filter, const int *numbers, size_t count)
{
	add(filter, load(SKF_AD_IFINDEX));
	for (size_t i = 0; i < count; i++) {
		add(filter, skip_if((uint32_t)numbers[i], 0, 1));
		add(filter, (struct sock_filter)BPF_STMT(
				    BPF_JMP | BPF_JA, (uint32_t)(2 * (count - i) - 1)));
	}
	add(filter, answer(0));
}

static void add_link_types(struct live_filter *filter)
{
	add(filter, load(SKF_AD_HATYPE));
	add(filter, skip_if(ARPHRD_LOOPBACK, 0, 3));
	add(filter, load(SKF_AD_PKTTYPE));
	add(filter, skip_if(PACKET_OUTGOING, 0, 3));
	add(filter, answer(0));
	add(filter, skip_if(ARPHRD_ETHER, 1, 0));
	add(filter, answer(KEPT_BYTES));
}

/* False if it does not fit. Without a program, no Ethernet frame suits. */
static bool add_ethernet(struct live_filter *filter)
{
	uint16_t count = 0;
	const struct sock_filter *ethernet =
		filter_program(filter->whole, LINK_ETHERNET, &count);
	if (filter->count + count >= BPF_MAXINSNS)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct sock_filter instruction = ethernet[i];
		if (BPF_CLASS(instruction.code) == BPF_RET && instruction.k > 0)
			instruction.k = KEPT_BYTES;
		add(filter, instruction);
	}
	if (count == 0)
		add(filter, answer(0));
	return true;
}

int live_filter_open(struct live_filter *filter, int fd, const int *numbers,
		     size_t count)
{
	int error = compile(filter);
	if (error != 0)
		return error;
	filter->count = 0;
	if (numbers != NULL)
		add_interfaces(filter, numbers, count);
	add_link_types(filter);

	uint16_t common = filter->count;
	filter->is_in_kernel = filter->whole != NULL && !filter->wants_tags &&
			       add_ethernet(filter) &&
			       attach(fd, filter->program, filter->count) == 0;
	if (filter->is_in_kernel)
		return 0;
	/* Also when the kernel finds it too long (net.core.optmem_max). */
	filter->count = common;
	add(filter, answer(KEPT_BYTES));
	return attach(fd, filter->program, filter->count);
}

bool live_filter_wants_tags(const struct live_filter *filter)
{
	return filter->wants_tags;
}

bool live_filter_takes(struct live_filter *filter, const struct frame *frame)
{
	if (filter->whole == NULL)
		return true;
	if (filter->is_in_kernel && frame->link == LINK_ETHERNET)
		return true;
	return filter_takes(filter->whole, frame);
}

const char *live_filter_problem(const struct live_filter *filter)
{
	if (filter->problem[0] != '\0' || filter->whole == NULL)
		return filter->problem;
	return filter_problem(filter->whole);
}
