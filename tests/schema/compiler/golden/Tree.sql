-- cost 21
-- $1 text
SELECT (
  SELECT json_build_object('name', V0."name", 'ancestors', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('name', U0."name") AS "json"
      FROM "catalog_category" U0
      WHERE ((V0."path")::text::text LIKE REPLACE(REPLACE(REPLACE((U0."path"), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_') || '%' AND NOT (U0."id" = (V0."id")))
      ORDER BY LENGTH(U0."path") ASC
    ) item(value)
  ), 'children', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('name', U0."name") AS "json"
      FROM "catalog_category" U0
      WHERE U0."parent_id" = (V0."id")
      ORDER BY U0."position" ASC, U0."name" ASC, U0."id" ASC
    ) item(value)
  ), 'productCount', (
    SELECT count(*)
    FROM (
      SELECT U0."id" AS "pk"
      FROM "catalog_product" U0 INNER JOIN "catalog_category" U1 ON (U0."category_id" = U1."id")
      WHERE (U0."is_published" AND U1."path"::text LIKE REPLACE(REPLACE(REPLACE((V0."path"), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_') || '%')
    ) counted
  )) AS "json"
  FROM "catalog_category" V0
  WHERE V0."slug" = ($1::text)
  LIMIT 1
)
