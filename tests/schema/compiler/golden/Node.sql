-- cost 1
-- $1 bigint
SELECT (
  SELECT json_build_object('__typename', 'Product'::text, 'id', encode(convert_to('Product:' || (U0."id")::text, 'UTF8'), 'base64'), 'name', U0."name") AS "json"
  FROM "catalog_product" U0
  WHERE (U0."is_published" AND U0."id" = ($1::bigint))
)
