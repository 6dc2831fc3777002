SELECT seq, time_text(at) AS at, actor, action, subject, "before", "after", hash
FROM audit
WHERE at >= :since AND at <= :until
ORDER BY seq
