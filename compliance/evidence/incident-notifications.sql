SELECT time_text(at) AS at, sink, reason, state, tries, error,
       CASE WHEN state = 'dropped' THEN 'nobody was told by it' END AS deviation
FROM notification
WHERE incident = :incident OR instr(',' || others || ',', ',' || :incident || ',') > 0
ORDER BY notification.at, sink, reason, state, tries
