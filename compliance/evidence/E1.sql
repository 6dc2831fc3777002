-- Each listening socket as it was last seen up to the end of the time, unless it had
-- closed before the time began.
WITH last AS (
  SELECT *, row_number() OVER (
      PARTITION BY transport, ip, port, netns, exe ORDER BY at DESC) AS age
  FROM listener WHERE at <= :until
)
SELECT transport, ip, port, service, process, exe, user, unit, reach,
       time_text(since) AS since,
       CASE change WHEN 'closed' THEN time_text(at) END AS closed,
       CASE authorized WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS authorized,
       CASE
         WHEN authorized = 0 THEN 'the register does not allow it'
         WHEN authorized IS NULL THEN 'nobody approved it: there is no register, or it could not be told whose it is'
       END AS deviation
FROM last
WHERE age = 1 AND NOT (change = 'closed' AND at < :since)
ORDER BY transport, port, ip, netns, exe
