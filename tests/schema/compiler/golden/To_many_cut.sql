-- cost 2
-- $1 text
SELECT (
  SELECT json_build_object('media', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('url', CASE WHEN (U0."file" = '') THEN U0."url" ELSE (COALESCE('http://127.0.0.1:8000/media/', '') || COALESCE((U0."file")::text, '')) END, 'alt', U0."alt") AS "json"
      FROM "catalog_media" U0
      WHERE U0."product_id" = (V0."id")
      ORDER BY U0."position" ASC, U0."id" ASC
      LIMIT 1
    ) item(value)
  )) AS "json"
  FROM "catalog_product" V0
  WHERE (V0."is_published" AND V0."slug" = ($1::text))
  LIMIT 1
)
