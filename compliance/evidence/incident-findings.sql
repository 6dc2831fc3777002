SELECT time_text(first) AS at, time_text(last) AS last, kind, technique, client_ip, server_ip, port,
       severity, confidence AS confidence_share, proof, mitre, attempts, summary, evidence,
       advice, packets, id
FROM finding WHERE incident = :incident
ORDER BY first, id
