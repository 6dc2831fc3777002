/*
 * packet_line.c: see packet_line.h.
 */
#include "cli/packet_line.h"

#include <netinet/in.h>
#include <stdio.h>

#include "probe/recorder_ring.h"

static void print_flags(uint8_t flags)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK" };
	const char *between = "";
	printf(flags == 0 ? " no flags" : " ");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags >> i & 1) {
			printf("%s%s", between, names[i]);
			between = ",";
		}
}

void packet_line_print(const struct packet_record *p, bool tells_cut)
{
	char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
	struct packet_view view;
	if (!packet_look(bytes_of(p->data.at, p->data.len), &view)) {
		printf("%u octets that can't be read\n", p->wire_bytes);
		return;
	}
	addr_text(&view.src, src);
	addr_text(&view.dst, dst);
	size_t payload =
		p->wire_bytes > view.payload ? p->wire_bytes - view.payload : 0;
	if (view.protocol == IPPROTO_TCP || view.protocol == IPPROTO_UDP)
		printf("%s.%u > %s.%u %s", src, view.src_port, dst, view.dst_port,
		       view.protocol == IPPROTO_TCP ? "TCP" : "UDP");
	else
		printf("%s > %s ICMP type %u code %u", src, dst, view.icmp_type,
		       view.icmp_code);
	if (view.protocol == IPPROTO_TCP)
		print_flags(view.tcp_flags);
	printf(", %zu octets%s\n", payload,
	       tells_cut && p->data.len < p->wire_bytes ? " (cut)" : "");
}
