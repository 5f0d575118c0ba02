-- cost 11
-- $1 text
SELECT (
  SELECT json_build_object('variants', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('sku', U0."sku") AS "json"
      FROM "catalog_variant" U0
      WHERE U0."product_id" = (V0."id")
      ORDER BY U0."position" ASC, U0."id" ASC
    ) item(value)
  )) AS "json"
  FROM "catalog_product" V0
  WHERE (V0."is_published" AND V0."slug" = ($1::text))
  LIMIT 1
)
