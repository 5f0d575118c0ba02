-- cost 111
-- $1 text
SELECT (
  SELECT json_build_object('variants', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('selectedOptions', (
        SELECT coalesce(json_agg(item.value), '[]'::json)
        FROM (
          SELECT json_build_object('name', U0."name", 'value', jsonb_extract_path_text(V0."options", (U0."name")::text)) AS "json"
          FROM "catalog_productoption" U0
          WHERE (U0."product_id" = (V0."product_id") AND jsonb_extract_path_text(V0."options", (U0."name")::text) IS NOT NULL)
          ORDER BY U0."position" ASC
        ) item(value)
      )) AS "json"
      FROM "catalog_variant" V0
      WHERE V0."product_id" = (W0."id")
      ORDER BY V0."position" ASC, V0."id" ASC
    ) item(value)
  )) AS "json"
  FROM "catalog_product" W0
  WHERE (W0."is_published" AND W0."slug" = ($1::text))
  LIMIT 1
)
