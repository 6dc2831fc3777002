/*
 * hpack.c: header blocks of HTTP/2, read by nghttp2's inflater; see hpack.h.
 */
#include "protocol/hpack.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

enum { TABLE_DEFAULT = 4096, TABLE_MAX = 16384 }; /* RFC 9113 6.5.2 */

struct hpack {
	nghttp2_hd_inflater *inflater;
	uint32_t table, wanted;
	bool is_inside; /* a block */
};

struct hpack *hpack_new(void)
{
	struct hpack *hpack = calloc(1, sizeof(*hpack));
	if (hpack == NULL)
		return NULL;
	hpack->table = hpack->wanted = TABLE_DEFAULT;
	if (nghttp2_hd_inflate_new(&hpack->inflater) != 0) {
		free(hpack);
		return NULL;
	}
	return hpack;
}

void hpack_free(struct hpack *hpack)
{
	if (hpack == NULL)
		return;
	nghttp2_hd_inflate_del(hpack->inflater);
	free(hpack);
}

void hpack_allow(struct hpack *hpack, uint32_t table_size)
{
	hpack->wanted = table_size < TABLE_MAX ? table_size : TABLE_MAX;
}

/*
 * A smaller table is none of our business: the writer shrinks it in its next block, and
 * until then it may be at work with the larger one.
 */
static void begin_block(struct hpack *hpack)
{
	if (hpack->wanted > hpack->table &&
	    nghttp2_hd_inflate_change_table_size(hpack->inflater, hpack->wanted) == 0)
		hpack->table = hpack->wanted;
	hpack->is_inside = true;
}

bool hpack_read(struct hpack *hpack, struct bytes piece, bool is_last,
		hpack_field field, void *self)
{
	if (!hpack->is_inside)
		begin_block(hpack);
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(hpack->inflater, &nv, &flags,
						      piece.at, piece.len, is_last);
		if (used < 0)
			return false;
		bytes_take(&piece, (size_t)used);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			field(self, bytes_of(nv.name, nv.namelen),
			      bytes_of(nv.value, nv.valuelen));
		else if ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0 && piece.len == 0)
			return !is_last;
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			hpack->is_inside = false;
			return nghttp2_hd_inflate_end_headers(hpack->inflater) == 0;
		}
	}
}
