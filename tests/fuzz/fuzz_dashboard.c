/*
 * fuzz_dashboard.c: any bytes as a dashboard: no crash, no leak, a message for every
 * refusal; and what is taken is written as YAML that reads back the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/dashboard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(const struct dashboard *dashboard)
{
	struct buf json = { 0 }, yaml = { 0 }, again = { 0 }, errors = { 0 };
	dashboard_json(&json, dashboard);
	dashboard_yaml(&yaml, dashboard);
	if (!buf_ok(&json) || !buf_ok(&yaml))
		abort();
	struct dashboard *copy = dashboard_parse(yaml.at, yaml.len, "written", &errors);
	if (copy == NULL)
		abort();
	dashboard_json(&again, copy);
	if (again.len != json.len || memcmp(again.at, json.at, json.len) != 0)
		abort();
	dashboard_free(copy);
	buf_free(&json);
	buf_free(&yaml);
	buf_free(&again);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = { 0 };
	struct dashboard *dashboard =
		dashboard_parse((const char *)data, size, "fuzz", &errors);
	if ((dashboard != NULL) != (errors.len == 0))
		abort();
	if (dashboard != NULL)
		write_and_read(dashboard);
	dashboard_free(dashboard);
	buf_free(&errors);
	return 0;
}
