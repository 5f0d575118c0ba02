-- cost 6
-- $1 text
SELECT (
  SELECT json_build_object('reviews', (
    SELECT json_build_object('totalCount', (
      SELECT count(*)
      FROM (
        SELECT U0."id" AS "pk"
        FROM "catalog_review" U0 INNER JOIN "catalog_product" U1 ON (U0."product_id" = U1."id")
        WHERE (U1."is_published" AND U0."status" = 'PUBLISHED' AND U0."product_id" = (V0."id"))
      ) counted
    ), 'nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
    FROM (
      SELECT rows.*, row_number() OVER () AS place
      FROM (
        SELECT json_build_object('rating', U0."rating", 'author', COALESCE(NULLIF(TRIM((COALESCE(U2."first_name", '') || COALESCE((COALESCE(' ', '') || COALESCE(U2."last_name", '')), ''))), ''), 'Anonymous')) AS "json_0"
        FROM "catalog_review" U0 INNER JOIN "catalog_product" U1 ON (U0."product_id" = U1."id") INNER JOIN "users_user" U2 ON (U0."user_id" = U2."id")
        WHERE (U1."is_published" AND U0."status" = 'PUBLISHED' AND U0."product_id" = (V0."id"))
        ORDER BY U0."created_at" DESC, U0."id" DESC
        LIMIT 5
      ) rows
    ) page
  )) AS "json"
  FROM "catalog_product" V0
  WHERE (V0."is_published" AND V0."slug" = ($1::text))
  LIMIT 1
)
