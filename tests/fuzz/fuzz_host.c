/*
 * fuzz_host.c: any bytes as the kernel's answers and as texts of /proc: no crash, and
 * every text that comes out ends within its room.
 */
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup.h"
#include "host/diag.h"
#include "host/kernel.h"
#include "host/process.h"
#include "host/spaces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_socket(void *to, const struct diag_socket *socket)
{
	(void)to;
	if (socket->has_tcp && socket->proto != IPPROTO_TCP)
		abort();
}

static void see_addr(void *to, const struct addr *addr)
{
	size_t *count = to;
	*count += addr->ip6[0];
}

static void check_ends(const char *text, size_t size)
{
	if (memchr(text, '\0', size) == NULL)
		abort();
}

static void read_texts(const char *text)
{
	char path[32], unit[16], container[16], name[8];
	uint32_t pid = 0, uid = 0;
	uint64_t start = 0;
	int64_t boot_us = 0;
	uint16_t first = 0, last = 0;
	cgroup_path(text, path, sizeof(path));
	check_ends(path, sizeof(path));
	cgroup_unit(text, unit, sizeof(unit));
	check_ends(unit, sizeof(unit));
	cgroup_container(text, container, sizeof(container));
	check_ends(container, sizeof(container));
	if (process_parse_stat(text, &pid, &start, name, sizeof(name)))
		check_ends(name, sizeof(name));
	process_parse_status(text, &uid);
	process_parse_boot(text, &boot_us);
	space_parse_ports(text, &first, &last);
	space_parse_in_use(text);
	if (kernel_cgroup_root(text, path, sizeof(path)))
		check_ends(path, sizeof(path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = 0;
	diag_read(data, size, IPPROTO_TCP, see_socket, NULL);
	diag_read(data, size, IPPROTO_UDP, see_socket, NULL);
	space_read_addresses(data, size, see_addr, &count);
	char *text = malloc(size + 1);
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_texts(text);
	free(text);
	return 0;
}
