/*
 * message.c: see message.h.
 */
#include "guard/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/guard.h"

enum { ERRNO_END = 4096 }; /* no error of the kernel's has a higher number */

union control {
	struct cmsghdr aligned;
	char bytes[CMSG_SPACE(MESSAGE_FDS_MAX * sizeof(int))];
};

bool message_parse_request(const void *bytes, size_t len, struct guard_request *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	if (out->zero != 0)
		return false;
	return out->kind == MESSAGE_OPEN_CAPTURE || out->kind == MESSAGE_NOTE_SOCKET;
}

bool message_parse_news(const void *bytes, size_t len, struct guard_news *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->mark == MESSAGE_NEWS && out->confined.part < SANDBOX_PARTS &&
	       out->confined.error <= 0 && out->confined.error > -ERRNO_END;
}

int message_send(int socket, const void *bytes, size_t len, const int *fds,
		 size_t fd_count)
{
	union control control;
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (fd_count > MESSAGE_FDS_MAX)
		return -EINVAL;
	if (fd_count > 0) {
		memset(&control, 0, sizeof(control));
		control.aligned.cmsg_level = SOL_SOCKET;
		control.aligned.cmsg_type = SCM_RIGHTS;
		control.aligned.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.aligned), fds, fd_count * sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	}
	ssize_t sent;
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return 0;
}

/* All that came, so that none is left open; more than fds has room for can't come. */
static size_t take_fds(struct msghdr *message, int fds[MESSAGE_FDS_MAX])
{
	size_t count = 0;
	struct cmsghdr *part = CMSG_FIRSTHDR(message);
	for (; part != NULL; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		size_t have = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < have && count < MESSAGE_FDS_MAX; i++)
			memcpy(&fds[count++], CMSG_DATA(part) + i * sizeof(int),
			       sizeof(int));
	}
	return count;
}

int message_receive(int socket, void *bytes, size_t len, int fds[MESSAGE_FDS_MAX])
{
	union control control;
	int taken[MESSAGE_FDS_MAX] = { -1, -1 };
	struct iovec part = { .iov_base = bytes, .iov_len = len };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got;
	do
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	size_t count = take_fds(&message, taken);
	if (got == 0 && count == 0)
		return -EPIPE;
	bool is_whole = (size_t)got == len && !(message.msg_flags & MSG_CTRUNC);
	if (is_whole && (count == 0 || fds != NULL)) {
		if (fds != NULL)
			memcpy(fds, taken, sizeof(taken));
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		close(taken[i]);
	return -EPROTO;
}
