/*
 * sharing.h: the document of shared sources in the bucket, changed by whoever has the
 * fleet's key.
 */
#pragma once

#include "fleet/bucket.h"
#include "fleet/shared.h"

/*
 * Adds these, and takes out what is over; results: what became of each.  0; -EEXIST,
 * none was taken; -EAGAIN; -EINVAL; with error.
 */
int sharing_add(const struct bucket_change *change, const struct shared_entry *entries,
		enum shared_added *results, size_t count,
		char error[static BUCKET_ERROR_MAX]);
/* By address or finding.  -ENOENT: it is not shared. */
int sharing_remove(const struct bucket_change *change, const char *what,
		   char error[static BUCKET_ERROR_MAX]);
/* What a sensor has said by itself. 0, also if that is nothing. */
int sharing_remove_sensor(const struct bucket_change *change, const char *sensor,
			  char error[static BUCKET_ERROR_MAX]);
/*
 * Takes out what is over, and what sensors have said by themselves of which is_out() is
 * true: 0, also if that is nothing.
 */
int sharing_tidy(const struct bucket_change *change,
		 bool (*is_out)(void *self, const char *sensor), void *self,
		 char error[static BUCKET_ERROR_MAX]);
