/*
 * rdp_pdu.h: what RDP says before it is encrypted (MS-RDPBCGR 2.2.1).
 *
 * All of it comes in TPKT (RFC 1006): 3, 0, and the length of the whole in two octets.
 */
#pragma once

#include <stdbool.h>

#include "base/bytes.h"

/* requestedProtocols and selectedProtocol */
enum rdp_security {
	RDP_CLASSIC = 0, /* RDP's own */
	RDP_TLS = 1,
	RDP_CREDSSP = 2, /* Network Level Authentication */
	RDP_RDSTLS = 4,
	RDP_CREDSSP_EX = 8,
	RDP_AAD = 16,
};

/* "credssp"; NULL if it is none of those. */
const char *rdp_security_name(uint32_t security);

/*
 * Takes a whole TPKT off the front; false if it has not all come.  Bad if there is
 * none.
 */
bool tpkt_take(struct bytes *data, struct bytes *content);

/* X.224 Connection Request; content is a TPKT's. */
struct rdp_request {
	struct bytes user;  /* of "Cookie: mstshash=user" */
	struct bytes token; /* of "Cookie: msts=token", for load balancers */
	bool asks;          /* has a negotiation request */
};
bool rdp_request_parse(struct bytes content, struct rdp_request *request);

/* X.224 Connection Confirm. */
struct rdp_confirm {
	bool answers;      /* has a negotiation response or failure */
	uint32_t failure;  /* 0: none */
	uint32_t security; /* selected; RDP_CLASSIC if it does not answer */
};
bool rdp_confirm_parse(struct bytes content, struct rdp_confirm *confirm);

/* MCS Connect-Initial of the client. */
struct rdp_client {
	uint32_t build;
	struct bytes name; /* UTF-16, little endian */
};
bool rdp_client_parse(struct bytes content, struct rdp_client *client);

/* MCS Connect-Response of the server: how RDP's own security encrypts; 0: not at all.
 */
bool rdp_server_parse(struct bytes content, uint32_t *method);
