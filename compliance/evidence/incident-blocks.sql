SELECT time_text(start) AS at, time_text(until) AS until, address, prefix_len, port, action,
       state, vetoed_by, actor, reason, packets, sessions, id
FROM block WHERE finding IN (SELECT id FROM finding WHERE incident = :incident)
ORDER BY start, id
