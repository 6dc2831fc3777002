-- Hosts and services that were seen: services of this machine and of networks that
-- count as ours each, those of everybody else by port, and what scans of ours found.
WITH used AS (
  SELECT server_ip, port, transport, max(service) AS service, max(protocol) AS protocol,
         max(process) AS process, sum(flows) AS flows, sum(client_bytes) AS client_bytes,
         sum(server_bytes) AS server_bytes, max(clients) AS clients, count(*) AS days,
         min(start) AS first, max(start) AS last
  FROM port_1d
  WHERE start > :since - 86400000000 AND start < :until AND server_ip IS NOT NULL
    AND flows > coalesce(rejected, 0) + coalesce(unanswered, 0)
  GROUP BY server_ip, port, transport
),
network AS (
  SELECT DISTINCT zone, network
  FROM (SELECT max(server_zone) AS zone, server_network AS network FROM conversation
        -- +: all of it in the order of its key is quicker than by days.
        WHERE +start > :since - 86400000000 AND +start < :until
        GROUP BY client_network, server_network, port, transport)
  WHERE zone IN ('own', 'home')
),
host AS (
  SELECT ip, CASE
      WHEN has_process OR ip IN (SELECT network FROM network WHERE zone = 'own')
        THEN 'own'
      WHEN EXISTS (SELECT 1 FROM network WHERE zone = 'home' AND in_net(ip, network))
        THEN 'home'
      ELSE 'outside' END AS zone
  FROM (SELECT server_ip AS ip, max(process IS NOT NULL) AS has_process
        FROM used GROUP BY server_ip)
),
known AS (
  SELECT h.zone, u.* FROM used u JOIN host h ON h.ip = u.server_ip
),
scanned AS (
  SELECT *, row_number() OVER (PARTITION BY ip, port, transport
                               ORDER BY at DESC, rowid DESC) AS age,
         min(at) OVER (PARTITION BY ip, port, transport) AS first_at
  FROM scan WHERE at >= :since AND at <= :until AND state = 'open'
),
line AS (
  SELECT zone, server_ip AS host, 1 AS hosts, port, transport, 'traffic' AS seen_by,
         service, protocol, process AS program, flows, clients, client_bytes,
         server_bytes, days, first, last
  FROM known WHERE zone <> 'outside'
  UNION ALL
  SELECT 'outside', NULL, count(DISTINCT server_ip), port, transport, 'traffic',
         max(service), max(protocol), NULL, sum(flows), NULL, sum(client_bytes),
         sum(server_bytes), max(days), min(first), max(last)
  FROM known WHERE zone = 'outside' GROUP BY port, transport
  UNION ALL
  SELECT NULL, ip, 1, port, transport, 'scan', service, protocol, software, NULL, NULL,
         NULL, NULL, NULL, first_at, at
  FROM scanned WHERE age = 1
)
SELECT zone, host, hosts, port, transport, seen_by, service, protocol, program,
       flows AS connections, clients AS clients_most_a_day, client_bytes, server_bytes,
       days, CASE seen_by WHEN 'scan' THEN time_text(first)
                          ELSE substr(time_text(first), 1, 10) END AS first_seen,
       CASE seen_by WHEN 'scan' THEN time_text(last)
                    ELSE substr(time_text(last), 1, 10) END AS last_seen
FROM line
ORDER BY CASE zone WHEN 'own' THEN 0 WHEN 'home' THEN 1 WHEN 'outside' THEN 2 ELSE 3 END,
         host, port, transport, seen_by
