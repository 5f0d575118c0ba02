-- cost 21
-- $1 text
SELECT (
  SELECT json_build_object('number', V0."number", 'allowedActions', array_remove(ARRAY[CASE WHEN (V0."status" IN ('CONFIRMED', 'PENDING_PAYMENT') AND V0."token" = ($1::text)) THEN 'CANCEL' ELSE NULL END, CASE WHEN (V0."status" IN ('FULFILLED', 'PARTIALLY_FULFILLED') AND EXISTS(
    SELECT 1 AS "a"
    FROM "commerce_orderline" U0
    WHERE (U0."fulfilled" > (U0."returning" + U0."returned") AND U0."order_id" = (V0."id"))
    LIMIT 1
  ) AND V0."token" = ($1::text)) THEN 'REQUEST_RETURN' ELSE NULL END]::text[], NULL), 'events', (
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
