/*
 * top_monitor.c: the full screen's view of Breakwater itself, second by second as they
 * were seen here.
 */
#include "cli/cells.h"
#include "cli/top.h"

SHOW_WHEN(at)

SHOW(show_packets)
{
	cell_count(out, record, "packets_per_s");
}

SHOW(show_bytes)
{
	cell_bytes(out, member_number(record, "bytes_per_s"));
}

/* Whatever is lost since the start is worth a mark. */
static void show_lost(struct cell *out, const json_t *record, const char *name)
{
	cell_count(out, record, name);
	cell_mark_if_over(out, member_number(record, name), 0);
}

SHOW(show_dropped)
{
	show_lost(out, record, "dropped");
}

SHOW(show_records_dropped)
{
	show_lost(out, record, "records_dropped");
}

SHOW_COUNT(undecoded)
SHOW_COUNT(flows)
SHOW_COUNT(flows_evicted)

SHOW(show_cpu)
{
	cell_ratio(out, record, "cpu_ratio", 1);
}

SHOW_BYTES(rss_bytes)
SHOW_BYTES(store_bytes)
SHOW_TEXT(store_state)
SHOW_DURATION(lag_us)

static const struct column columns[] = {
	{ "AT", "at", "End of the second, local time.", true, false, 0, 0, show_at },
	{ "PACKETS/s", "packets_per_s", "Packets taken in.", false, false, 0, 0,
	  show_packets },
	{ "BYTES/s", "bytes_per_s", "IP bytes of them.", false, false, 0, 0,
	  show_bytes },
	{ "LOST", "dropped", "Packets lost since the start.", false, false, 0, 0,
	  show_dropped },
	{ "RECORDS-LOST", "records_dropped",
	  "Records lost between threads since the start.", false, false, 6, 0,
	  show_records_dropped },
	{ "UNDECODED", "undecoded", "Packets the decoder refused.", false, false, 7, 0,
	  show_undecoded },
	{ "FLOWS", "flows", "Connections in the tables.", false, false, 2, 0,
	  show_flows },
	{ "EVICTED", "flows_evicted", "Ended early for lack of room.", false, false, 8,
	  0, show_flows_evicted },
	{ "CPU", "cpu_ratio", "Of a core.", false, false, 1, 0, show_cpu },
	{ "MEMORY", "rss_bytes", "Resident.", false, false, 1, 0, show_rss_bytes },
	{ "STORE", "store_bytes", "Size of the store on disk.", false, false, 3, 0,
	  show_store_bytes },
	{ "STATE", "store_state", "Of the store: ok, full or failed.", true, true, 3, 0,
	  show_store_state },
	{ "LAG", "lag_us", "Age of the newest packet when it was read.", false, false,
	  4, 0, show_lag_us },
};

static const struct view view_seconds = {
	.title = "seconds",
	.sort = "at",
	.order = "newest first",
	.nothing = "Nothing is known of this monitor yet.",
	.columns = columns,
	.count = sizeof(columns) / sizeof(columns[0]),
};

static int fetch(struct top *top, json_t **records, struct client_told *told,
		 /* NOLINTNEXTLINE(readability-non-const-parameter): others fail */
		 char error[static CLIENT_ERROR_MAX])
{
	(void)error;
	told->total = json_array_size(top->seconds);
	json_decref(*records);
	*records = json_incref(top->seconds);
	return STATUS_OK;
}

static void tell(const json_t *row, struct steps *steps)
{
	(void)row;
	steps_add(steps, NULL, command_status, "status", NULL);
}

static const char *const key[] = { "at", NULL };

const struct top_view top_monitor = {
	.tab = "Monitor",
	.doc = "Breakwater itself: what it sees, loses and costs.",
	.view = &view_seconds,
	.words = " ",
	.key = key,
	.fetch = fetch,
	.tell = tell,
};
