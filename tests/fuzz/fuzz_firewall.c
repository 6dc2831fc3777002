/*
 * fuzz_firewall.c: any bytes as the rules of the packet filter, and as the kernel's
 * answer about extensions: no crash, no leak, no endless walk.
 */
#include <jansson.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "host/firewall.h"
#include "host/firewall_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct ruleset *ruleset)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
	for (size_t i = 0; i < sizeof(protos); i++) {
		struct firewall_door door = { .proto = protos[i],
					      .port = 80,
					      .dual = true };
		uint8_t word = firewall_judge(ruleset, &door);
		if (word != FIREWALL_OPEN && word != FIREWALL_SHUT &&
		    word != FIREWALL_UNKNOWN)
			abort();
		addr_parse("192.0.2.1", &door.addr);
		door.dual = false;
		firewall_judge(ruleset, &door);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *known = json_object();
	extensions_read(data, size, known);
	json_t *document = json_loadb((const char *)data, size, 0, NULL);
	if (extensions_are_in(document))
		extensions_add(document, known);
	struct ruleset *ruleset = ruleset_read(document);
	if (ruleset != NULL)
		judge(ruleset);
	ruleset_free(ruleset);
	json_decref(document);
	json_decref(known);
	return 0;
}
