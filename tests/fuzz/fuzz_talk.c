/*
 * fuzz_talk.c: any conversation of one protocol, in pieces of any size: no crash, no
 * endless loop, and no byte taken that was not there.  FUZZ_PROTOCOL names it: the
 * build makes a target for each.
 *
 * The input is a list of pieces: a byte of who speaks and how (bit 0: the server; bit
 * 1: bytes before it were lost; bits 2-3: 64 bytes more of length each), a byte of
 * length, the bytes.  The first piece of each side is offered to the recogniser as
 * well, at two lengths.
 */
#include "../unit/talk_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bytes copy_of(struct bytes piece)
{
	uint8_t *at = malloc(piece.len + (piece.len == 0));
	if (piece.len > 0)
		memcpy(at, piece.at, piece.len);
	return bytes_of(at, piece.len);
}

static void recognise(const struct protocol *protocol, uint8_t transport,
		      struct bytes client, struct bytes server, bool ended)
{
	struct addr addr[2] = { addr_unset(), addr_unset() };
	struct bytes said[2] = { copy_of(client), copy_of(server) };
	struct opening opening = { .said = { said[0], said[1] },
				   .ended = { ended, ended },
				   .first = client.len > 0 ? CLIENT : SERVER,
				   .transport = transport,
				   .port = { 40000, protocol->ports[0] },
				   .addr = addr };
	protocol->recognise(&opening);
	free((void *)(uintptr_t)said[0].at);
	free((void *)(uintptr_t)said[1].at);
}

static void talk(const struct protocol *protocol, uint8_t transport, struct bytes input)
{
	struct talk_check *check =
		talk_check_new(protocol, transport, protocol->ports[0]);
	struct bytes first[2] = { 0 };
	while (input.len >= 2 && bytes_ok(&input)) {
		uint8_t how = bytes_u8(&input);
		size_t len = bytes_u8(&input) + (size_t)(how >> 2 & 3) * 64;
		struct bytes piece =
			bytes_take(&input, len < input.len ? len : input.len);
		unsigned by = how & 1;
		if (piece.len == 0)
			continue;
		if (first[by].len == 0)
			first[by] = piece;
		if (how & 2)
			talk_lose(check, by);
		talk_say(check, by, piece.at, piece.len);
	}
	talk_finish(check);
	talk_check_free(check);
	recognise(protocol, transport, first[CLIENT], first[SERVER], true);
	first[CLIENT].len /= 2;
	first[SERVER].len /= 2;
	recognise(protocol, transport, first[CLIENT], first[SERVER], false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct protocol *protocol = protocol_by_name(FUZZ_PROTOCOL);
	for (size_t i = 0; i < sizeof(protocol->transports); i++)
		if (protocol->transports[i] != 0)
			talk(protocol, protocol->transports[i], bytes_of(data, size));
	return 0;
}
