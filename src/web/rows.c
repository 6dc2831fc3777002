/*
 * rows.c: choose the first few of many records; see rows.h.
 */
#include "web/rows.h"

#include <stdlib.h>
#include <string.h>

#include "record/pcap.h"

enum { ROOM_FIRST = 64 };

void rows_init(struct rows *rows, const struct query *query)
{
	size_t fits = ROWS_BYTES_MAX / query->schema->size;
	*rows = (struct rows){ .query = query,
			       .most = query->limit < fits ? query->limit : fits };
}

void rows_free(struct rows *rows)
{
	free(rows->records);
	free(rows->order);
	free(rows->arrival);
	*rows = (struct rows){ 0 };
}

static const void *record_at(const struct rows *rows, uint32_t index)
{
	return rows->records + index * rows->query->schema->size;
}

const void *rows_at(const struct rows *rows, size_t i)
{
	return record_at(rows, rows->order[i]);
}

/* True if the row of index a comes after that of b. */
static bool is_after(const struct rows *rows, uint32_t a, uint32_t b)
{
	int order = query_order(rows->query, record_at(rows, a), record_at(rows, b));
	if (order != 0)
		return order > 0;
	return rows->arrival[a] > rows->arrival[b];
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;
	*a = *b;
	*b = was;
}

/* Restores the heap below i: every parent comes after its children. */
static void sift_down(struct rows *rows, size_t i, size_t count)
{
	for (;;) {
		size_t last = i, left = 2 * i + 1, right = left + 1;
		if (left < count &&
		    is_after(rows, rows->order[left], rows->order[last]))
			last = left;
		if (right < count &&
		    is_after(rows, rows->order[right], rows->order[last]))
			last = right;
		if (last == i)
			return;
		swap(&rows->order[i], &rows->order[last]);
		i = last;
	}
}

static void make_heap(struct rows *rows)
{
	for (size_t i = rows->count / 2; i-- > 0;)
		sift_down(rows, i, rows->count);
}

/* Room for one more of everything; what could grow before memory ran out stays. */
static bool has_room(struct rows *rows)
{
	if (rows->count < rows->room)
		return true;
	size_t room = rows->room == 0 ? ROOM_FIRST : rows->room * 2;
	room = room < rows->most ? room : rows->most;
	uint8_t *records = reallocarray(rows->records, room, rows->query->schema->size);
	if (records != NULL)
		rows->records = records;
	uint32_t *order = reallocarray(rows->order, room, sizeof(*order));
	if (order != NULL)
		rows->order = order;
	uint64_t *arrival = reallocarray(rows->arrival, room, sizeof(*arrival));
	if (arrival != NULL)
		rows->arrival = arrival;
	rows->failed = records == NULL || order == NULL || arrival == NULL;
	if (!rows->failed)
		rows->room = room;
	return !rows->failed;
}

static void put(struct rows *rows, uint32_t index, const void *record)
{
	size_t size = rows->query->schema->size;
	memcpy(rows->records + index * size, record, size);
	rows->arrival[index] = rows->total;
}

/* Equal to the worst: it came later, so it stays out. */
bool rows_are_past(const struct rows *rows, const void *record)
{
	return rows->count > 0 && rows->count == rows->most &&
	       query_order(rows->query, record, record_at(rows, rows->order[0])) >= 0;
}

void rows_take(void *to, const void *record)
{
	struct rows *rows = to;
	if (rows->failed || !query_wants(rows->query, record))
		return;
	rows->total++;
	if (rows->count < rows->most) {
		if (!has_room(rows))
			return;
		uint32_t index = (uint32_t)rows->count;
		put(rows, index, record);
		rows->order[rows->count++] = index;
		if (rows->count == rows->most)
			make_heap(rows);
		return;
	}
	rows->cut |= rows->most < rows->query->limit;
	if (rows_are_past(rows, record))
		return;
	uint32_t worst = rows->order[0];
	put(rows, worst, record);
	sift_down(rows, 0, rows->count);
}

/* Heap sort: no comparison function of qsort(3) could see the query. */
void rows_sort(struct rows *rows)
{
	make_heap(rows);
	for (size_t end = rows->count; end > 1; end--) {
		swap(&rows->order[0], &rows->order[end - 1]);
		sift_down(rows, 0, end - 1);
	}
}

static bool has_room_for_text(struct rows *rows, const struct buf *out)
{
	bool has_room = out->len < ROWS_BYTES_MAX;
	rows->cut |= !has_room;
	return has_room;
}

static void write_pcap(struct rows *rows, struct buf *out)
{
	record_pcap_begin(out);
	for (size_t i = 0; i < rows->count && has_room_for_text(rows, out); i++)
		record_pcap_packet(out, rows_at(rows, i));
}

static void write_csv(struct rows *rows, struct buf *out)
{
	record_csv_begin(out, rows->query->kind);
	for (size_t i = 0; i < rows->count && has_room_for_text(rows, out); i++)
		record_csv(out, rows->query->kind, rows_at(rows, i));
}

static void write_array(struct rows *rows, struct buf *out)
{
	buf_char(out, '[');
	for (size_t i = 0; i < rows->count && has_room_for_text(rows, out); i++) {
		if (i > 0)
			buf_char(out, ',');
		record_json(out, rows->query->kind, rows_at(rows, i));
	}
	buf_text(out, "]\n");
}

static void write_lines(struct rows *rows, struct buf *out)
{
	for (size_t i = 0; i < rows->count && has_room_for_text(rows, out); i++) {
		record_json(out, rows->query->kind, rows_at(rows, i));
		buf_char(out, '\n');
	}
}

void rows_write(struct rows *rows, struct buf *out)
{
	switch (rows->query->format) {
	case QUERY_NDJSON:
		write_lines(rows, out);
		break;
	case QUERY_JSON:
		write_array(rows, out);
		break;
	case QUERY_CSV:
		write_csv(rows, out);
		break;
	case QUERY_PCAP:
		write_pcap(rows, out);
		break;
	}
	out->failed |= rows->failed;
}
