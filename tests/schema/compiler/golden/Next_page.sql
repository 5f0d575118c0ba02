-- cost 24
-- $1 timestamptz
-- $2 bigint
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', U0."name") AS "json_0"
      FROM "catalog_product" U0
      WHERE (U0."is_published" AND (U0."created_at", U0."id") < ($1::timestamptz, $2::bigint))
      ORDER BY U0."created_at" DESC, U0."id" DESC
      LIMIT 24
    ) rows
  ) page
)
