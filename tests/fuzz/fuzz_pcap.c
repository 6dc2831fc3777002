/*
 * fuzz_pcap.c: any bytes as a pcap file; every frame handed out is read to its end.
 *
 * The magic number is put in front of inputs that have none, so that the fuzzer
 * does not spend its time on finding it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static uint64_t sum_of(const struct frame *frame)
{
	uint64_t sum = 0;
	if (frame->wire_len < frame->len || frame->at_us < 0)
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

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint32_t magic = 0xa1b2c3d4;
	uint8_t *file = malloc(len + sizeof(magic));
	bool has_magic = len >= MAGIC_LEN && pcap_has_magic(at);
	size_t magic_len = has_magic ? 0 : sizeof(magic);
	if (file == NULL)
		return 0;
	memcpy(file, &magic, magic_len);
	if (len > 0)
		memcpy(file + magic_len, at, len);

	char error[CAPTURE_ERROR_MAX];
	struct capture *capture = capture_memory(file, len + magic_len, NULL, error);
	/* No sum gets that far: the test only keeps the reading from being left out. */
	if (capture != NULL && read_all(capture) == UINT64_MAX)
		abort();
	capture_close(capture);
	free(file);
	return 0;
}
