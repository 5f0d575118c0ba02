-- cost 21
-- $1 text
SELECT (
  SELECT json_build_object('number', V0."number", 'allowedActions', array_remove(ARRAY[CASE WHEN (V0."status" IN ('CONFIRMED', 'PENDING_PAYMENT')) THEN 'CANCEL' ELSE NULL END]::text[], NULL), 'events', (
    SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('kind', U0."kind") AS "json_0"
        FROM "commerce_orderevent" U0
        WHERE U0."order_id" = (V0."id")
        ORDER BY U0."sequence" ASC, U0."id" ASC
        LIMIT 20
      ) rows
    ) page
  )) AS "json"
  FROM "commerce_order" V0
  WHERE (V0."token" = ($1::text) AND V0."token" = ($1::text))
  LIMIT 1
)
