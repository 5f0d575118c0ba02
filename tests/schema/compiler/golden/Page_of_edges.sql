-- cost 24
-- $1 text
SELECT (
  SELECT json_build_object('edges', coalesce(json_agg(json_build_object('cursor', page.cursor, 'node', page.json_0) ORDER BY page.place) FILTER (WHERE page.place <= 24), '[]'::json), 'pageInfo', json_build_object('hasNextPage', count(*) > 24, 'endCursor', (array_agg(page.cursor ORDER BY page.place DESC) FILTER (WHERE page.place <= 24))[1]))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', U0."name") AS "json_0", replace(encode(convert_to((COALESCE(LEFT(MD5((COALESCE($1::text, '') || COALESCE((json_build_array(('ProductConnection:products:NEWEST')::text, (U0."created_at")::text, (U0."id")::text))::text, ''))), 10), '') || COALESCE((json_build_array(('ProductConnection:products:NEWEST')::text, (U0."created_at")::text, (U0."id")::text))::text, '')), 'UTF8'), 'base64'), E'\n', '') AS "cursor"
      FROM "catalog_product" U0
      WHERE U0."is_published"
      ORDER BY U0."created_at" DESC, U0."id" DESC
      LIMIT 25
    ) rows
  ) page
)
