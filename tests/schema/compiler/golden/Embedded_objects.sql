-- cost 11
-- $1 text
SELECT (
  SELECT json_build_object('priceRange', CASE WHEN (V1."min_price" IS NOT NULL) THEN json_build_object('min', json_build_object('amount', (V1."min_price")::text, 'currency', 'EUR')) ELSE NULL END, 'variants', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('compareAtPrice', CASE WHEN (U0."compare_at_price" IS NOT NULL) THEN json_build_object('amount', (U0."compare_at_price")::text) ELSE NULL END) AS "json"
      FROM "catalog_variant" U0
      WHERE U0."product_id" = (V0."id")
      ORDER BY U0."position" ASC, U0."id" ASC
    ) item(value)
  )) AS "json"
  FROM "catalog_product" V0 LEFT OUTER JOIN "catalog_productlisting" V1 ON (V0."id" = V1."product_id")
  WHERE (V0."is_published" AND V0."slug" = ($1::text))
  LIMIT 1
)
