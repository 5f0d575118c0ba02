-- cost 24
-- $1 text
-- $2 text
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', W0."name") AS "json_0"
      FROM "catalog_product" W0 INNER JOIN "catalog_collection_products" W2 ON (W0."id" = W2."product_id") INNER JOIN "catalog_collection" W3 ON (W2."collection_id" = W3."id")
      WHERE (W0."is_published" AND W0."category_id" IN (
        SELECT V0."id" AS "pk"
        FROM "catalog_category" V0
        WHERE V0."path"::text LIKE REPLACE(REPLACE(REPLACE((
          SELECT U0."path" AS "path"
          FROM "catalog_category" U0
          WHERE U0."slug" = ($1::text)
        ), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_') || '%'
      ) AND W3."slug" = ($2::text))
      ORDER BY W0."created_at" DESC, W0."id" DESC
      LIMIT 24
    ) rows
  ) page
)
