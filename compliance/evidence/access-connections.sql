SELECT time_text(start) AS at, time_text("end") AS until, client_ip, client_port, server_ip,
       server_port, transport, protocol, coalesce(login_user, user) AS user, process, state,
       client_bytes, server_bytes
FROM flow
WHERE "end" >= :since AND start <= :until AND coalesce(probe, 0) = 0 AND
      (:user IS NULL OR user = :user OR login_user = :user) AND
      CASE WHEN :host IS NULL THEN 1
        ELSE in_net(client_ip, :host) OR in_net(server_ip, :host) END
ORDER BY start, client_ip, client_port, server_ip, server_port, transport, "end",
         community_id, iface
