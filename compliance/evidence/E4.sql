-- The traffic matrix: from which zone to which service, over all days of the time.
WITH line AS (
  SELECT max(client_zone) AS client_zone, client_network,
         max(server_zone) AS server_zone, server_network, port, transport,
         sum(flows) AS flows, sum(cleartext) AS cleartext,
         sum(client_bytes) AS client_bytes, sum(server_bytes) AS server_bytes,
         sum(disallowed) AS disallowed, count(*) AS days,
         min(first) AS first, max(last) AS last
  FROM conversation
  -- +: all of it in the order of its key is quicker than by days.
  WHERE +start > :since - 86400000000 AND +start < :until
  GROUP BY client_network, server_network, port, transport
)
SELECT client_zone, client_network, server_zone, server_network, port, transport,
       flows AS connections, cleartext AS readable_by_anyone, client_bytes,
       server_bytes, days, time_text(first) AS first_seen, time_text(last) AS last_seen,
       CASE WHEN disallowed > 0 THEN 'no' WHEN disallowed = 0 THEN 'yes' END
         AS allowed_by_register,
       CASE WHEN disallowed > 0
            THEN 'the register does not allow ' || disallowed || ' of the connections'
       END AS deviation
FROM line
ORDER BY client_zone, client_network, server_zone, server_network, port, transport
