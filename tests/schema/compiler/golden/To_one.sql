-- cost 3
-- $1 text
SELECT (
  SELECT json_build_object('category', (
    SELECT json_build_object('name', V0."name", 'parent', (
      SELECT json_build_object('name', U0."name") AS "json"
      FROM "catalog_category" U0
      WHERE U0."id" = (V0."parent_id")
    )) AS "json"
    FROM "catalog_category" V0
    WHERE V0."id" = (W0."category_id")
  )) AS "json"
  FROM "catalog_product" W0
  WHERE (W0."is_published" AND W0."slug" = ($1::text))
  LIMIT 1
)
