/*
 * fuzz_scan.c: any bytes as packets that may answer a scan, and as its targets.
 *
 * The first byte chooses.  Without the key nothing may pass for an answer to us.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/packet.h"
#include "scan/ports.h"
#include "scan/targets.h"

enum { BLOCK = 61440, TEXT_MAX = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_so)
{
	if (!is_so)
		abort();
}

static void as_packet(const uint8_t *data, size_t size)
{
	static const struct hash_key key = { 0x0123456789abcdef, 0xfedcba9876543210 };
	/* A copy of its own length lets the sanitizer see a byte too far. */
	uint8_t *copy = malloc(size + (size == 0));
	require(copy != NULL);
	memcpy(copy, data, size);
	struct packet_answer answer = packet_read(bytes_of(copy, size));
	free(copy);
	if (answer.says == SAYS_NOTHING)
		return;
	require(answer.reason != NULL && answer.reason[0] != '\0');
	require(!packet_is_ours(&answer, &key, BLOCK));
}

/* Names are left out: nobody is to be asked for them. */
static bool is_numeric(const char *text)
{
	char left[TEXT_MAX];
	struct addr addr;
	size_t dash = strcspn(text, "-");
	memcpy(left, text, dash);
	left[dash] = '\0';
	return strchr(text, '/') != NULL || addr_parse(left, &addr);
}

static void as_targets(const char *text)
{
	struct targets targets = { 0 };
	char error[TARGET_ERROR_MAX];
	if (is_numeric(text) && targets_add(&targets, text, error) &&
	    targets_finish(&targets, error)) {
		struct addr last = targets_addr(&targets, targets.hosts - 1);
		uint32_t host;
		require(targets_find(&targets, &last, &host));
		require(host == targets.hosts - 1);
	}
	targets_free(&targets);
}

static void as_ports(const char *text)
{
	static struct ports ports;
	char error[TARGET_ERROR_MAX];
	if (ports_parse(&ports, text, error))
		require(ports.count > 0 && ports.at[0] > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX];
	if (size == 0)
		return 0;
	if (data[0] % 4 < 2) {
		as_packet(data + 1, size - 1);
		return 0;
	}
	size_t len = size - 1 < TEXT_MAX - 1 ? size - 1 : TEXT_MAX - 1;
	memcpy(text, data + 1, len);
	text[len] = '\0';
	if (data[0] % 4 == 2)
		as_targets(text);
	else
		as_ports(text);
	return 0;
}
