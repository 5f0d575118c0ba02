-- cost 24
-- $1 numeric
-- $2 text
-- $3 text[]
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', V0."name") AS "json_0"
      FROM "catalog_product" V0
      WHERE (V0."is_published" AND EXISTS(
        SELECT 1 AS "a"
        FROM "catalog_variant" U0 INNER JOIN "catalog_stock" U2 ON (U0."id" = U2."variant_id")
        WHERE (U0."product_id" = (V0."id") AND U0."price" >= ($1::numeric) AND U2."on_hand" > (U2."allocated") AND (U0."options" @> ANY (catalog_option_values(($2::text)::text, ($3::text[])::text[]))))
        LIMIT 1
      ))
      ORDER BY V0."created_at" DESC, V0."id" DESC
      LIMIT 24
    ) rows
  ) page
)
