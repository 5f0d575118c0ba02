-- cost 2
-- $1 text
-- $2 text
SELECT (
  SELECT json_build_object('name', U0."name") AS "json"
  FROM "catalog_product" U0
  WHERE (U0."is_published" AND U0."slug" = ($1::text))
  LIMIT 1
), (
  SELECT json_build_object('name', U0."name") AS "json"
  FROM "catalog_product" U0
  WHERE (U0."is_published" AND U0."slug" = ($2::text))
  LIMIT 1
)
