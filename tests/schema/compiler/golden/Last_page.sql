-- cost 24
-- $1 text
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place DESC) FILTER (WHERE page.place <= 24), '[]'::json), 'pageInfo', json_build_object('hasPreviousPage', count(*) > 24, 'startCursor', (array_agg(page.cursor ORDER BY page.place DESC) FILTER (WHERE page.place <= 24))[1]))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('name', U0."name") AS "json_0", replace(encode(convert_to((COALESCE(LEFT(MD5((COALESCE($1::text, '') || COALESCE((json_build_array(('ProductConnection:products:NEWEST')::text, (U0."created_at")::text, (U0."id")::text))::text, ''))), 10), '') || COALESCE((json_build_array(('ProductConnection:products:NEWEST')::text, (U0."created_at")::text, (U0."id")::text))::text, '')), 'UTF8'), 'base64'), E'\n', '') AS "cursor"
      FROM "catalog_product" U0
      WHERE U0."is_published"
      ORDER BY U0."created_at" ASC, U0."id" ASC
      LIMIT 25
    ) rows
  ) page
)
