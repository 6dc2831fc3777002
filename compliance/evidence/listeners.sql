-- Each listening socket as it was last seen up to the end of the time, unless it had
-- closed before the time began.  A socket that passed to another program (the same since)
-- is that one's.
WITH seen AS (
  SELECT *,
         row_number() OVER (PARTITION BY transport, ip, port, netns, exe ORDER BY at DESC) AS age,
         min(coalesce(since, at)) OVER (PARTITION BY transport, ip, port, netns, exe)
           AS first
  FROM listener WHERE at <= :until
)
SELECT transport, port, ip, service, process, exe, package, user, unit, container, reach,
       time_text(first) AS first_seen,
       CASE change WHEN 'closed' THEN time_text(at) END AS closed,
       CASE authorized WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS authorized
FROM seen
WHERE age = 1 AND NOT (change = 'closed' AND at < :since) AND NOT EXISTS (
  SELECT 1 FROM listener AS later
  WHERE later.port = seen.port AND later.ip = seen.ip
    AND later.transport = seen.transport AND later.netns IS seen.netns
    AND later.since = seen.since AND later.change = 'changed'
    AND later.at > seen.at AND later.at <= :until)
ORDER BY transport, port, ip, netns, exe
