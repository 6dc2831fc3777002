/*
 * machine_time.c: whom the machine asks for the time, as connected sockets tell: of
 * names in ntp.conf only the program that resolved them knows what they mean.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guard/machine_inside.h"
#include "guard/sockets.h"

enum {
	NTP_PORT = 123,
	ESTABLISHED = 1,    /* net/tcp_states.h: a UDP socket that is connected */
	PEOPLE_FROM = 1000, /* users below are of the system (Debian policy 9.2.2) */
};

struct peers {
	struct never *list;
	int64_t until_us;
};

/* Anybody may connect to anywhere, and would so have an accomplice spared. */
static void see_peer(void *to, const struct inet_diag_msg *socket)
{
	const struct peers *peers = to;
	struct never_entry entry = {
		.prefix = { sockets_remote(socket), 128 },
		.reason = NEVER_ntp,
		.until_us = peers->until_us,
	};
	if (socket->idiag_uid < PEOPLE_FROM &&
	    ntohs(socket->id.idiag_dport) == NTP_PORT)
		never_add(peers->list, &entry);
}

void machine_read_time_peers(struct mnl_socket *sockets, int64_t until_us,
			     struct never *list)
{
	struct peers peers = { list, until_us };
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < sizeof(families); i++) {
		const struct inet_diag_req_v2 what = {
			.sdiag_family = families[i],
			.sdiag_protocol = IPPROTO_UDP,
			.idiag_states = 1u << ESTABLISHED,
			.id = { .idiag_dport = htons(NTP_PORT) },
		};
		sockets_each(sockets, &what, NULL, 0, see_peer, &peers);
	}
}
