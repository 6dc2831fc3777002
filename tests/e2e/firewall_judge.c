/*
 * firewall_judge.c: what src/host/firewall.h says of doors, for firewall.py.
 *
 * firewall_judge KIND/ADDRESS/PORT...   KIND is tcp, tcp-dual or udp.  Reads the rules
 * of the network namespace it runs in and prints a number for each, as in struct
 * host_listener; "none" if there are no rules to be had.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/firewall.h"

static bool parse(char *text, struct firewall_door *door)
{
	char *address = strchr(text, '/');
	char *port = strrchr(text, '/');
	if (address == NULL || port == address)
		return false;
	*address++ = *port++ = '\0';
	door->proto = strcmp(text, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP;
	door->dual = strcmp(text, "tcp-dual") == 0;
	door->port = (uint16_t)strtoul(port, NULL, 10);
	return addr_parse(address, &door->addr);
}

int main(int argc, char **argv)
{
	struct firewall_facts facts;
	int fd = firewall_listen();
	struct ruleset *ruleset =
		fd < 0 || firewall_is_legacy() ? NULL : firewall_read(&facts);
	for (int i = 1; i < argc; i++) {
		struct firewall_door door;
		if (!parse(argv[i], &door))
			return EXIT_FAILURE;
		if (ruleset == NULL)
			puts("none");
		else
			printf("%d\n", firewall_judge(ruleset, &door));
	}
	ruleset_free(ruleset);
	return EXIT_SUCCESS;
}
