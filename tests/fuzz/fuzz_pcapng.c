/*
 * fuzz_pcapng.c: any bytes as a pcapng file; every frame handed out is read to its end.
 *
 * A section header and an interface are put in front of inputs that begin with none,
 * and the lengths of whole blocks are made to agree: else nearly every input would
 * end at its first block.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const uint32_t opening[] = {
	0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28, /* section */
	1,          20, LINK_RAW,   0, 20,                         /* interface */
};

static uint64_t sum_of(const struct frame *frame)
{
	uint64_t sum = 0;
	if (frame->wire_len < frame->len || frame->at_us < 0 ||
	    frame->at_us > READER_TIME_MAX_US)
		abort();
	for (uint32_t i = 0; i < frame->len; i++)
		sum += frame->at[i];
	return sum;
}

static uint64_t read_all(struct capture *capture)
{
	uint64_t sum = 0;
	const struct frame *frames;
	int count;
	while ((count = capture_next(capture, &frames, 0)) > 0) {
		for (int i = 0; i < count; i++)
			sum += sum_of(&frames[i]);
	}
	if (count == 0 && !capture_ended(capture))
		abort();
	return sum;
}

static void make_lengths_agree(uint8_t *file, size_t len)
{
	for (size_t at = 0; len - at >= 12;) {
		uint32_t block_len = load32(file + at + 4, false);
		if (block_len < 12 || block_len > len - at)
			return;
		memcpy(file + at + block_len - 4, &block_len, sizeof(block_len));
		at += block_len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	uint8_t *file = malloc(len + sizeof(opening));
	bool has_magic = len >= MAGIC_LEN && pcapng_has_magic(at);
	size_t opening_len = has_magic ? 0 : sizeof(opening);
	if (file == NULL)
		return 0;
	memcpy(file, opening, opening_len);
	if (len > 0)
		memcpy(file + opening_len, at, len);
	if (!has_magic)
		make_lengths_agree(file, len + opening_len);

	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_memory(file, len + opening_len, NULL, error);
	/* No sum gets that far: the test only keeps the reading from being left out. */
	if (capture != NULL && read_all(capture) == UINT64_MAX)
		abort();
	capture_close(capture);
	free(file);
	return 0;
}
