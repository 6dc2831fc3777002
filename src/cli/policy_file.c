/*
 * policy_file.c: see policy_file.h.
 */
#include "cli/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"

enum { TEXT_MAX = 1 << 20 };

static void digest(const char *text, size_t len, char out[static POLICY_DIGEST_MAX])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)text, len, sum);
	hex_text(out, sum, sizeof(sum));
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

int policy_file_apply(struct policy_file *file, const char *text, size_t len,
		      struct policy **old, struct buf *message)
{
	*old = NULL;
	struct policy *policy = policy_parse(text, len, "policy", message);
	if (policy == NULL)
		return -EINVAL;
	int error = file_replace(file->path, text, len);
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
