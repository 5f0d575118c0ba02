-- cost 2
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('summary', json_build_object('#', 0, 'description', U0."description")) AS "json_0"
      FROM "catalog_product" U0
      WHERE U0."is_published"
      ORDER BY U0."created_at" DESC, U0."id" DESC
      LIMIT 2
    ) rows
  ) page
)
