-- Each listening socket as it was last seen up to the end of the time, unless it had
-- closed before the time began, with the entry of the register that allows it as that
-- was in force at the end.  A socket that passed to another program (the same since) is
-- that one's.
WITH last AS (
  SELECT *, row_number() OVER (
      PARTITION BY transport, ip, port, netns, iface, exe, unit, container
      ORDER BY at DESC, rowid DESC) AS age,
    change = 'closed' AND ifnull(sockets, 0) = 0 AS is_closed
  FROM listener WHERE at <= :until
), shown AS (
  SELECT * FROM last
  WHERE age = 1 AND NOT (is_closed AND at < :since) AND NOT EXISTS (
    SELECT 1 FROM listener AS later
    WHERE later.port = last.port AND later.ip = last.ip
      AND later.transport = last.transport AND later.netns IS last.netns
      AND later.since = last.since AND later.change = 'changed'
      AND later.at > last.at AND later.at <= :until)
), in_force AS (
  SELECT *, row_number() OVER (PARTITION BY id ORDER BY at DESC, rowid DESC) AS age
  FROM approval WHERE at <= :until
)
SELECT l.transport, l.ip, l.port, l.service, l.process, l.exe, l.user, l.unit, l.reach,
       time_text(l.since) AS since,
       CASE WHEN l.is_closed THEN time_text(l.at) END AS closed,
       CASE l.authorized WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END AS authorized,
       a.owner, a.reason, a.approver, time_text(a.expires) AS expires,
       time_text(a.review) AS review, time_text(a.reviewed) AS reviewed, a.reviewer,
       CASE
         WHEN a.expires <= CASE WHEN l.is_closed THEN l.at ELSE :until END
           THEN 'its approval has expired'
         WHEN l.authorized = 0 THEN 'the register does not allow it'
         WHEN l.authorized IS NULL THEN 'nobody approved it: there is no register, or it could not be told whose it is'
         WHEN a.id IS NOT NULL
           AND '' IN (ifnull(a.owner, ''), ifnull(a.reason, ''), ifnull(a.approver, ''))
           THEN 'its approval says no' || CASE WHEN ifnull(a.owner, '') = '' THEN ' owner' ELSE '' END
             || CASE WHEN ifnull(a.reason, '') = '' THEN ' reason' ELSE '' END
             || CASE WHEN ifnull(a.approver, '') = '' THEN ' approver' ELSE '' END
         WHEN a.review <= :until THEN 'the review of its approval is overdue'
       END AS deviation
FROM shown AS l LEFT JOIN in_force AS a ON a.id = l.approval AND a.age = 1
ORDER BY l.transport, l.port, l.ip, l.netns, l.iface, l.exe, l.unit, l.container
