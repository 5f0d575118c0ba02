-- cost 1
-- $1 text
SELECT (
  SELECT json_build_object('__typename', 'Product'::text) AS "json"
  FROM "catalog_product" U0
  WHERE (U0."is_published" AND U0."slug" = ($1::text))
  LIMIT 1
)
