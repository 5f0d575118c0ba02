-- cost 4
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', V0."name", 'reviews', (
        SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
        FROM (
          SELECT rows.*, row_number() OVER () AS place
          FROM (
            SELECT json_build_object('status', U0."status") AS "json_0"
            FROM "catalog_review" U0
            WHERE U0."product_id" = (V0."id")
            ORDER BY U0."created_at" DESC, U0."id" DESC
            LIMIT 1
          ) rows
        ) page
      )) AS "json_0"
      FROM "catalog_product" V0
      ORDER BY V0."created_at" DESC, V0."id" DESC
      LIMIT 2
    ) rows
  ) page
)
