-- cost 22
-- $1 bigint
SELECT (
  SELECT json_build_object('email', V0."email", 'roles', ARRAY(
    SELECT U0."name" AS "name"
    FROM "auth_group" U0 INNER JOIN "users_user_groups" U1 ON (U0."id" = U1."group_id")
    WHERE U1."user_id" = (V0."id")
    ORDER BY 1 ASC
  ), 'cart', (
    SELECT json_build_object('token', (U0."token")::text) AS "json"
    FROM "commerce_cart" U0 LEFT OUTER JOIN "commerce_order" U2 ON (U0."id" = U2."cart_id")
    WHERE (U0."expires_at" > (STATEMENT_TIMESTAMP()) AND U0."user_id" = ($1::bigint) AND U0."user_id" = (V0."id") AND U2."id" IS NULL)
    ORDER BY U0."updated_at" DESC, U0."id" DESC
    LIMIT 1
  ), 'orders', (
    SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('number', U0."number") AS "json_0"
        FROM "commerce_order" U0
        WHERE (U0."user_id" = ($1::bigint) AND U0."user_id" = (V0."id"))
        ORDER BY U0."placed_at" DESC, U0."id" DESC
        LIMIT 10
      ) rows
    ) page
  ), 'notifications', (
    SELECT json_build_object('unreadCount', (
      SELECT count(*)
      FROM (
        SELECT U0."id" AS "pk"
        FROM "users_notification" U0
        WHERE (U0."user_id" = ($1::bigint) AND U0."user_id" = (V0."id") AND U0."read_at" IS NULL)
      ) counted
    ), 'nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('title', U0."title") AS "json_0"
        FROM "users_notification" U0
        WHERE (U0."user_id" = ($1::bigint) AND U0."user_id" = (V0."id"))
        ORDER BY U0."created_at" DESC, U0."id" DESC
        LIMIT 5
      ) rows
    ) page
  ), 'messages', (
    SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('isMine', CASE WHEN (U0."sender_id" = ($1::bigint)) THEN true ELSE false END, 'body', U0."body") AS "json_0"
        FROM "users_message" U0
        WHERE ((U0."sender_id" = ($1::bigint) OR U0."recipient_id" = ($1::bigint)) AND (U0."sender_id" = (V0."id") OR U0."recipient_id" = (V0."id")))
        ORDER BY U0."created_at" DESC, U0."id" DESC
        LIMIT 5
      ) rows
    ) page
  )) AS "json"
  FROM "users_user" V0
  WHERE (V0."id" = ($1::bigint) AND V0."id" = ($1::bigint))
  LIMIT 1
)
