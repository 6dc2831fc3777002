-- What was said in the clear, or by a protocol that is weak: what detectors found, and
-- how many connections of each service anybody could have read; as it had been answered
-- by the end of the time.
WITH told AS (
  SELECT kind, severity, server_ip, port, transport, incident, min(id) AS id,
         count(DISTINCT client_ip) AS clients, min(client_ip) AS client_ip,
         min(summary) AS summary, sum(attempts) AS times,
         min(first) AS first, max(last) AS last
  FROM finding
  WHERE kind IN ('cleartext_login', 'weak_protocol')
    AND first <= :until AND last >= :since
  GROUP BY kind, severity, server_ip, port, transport, incident
),
answered AS (
  SELECT t.*, i.owner,
         CASE WHEN i."end" > :until THEN NULL ELSE i.false_positive END AS false_positive,
         CASE WHEN i.acknowledged <= :until THEN i.acknowledged_by END AS acknowledged_by,
         CASE WHEN i.acknowledged <= :until THEN i.acknowledged END AS acknowledged,
         coalesce((SELECT group_concat(said, '; ') FROM
                    (SELECT actor || ': ' || summary AS said FROM timeline
                     WHERE incident = t.incident AND kind = 'comment' AND at <= :until
                     ORDER BY at, rowid)),
                  CASE WHEN i."end" <= :until
                       THEN i.closed_by || ': ' || i.close_reason END) AS mitigation
  FROM told t LEFT JOIN incident i ON i.id = t.incident
),
found AS (
  SELECT 'finding' AS seen_as, kind, severity, server_ip, port, transport, clients,
         CASE clients WHEN 1 THEN client_ip END AS client_ip, summary, times, first,
         last, id AS reference, owner, acknowledged_by, acknowledged, mitigation,
         CASE
           WHEN severity = 'notice' OR false_positive = 1 OR mitigation IS NOT NULL
             OR acknowledged IS NOT NULL THEN NULL
           WHEN kind = 'cleartext_login'
             THEN 'a login that anybody can read, and nobody has acknowledged it or said what protects it'
           ELSE 'a weak protocol, and nobody has acknowledged it or said what protects it'
         END AS deviation
  FROM answered
),
spoken AS (
  SELECT 'traffic' AS seen_as, 'cleartext' AS kind, NULL AS severity,
         server_network AS server_ip, port, transport, NULL AS clients, NULL AS client_ip,
         sum(cleartext) || ' of ' || sum(flows) || ' connections could be read by anyone'
           AS summary,
         sum(cleartext) AS times, min(first) AS first, max(last) AS last,
         NULL AS reference, NULL AS owner, NULL AS acknowledged_by,
         NULL AS acknowledged, NULL AS mitigation, NULL AS deviation
  FROM (SELECT server_network, port, transport, sum(flows) AS flows,
               sum(cleartext) AS cleartext, min(first) AS first, max(last) AS last
        FROM conversation
        -- +: all of it in the order of its key is quicker than by days.
        WHERE +start > :since - 86400000000 AND +start < :until AND cleartext > 0
        GROUP BY client_network, server_network, port, transport)
  GROUP BY server_network, port, transport
)
SELECT seen_as, kind, severity, server_ip, port, transport, clients, client_ip,
       summary, times,
       time_text(first) AS first_seen, time_text(last) AS last_seen,
       owner, acknowledged_by, time_text(acknowledged) AS acknowledged, mitigation,
       reference, deviation
FROM (SELECT * FROM found UNION ALL SELECT * FROM spoken)
ORDER BY seen_as, kind, severity, server_ip, port, transport, reference
