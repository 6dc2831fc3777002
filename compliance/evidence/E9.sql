-- How far back each kind of record goes, beside how long it is to be kept; and when
-- somebody last told of a backup or of a restore that was tried.
WITH began AS (
  SELECT min(t) AS at FROM (
    SELECT min(at) AS t FROM audit UNION ALL
    SELECT min(at) FROM listener UNION ALL
    SELECT min(start) FROM gap UNION ALL
    SELECT min(start) FROM health)
),
tier(number, name, holds, kept_s, oldest, newest) AS (
  SELECT 1, 'flows', 'single connections, whole days', :kept_flows_s,
         oldest_day('flows'), newest_day('flows')
  UNION ALL
  SELECT 2, 'ports_1m', 'services by the minute', :kept_ports_1m_s,
         (SELECT min(t) FROM (SELECT (SELECT min(start) FROM roll_1m
                                      WHERE service = s.id) AS t FROM service s)),
         (SELECT max(t) FROM (SELECT (SELECT max(start) FROM roll_1m
                                      WHERE service = s.id) AS t FROM service s))
  UNION ALL
  SELECT 3, 'ports_1h', 'services by the hour', :kept_ports_1h_s,
         (SELECT min(start) FROM roll_1h), (SELECT max(start) FROM roll_1h)
  UNION ALL
  SELECT 4, 'ports_1d', 'services by the day', :kept_ports_1d_s,
         (SELECT min(start) FROM roll_1d), (SELECT max(start) FROM roll_1d)
  UNION ALL
  SELECT 5, 'ports_1d', 'who was served by what, by the day', :kept_ports_1d_s,
         (SELECT min(start) FROM conversation), (SELECT max(start) FROM conversation)
  UNION ALL
  SELECT 6, 'events', 'audit trail', :kept_events_s,
         (SELECT min(at) FROM audit), (SELECT max(at) FROM audit)
  UNION ALL
  SELECT 7, 'events', 'listening ports', :kept_events_s,
         (SELECT min(at) FROM listener), (SELECT max(at) FROM listener)
  UNION ALL
  SELECT 8, 'events', 'findings', :kept_events_s,
         (SELECT min(first) FROM finding), (SELECT max(last) FROM finding)
  UNION ALL
  SELECT 9, 'events', 'the monitor''s health', :kept_events_s,
         (SELECT min(start) FROM health), (SELECT max(start) FROM health)
  UNION ALL
  SELECT 10, 'probes', 'answers of services that are asked', :kept_probes_s,
         (SELECT min(at) FROM probe), (SELECT max(at) FROM probe)
),
missed AS (
  SELECT count(*) AS gaps,
         sum(max(min("end", :until) - max(start, :since), 0)) / 1000000 AS gap_s
  FROM gap WHERE "end" >= :since AND start <= :until AND reason <> 'dropped'
)
SELECT name AS tier, holds, kept_s, time_text(oldest) AS oldest,
       time_text(min(newest, :until)) AS newest, max(min(:now, :until) - oldest, 0) / 1000000 AS reaches_back_s,
       gaps AS gaps_in_time, coalesce(gap_s, 0) AS gap_in_time_s, last_told, told_by,
       deviation
FROM (
  SELECT t.*, m.gaps, m.gap_s, NULL AS last_told, NULL AS told_by,
         CASE
           WHEN t.holds IN ('findings', 'answers of services that are asked',
                            'listening ports') THEN NULL
           WHEN coalesce(t.kept_s, 0) = 0 OR b.at IS NULL THEN NULL
           WHEN t.oldest IS NULL AND :now - b.at > 172800000000
             THEN 'there are none'
           WHEN t.oldest > max(:now - t.kept_s * 1000000, b.at) + 172800000000
             THEN 'it reaches back '
                  || ((t.oldest - max(:now - t.kept_s * 1000000, b.at)) / 86400000000)
                  || ' days less than it should'
         END AS deviation
  FROM tier t, began b, missed m
  UNION ALL
  SELECT 20, 'backup', 'told as a deployment named backup', NULL, NULL, NULL, NULL, NULL,
         (SELECT time_text(max(at)) FROM deployment WHERE name = 'backup' AND at <= :until),
         (SELECT actor FROM deployment WHERE name = 'backup' AND at <= :until
          ORDER BY at DESC, rowid DESC LIMIT 1), NULL
  UNION ALL
  SELECT 21, 'restore test', 'told as a deployment named restore-test', NULL, NULL, NULL,
         NULL, NULL,
         (SELECT time_text(max(at)) FROM deployment
          WHERE name = 'restore-test' AND at <= :until),
         (SELECT actor FROM deployment WHERE name = 'restore-test' AND at <= :until
          ORDER BY at DESC, rowid DESC LIMIT 1), NULL
)
ORDER BY number
