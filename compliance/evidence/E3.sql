-- The packet filter where it changed within the time, whoever changed it and when: also
-- while nothing ran; and as it was last read, even if that was before.
WITH reading AS (
  SELECT *, lag(sha256) OVER (ORDER BY at) AS before, max(at) OVER () AS newest
  FROM ruleset WHERE at <= :until
),
shown AS (
  SELECT *,
         CASE WHEN change = 'unreadable' THEN 'unreadable'
              WHEN before IS NULL THEN 'first seen'
              WHEN before <> sha256 THEN 'changed'
              ELSE 'unchanged' END AS what
  FROM reading
),
announced AS (
  SELECT s.at AS ruleset_at, d.actor, d.summary,
         row_number() OVER (PARTITION BY s.at ORDER BY abs(d.at - s.at), d.rowid) AS place
  FROM shown s JOIN deployment d
    ON d.name = 'firewall' AND d.at BETWEEN s.at - 3600000000 AND s.at + 3600000000
  WHERE s.what = 'changed'
),
review AS (
  SELECT at, actor, summary FROM deployment
  WHERE name = 'firewall-review' AND at <= :until
  ORDER BY at DESC, rowid DESC LIMIT 1
)
SELECT time_text(s.at) AS at, s.what AS "change", s.sha256 AS ruleset_sha256,
       s.before AS sha256_before, s.tables, s.chains, s.rules,
       CASE s.drops_unnamed WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END
         AS drops_what_no_rule_names,
       s.counted_packets AS packets_dropped, s.counted_bytes AS bytes_dropped,
       d.actor AS announced_by, d.summary AS announced_as,
       time_text(r.at) AS last_reviewed, r.actor AS reviewed_by, r.summary AS review,
       CASE
         WHEN s.at <> s.newest THEN NULL
         WHEN s.what = 'unreadable' THEN 'the packet filter can''t be read'
         WHEN s.rules = 0 THEN 'there is no rule: everything is let in'
         WHEN s.drops_unnamed = 0
           THEN 'what no rule names is let in: no chain for what comes to this machine drops by policy'
       END AS deviation
FROM shown s
LEFT JOIN announced d ON d.ruleset_at = s.at AND d.place = 1
LEFT JOIN review r ON s.at = s.newest
WHERE (s.at >= :since AND s.what <> 'unchanged') OR s.at = s.newest
ORDER BY s.at
