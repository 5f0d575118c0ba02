-- cost 24
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', U0."name", 'averageRating', round((U1."rating")::numeric, greatest(1, min_scale((U1."rating")::numeric)))) AS "json_0"
      FROM "catalog_product" U0 INNER JOIN "catalog_productlisting" U1 ON (U0."id" = U1."product_id")
      WHERE (U0."is_published" AND U1."product_id" IS NOT NULL)
      ORDER BY COALESCE(U1."rating", 0) DESC, U1."product_id" DESC
      LIMIT 24
    ) rows
  ) page
)
