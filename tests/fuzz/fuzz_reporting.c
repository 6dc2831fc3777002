/*
 * fuzz_reporting.c: any bytes as what the daemon and who makes reports say to each
 * other, and as a message with a report that waits in the spool: no crash, no leak, and
 * no name of a file that leads out of its folder.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/notice_json.h"
#include "cli/reporting_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_notice(const uint8_t *data, size_t size)
{
	struct notice_read *read = notice_from_json((const char *)data, size);
	const struct notice_report *report = read != NULL ? read->notice.report : NULL;
	for (size_t i = 0; report != NULL && i < report->file_count; i++)
		if (strchr(report->files[i], '/') != NULL || report->files[i][0] == '.')
			abort();
	notice_read_free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reporting_order order;
	struct reporting_event event;
	if (reporting_order_parse(data, size, &order) &&
	    (strchr(order.stem, '/') != NULL || order.format_count > CONFIG_WORDS_MAX))
		abort();
	if (reporting_event_parse(data, size, &event) &&
	    (strchr(event.files, '/') != NULL || event.observed > 1))
		abort();
	check_notice(data, size);
	return 0;
}
