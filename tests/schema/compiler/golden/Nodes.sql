-- cost 200
-- $1 text[]
-- $2 bigint[]
-- $3 bigint[]
SELECT (
  SELECT coalesce(json_agg(coalesce((
    SELECT json_build_object('id', encode(convert_to('Product:' || (U0."id")::text, 'UTF8'), 'base64'), 'name', U0."name") AS "json"
    FROM "catalog_product" U0
    WHERE (U0."is_published" AND U0."id" = (ids.key_1))
  ), (
    SELECT json_build_object('id', encode(convert_to('Variant:' || (U0."id")::text, 'UTF8'), 'base64'), 'sku', U0."sku") AS "json"
    FROM "catalog_variant" U0 INNER JOIN "catalog_product" U1 ON (U0."product_id" = U1."id")
    WHERE (U1."is_published" AND U0."id" = (ids.key_2))
  )) ORDER BY ids.place), '[]'::json)
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY ids(key_0, key_1, key_2, place)
)
