-- cost 20
-- $1 text[]
-- $2 text[]
SELECT (
  SELECT json_build_object('nodes', coalesce(json_agg(page.json_0 ORDER BY page.place), '[]'::json))
  FROM (
    SELECT rows.*, row_number() OVER () AS place
    FROM (
      SELECT json_build_object('id', encode(convert_to('Job:' || (U0."public_id")::text, 'UTF8'), 'base64'), 'kind', U0."kind", 'status', U0."status") AS "json_0"
      FROM "tasks_job" U0
      WHERE (U0."status" = ANY($1::text[]) AND U0."kind" = ANY($2::text[]))
      ORDER BY U0."created_at" DESC, U0."id" DESC
      LIMIT 20
    ) rows
  ) page
)
