/*
 * report_kept.c: see report_kept.h.
 */
#include "cli/report_kept.h"

struct report_retention report_kept(const struct config *config)
{
	return (struct report_retention){ .flows_s = config->retention_flows,
					  .ports_1m_s = config->retention_ports_1m,
					  .ports_1d_s = config->retention_ports_1d,
					  .ports_1h_s = config->retention_ports_1h,
					  .events_s = config->retention_events,
					  .probes_s = config->retention_probes,
					  .failures_s = config->retention_failures,
					  .evidence_s = config->retention_evidence,
					  .pseudonyms_after_s =
						  config->privacy_pseudonyms_after,
					  .keys_kept_s = config->privacy_keys_kept };
}

struct report_retention report_kept_by(const char *config_path)
{
	struct config config;
	struct buf errors = { 0 };
	config_init(&config);
	config_load(&config, config_path, &errors);
	buf_free(&errors);
	return report_kept(&config);
}
