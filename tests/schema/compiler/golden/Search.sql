-- cost 24
-- $1 text
SELECT (
  SELECT json_build_object('totalCount', (
    SELECT count(*)
    FROM (
      SELECT U0."id" AS "pk"
      FROM "catalog_product" U0
      WHERE (U0."is_published" AND (U0."search_vector" @@ (
        SELECT catalog_search_query(($1::text)::text)
      )))
    ) counted
  ), 'nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', U0."name") AS "json_0"
      FROM "catalog_product" U0
      WHERE (U0."is_published" AND (U0."search_vector" @@ (
        SELECT catalog_search_query(($1::text)::text)
      )))
      ORDER BY (ts_rank(U0."search_vector", (
        SELECT catalog_search_query(($1::text)::text)
      )))::double precision DESC, U0."id" DESC
      LIMIT 24
    ) rows
  ) page
)
