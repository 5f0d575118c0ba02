-- cost 1
-- $1 text
SELECT (
  SELECT json_build_object('id', encode(convert_to('Product:' || (U0."id")::text, 'UTF8'), 'base64'), 'createdAt', CASE WHEN date_part('microseconds', U0."created_at")::bigint % 1000000 = 0 THEN to_char((U0."created_at") AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') ELSE to_char((U0."created_at") AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') END) AS "json"
  FROM "catalog_product" U0
  WHERE (U0."is_published" AND U0."slug" = ($1::text))
  LIMIT 1
)
