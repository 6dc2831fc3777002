/*
 * tool.c: see tool.h. What each one writes into its packets, by its source.
 */
#include "flow/tool.h"

#include <netinet/in.h>

#include "flow/decode.h"

enum {
	BARE_LEN = 40,     /* IPv4 and TCP headers without options */
	WITH_MSS_LEN = 44, /* with the one that says the segment size */
	RAW_WINDOW = 1024, /* masscan's and nmap's */
	RAW_WINDOWS = 4,   /* of older nmaps: up to as many times that */
	HPING_WINDOW = 512,
	ZMAP_WINDOW = 65535,
	ZMAP_ID = 54321,
};

const char *tool_name(enum tool tool)
{
	static const char *const names[TOOLS] = {
		[TOOL_NMAP] = "nmap",
		[TOOL_MASSCAN] = "masscan",
		[TOOL_ZMAP] = "zmap",
		[TOOL_HPING] = "hping3",
	};
	return names[tool];
}

/* masscan writes address, port and sequence number, folded, as identification. */
static bool is_masscan(const struct packet *p)
{
	uint32_t folded = load_be32(p->dst.ip6 + 12) ^ p->dport ^ p->seq;
	return addr_is_v4(&p->dst) && p->ip_id == (uint16_t)folded;
}

enum tool tool_of(const struct packet *p)
{
	if (p->proto != IPPROTO_TCP || p->payload_len > 0)
		return TOOL_NONE;
	uint32_t headers = addr_is_v4(&p->dst) ? p->ip_len : p->ip_len - 20;
	if (p->flags & PACKET_FRAGMENT)
		headers = BARE_LEN; /* not known of pieces */
	if (headers != BARE_LEN && headers != WITH_MSS_LEN)
		return TOOL_NONE;
	if (p->window == RAW_WINDOW && is_masscan(p))
		return TOOL_MASSCAN;
	if (p->window % RAW_WINDOW == 0 && p->window / RAW_WINDOW - 1U < RAW_WINDOWS)
		return TOOL_NMAP;
	if (p->window == ZMAP_WINDOW && p->ip_id == ZMAP_ID)
		return TOOL_ZMAP;
	if (p->window == HPING_WINDOW && headers == BARE_LEN)
		return TOOL_HPING;
	return TOOL_NONE;
}
