-- What is near its limit: queues and tables of the machine, limits that were set on
-- sources, and what values are expected to become.
WITH queue AS (
  SELECT transport, ip, port, max(process) AS process, max(backlog) AS backlog,
         max(backlog_max) AS backlog_max, max(overflows) AS overflows,
         max(CASE WHEN overflow_at >= :since AND overflow_at <= :until
                  THEN overflow_at END) AS overflow_at
  FROM listener WHERE at >= :since AND at <= :until
  GROUP BY transport, ip, port
),
machine AS (
  SELECT max(client_ports_ratio) AS client_ports, max(files_ratio) AS files,
         max(start) AS at
  FROM health WHERE start > :since - 3600000000 AND start < :until
),
limited AS (
  SELECT port, transport, count(*) AS times, sum(packets) AS packets, min(start) AS first,
         max(start) AS last
  FROM block WHERE start <= :until AND coalesce("until", at) >= :since AND action = 'limit'
    AND state NOT IN ('observed', 'vetoed', 'failed')
  GROUP BY port, transport
),
expected AS (
  SELECT *, max(at) OVER (PARTITION BY subject, metric) AS newest
  FROM forecast WHERE at >= :since AND at <= :until
),
line AS (
  SELECT 'queue of a service' AS what,
         ip || ' ' || port || '/' || transport AS subject,
         'waiting' AS metric, backlog AS now, NULL AS predicted, backlog_max AS "limit",
         NULL AS crosses_at, NULL AS probability, overflow_at AS reached_at,
         CASE WHEN overflow_at IS NOT NULL
              THEN 'connections or datagrams were dropped: too many waited' END
           AS deviation
  FROM queue WHERE overflow_at IS NOT NULL OR backlog * 2 > backlog_max
  UNION ALL
  SELECT 'machine', 'ports of its clients', 'most used of those there are', client_ports,
         NULL, 1, NULL, NULL, NULL,
         CASE WHEN client_ports >= 0.9 THEN 'nearly none was left' END
  FROM machine WHERE client_ports IS NOT NULL
  UNION ALL
  SELECT 'machine', 'descriptors of a process', 'most used of its limit', files, NULL, 1,
         NULL, NULL, NULL, CASE WHEN files >= 0.9 THEN 'nearly none was left' END
  FROM machine WHERE files IS NOT NULL
  UNION ALL
  SELECT 'rate limit on sources', coalesce(port, 'any port') || '/' || coalesce(transport, 'any'),
         'packets held back', packets, NULL, NULL, NULL, NULL, last, NULL
  FROM limited
  UNION ALL
  SELECT 'forecast', subject, metric, now, predicted, "limit", crosses_at, probability,
         crossed_last,
         CASE WHEN crosses_at IS NOT NULL AND probability >= 0.5
              THEN 'expected to reach its limit' END
  FROM expected WHERE at = newest AND hidden IS NULL
)
SELECT what, subject, metric, now AS now_or_most, predicted, "limit",
       time_text(crosses_at) AS expected_to_reach_it,
       round(probability, 3) AS probability, time_text(reached_at) AS last_at_its_limit,
       deviation
FROM line
ORDER BY what, subject, metric
