-- What was said in the clear, or by a protocol that is weak: what detectors found, and
-- how many connections of each service anybody could have read.
WITH told AS (
  SELECT f.*, i.acknowledged, i.acknowledged_by, i.owner, i.close_reason, i.closed_by,
         i.false_positive,
         (SELECT group_concat(said, '; ') FROM
           (SELECT actor || ': ' || summary AS said FROM timeline
            WHERE incident = f.incident AND kind = 'comment' AND at <= :until
            ORDER BY at, rowid)) AS comments
  FROM finding f LEFT JOIN incident i ON i.id = f.incident
  WHERE f.kind IN ('cleartext_login', 'weak_protocol')
    AND f.first <= :until AND f.last >= :since
),
found AS (
  SELECT 'finding' AS seen_as, kind, severity, server_ip, port, transport,
         client_ip, summary, attempts AS times, first, last, id AS reference,
         owner, acknowledged_by,
         CASE WHEN acknowledged <= :until THEN acknowledged END AS acknowledged,
         coalesce(comments,
                  CASE WHEN close_reason IS NOT NULL
                       THEN coalesce(closed_by, '') || ': ' || close_reason END)
           AS mitigation,
         CASE
           WHEN severity = 'notice' OR false_positive = 1 OR comments IS NOT NULL
             OR acknowledged <= :until THEN NULL
           WHEN kind = 'cleartext_login'
             THEN 'a login that anybody can read, and nobody has acknowledged it or said what protects it'
           ELSE 'a weak protocol, and nobody has acknowledged it or said what protects it'
         END AS deviation
  FROM told
),
spoken AS (
  SELECT 'traffic' AS seen_as, 'cleartext' AS kind, NULL AS severity,
         server_network AS server_ip, port, transport, NULL AS client_ip,
         sum(cleartext) || ' of ' || sum(flows) || ' connections could be read by anyone'
           AS summary,
         sum(cleartext) AS times, min(first) AS first, max(last) AS last,
         NULL AS reference, NULL AS owner, NULL AS acknowledged_by,
         NULL AS acknowledged, NULL AS mitigation, NULL AS deviation
  FROM conversation
  WHERE start > :since - 86400000000 AND start <= :until AND cleartext > 0
  GROUP BY server_network, port, transport
)
SELECT seen_as, kind, severity, server_ip, port, transport, client_ip, summary, times,
       time_text(first) AS first_seen, time_text(last) AS last_seen,
       owner, acknowledged_by, time_text(acknowledged) AS acknowledged, mitigation,
       reference, deviation
FROM (SELECT * FROM found UNION ALL SELECT * FROM spoken)
ORDER BY seen_as, kind, server_ip, port, transport, client_ip, reference
