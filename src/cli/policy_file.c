/*
 * policy_file.c: see policy_file.h.
 *
 * A new register is written beside the old one, synced and renamed over it: at any
 * moment one of the two is whole.
 */
#include "cli/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

static void digest(const char *text, size_t len, char out[static POLICY_DIGEST_MAX])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)text, len, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

/* 0 or -errno; -EFBIG for more than a register can be. */
static int read_all(const char *path, struct buf *text)
{
	char part[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t len;
	while ((len = read(fd, part, sizeof(part))) > 0 && text->len <= TEXT_MAX)
		buf_add(text, part, (size_t)len);
	int error = len < 0 ? -errno : 0;
	close(fd);
	return text->len > TEXT_MAX ? -EFBIG : error;
}

bool policy_file_open(struct policy_file *file, const char *folder, struct buf *errors)
{
	*file = (struct policy_file){ 0 };
	snprintf(file->path, sizeof(file->path), "%s/policy.yaml", folder);
	int error = read_all(file->path, &file->text);
	/* A folder that can't be reached is the store's trouble, and told by it. */
	bool unreachable = error == -EACCES && access(folder, R_OK | X_OK) != 0;
	if (error == -ENOENT || error == -ENOTDIR || unreachable)
		return true;
	if (error != 0) {
		buf_printf(errors, "%s: %s\n", file->path, strerror(-error));
		return false;
	}
	file->policy = policy_parse(file->text.at == NULL ? "" : file->text.at,
				    file->text.len, file->path, errors);
	if (file->policy == NULL)
		return false;
	digest(file->text.at == NULL ? "" : file->text.at, file->text.len,
	       file->digest);
	return true;
}

void policy_file_close(struct policy_file *file)
{
	policy_free(file->policy);
	buf_free(&file->text);
	file->policy = NULL;
}

static int write_synced(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t written = write(fd, text, len);
		if (written < 0)
			return -errno;
		text += written;
		len -= (size_t)written;
	}
	return fsync(fd) == 0 ? 0 : -errno;
}

static int replace(const char *path, const char *text, size_t len)
{
	char fresh[POLICY_PATH_MAX + 8];
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	int error = write_synced(fd, text, len);
	close(fd);
	if (error == 0 && rename(fresh, path) != 0)
		error = -errno;
	if (error != 0)
		unlink(fresh);
	return error;
}

int policy_file_apply(struct policy_file *file, const char *text, size_t len,
		      struct policy **old, struct buf *message)
{
	*old = NULL;
	struct policy *policy = policy_parse(text, len, "policy", message);
	if (policy == NULL)
		return -EINVAL;
	int error = replace(file->path, text, len);
	if (error != 0) {
		buf_printf(message, "%s: %s", file->path, strerror(-error));
		policy_free(policy);
		return error;
	}
	size_t before = file->policy == NULL ? 0 : policy_count(file->policy);
	buf_printf(message, "%zu entries in force, %zu before", policy_count(policy),
		   before);
	*old = file->policy;
	file->policy = policy;
	buf_clear(&file->text);
	buf_add(&file->text, text, len);
	digest(text, len, file->digest);
	return 0;
}
