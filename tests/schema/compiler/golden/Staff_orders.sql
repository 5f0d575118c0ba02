-- cost 50
-- $1 text[]
-- $2 text
SELECT (
  SELECT json_build_object('totalCount', (
    SELECT count(*)
    FROM (
      SELECT U0."id" AS "pk"
      FROM "commerce_order" U0
      WHERE (U0."status" = ANY($1::text[]) AND (UPPER(U0."number"::text) LIKE UPPER(REPLACE(REPLACE(REPLACE(($2::text), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_')) || '%' OR UPPER(U0."email"::text) LIKE UPPER(REPLACE(REPLACE(REPLACE(($2::text), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_')) || '%'))
    ) counted
  ), 'nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('number', U0."number", 'total', json_build_object('amount', (U0."total")::text)) AS "json_0"
      FROM "commerce_order" U0
      WHERE (U0."status" = ANY($1::text[]) AND (UPPER(U0."number"::text) LIKE UPPER(REPLACE(REPLACE(REPLACE(($2::text), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_')) || '%' OR UPPER(U0."email"::text) LIKE UPPER(REPLACE(REPLACE(REPLACE(($2::text), E'\\', E'\\\\'), E'%', E'\\%'), E'_', E'\\_')) || '%'))
      ORDER BY U0."placed_at" DESC, U0."id" DESC
      LIMIT 50
    ) rows
  ) page
)
