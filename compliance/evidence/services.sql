-- Services by their days.
SELECT server_ip, port, transport, max(service) AS service, max(protocol) AS protocol,
       max(process) AS process, time_text(min(start)) AS first_day,
       time_text(max(start)) AS last_day, sum(flows) AS connections,
       max(clients) AS clients_a_day, sum(client_bytes) + sum(server_bytes) AS bytes
FROM port_1d
WHERE start > :since - 86400000000 AND start < :until AND coalesce(unused, 0) = 0
GROUP BY server_ip, port, transport
ORDER BY server_ip, port, transport
