/*
 * policy_file.h: the register of authorised ports in force, kept in the state folder.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "policy/policy.h"

enum { POLICY_PATH_MAX = 512, POLICY_DIGEST_MAX = 65 };

struct policy_file {
	char path[POLICY_PATH_MAX];
	struct policy *policy;          /* owned; NULL: none in force */
	struct buf text;                /* as it was applied */
	char digest[POLICY_DIGEST_MAX]; /* SHA-256 of the text, hexadecimal; "" */
};

/*
 * Reads FOLDER/policy.yaml.  A missing file is no error, nor a folder that can't be
 * reached.  False with messages in
 * *errors if it can't be used.
 */
bool policy_file_open(struct policy_file *file, const char *folder, struct buf *errors);
void policy_file_close(struct policy_file *file);

/*
 * Writes and takes a new register.  0 and how it differs, in *message; -EINVAL and what
 * is wrong, or -errno and why it can't be kept: the old one then stays.  Whoever
 * borrows file->policy must take the new one before *old is freed by policy_free().
 */
int policy_file_apply(struct policy_file *file, const char *text, size_t len,
		      struct policy **old, struct buf *message);
