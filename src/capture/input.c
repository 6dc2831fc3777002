/*
 * input.c: the bytes of a capture file, in a buffer that frames may point into.
 *
 * Nothing is moved or overwritten but in input_need(); so all frames found since
 * stay valid until it is called again.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/reader.h"

bool input_init(struct input *input, int fd, bool is_regular, size_t size)
{
	*input = (struct input){ .fd = fd, .is_regular = is_regular, .size = size };
	input->buffer = malloc(size);
	return input->buffer != NULL;
}

bool input_init_memory(struct input *input, const uint8_t *at, size_t len)
{
	if (!input_init(input, -1, true, len > 0 ? len : 1))
		return false;
	if (len > 0)
		memcpy(input->buffer, at, len);
	input->end = len;
	input->bytes_read = len;
	return true;
}

void input_free(struct input *input)
{
	if (input->fd > STDIN_FILENO)
		close(input->fd);
	free(input->buffer);
	*input = (struct input){ .fd = -1, .bytes_read = input->bytes_read };
}

/* Makes room for want bytes from begin on. */
static bool input_make_room(struct input *input, size_t want)
{
	size_t left = input_left(input);
	if (input->begin > 0)
		memmove(input->buffer, input->buffer + input->begin, left);
	input->begin = 0;
	input->end = left;
	if (want <= input->size)
		return true;
	uint8_t *buffer = realloc(input->buffer, want);
	if (buffer == NULL)
		return false;
	input->buffer = buffer;
	input->size = want;
	return true;
}

/* As input_need() returns. A regular file is always ready, and never asked. */
static int input_wait(const struct input *input, int timeout_ms)
{
	if (input->is_regular)
		return 1;
	struct pollfd ready = { .fd = input->fd, .events = POLLIN };
	int count = poll(&ready, 1, timeout_ms);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	return count;
}

/* Appends what one read(2) gives, as input_need() returns. */
static int input_fill(struct input *input, int timeout_ms)
{
	int ready = input_wait(input, timeout_ms);
	if (ready <= 0)
		return ready;
	ssize_t got =
		read(input->fd, input->buffer + input->end, input->size - input->end);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (got == 0)
		return -ENODATA;
	input->end += (size_t)got;
	input->bytes_read += (uint64_t)got;
	return 1;
}

int input_need(struct input *input, size_t want, int timeout_ms)
{
	if (input_left(input) >= want)
		return 1;
	if (input->fd < 0)
		return -ENODATA;
	if (!input_make_room(input, want))
		return -ENOMEM;
	while (input_left(input) < want) {
		int got = input_fill(input, timeout_ms);
		if (got <= 0)
			return got;
	}
	return 1;
}
