-- cost 1101
-- $1 text
-- $2 bigint
SELECT (
  SELECT json_build_object('counts', json_build_object('rows', W0."row_count", 'invalid', W0."invalid_count"), 'rows', (
    SELECT json_build_object('totalCount', (
      SELECT count(*)
      FROM (
        SELECT U0."id" AS "pk"
        FROM "catalog_importrow" U0
        WHERE (U0."product_import_id" = (W0."id") AND U0."status" = ($1::text))
      ) counted
    ), 'edges', coalesce(json_agg(json_build_object('node', page.json_0) ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('line', V0."line", 'errors', (
          SELECT coalesce(json_agg(item.value), '[]'::json)
          FROM (
            SELECT json_build_object('field', U0."field", 'code', U0."code", 'message', U0."message") AS "json"
            FROM "catalog_importrowerror" U0
            WHERE U0."row_id" = (V0."id")
            ORDER BY U0."id" ASC
          ) item(value)
        )) AS "json_0"
        FROM "catalog_importrow" V0
        WHERE (V0."product_import_id" = (W0."id") AND V0."status" = ($1::text))
        ORDER BY V0."line" ASC, V0."id" ASC
        LIMIT 100
      ) rows
    ) page
  )) AS "json"
  FROM "catalog_productimport" W0
  WHERE W0."id" = ($2::bigint)
  LIMIT 1
)
