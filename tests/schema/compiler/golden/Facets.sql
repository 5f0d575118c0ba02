-- cost 101
-- $1 text[]
SELECT json_build_object('facets', (
  SELECT coalesce(json_agg(facet.json ORDER BY facet.place, facet.name), '[]'::json)
  FROM (
    SELECT counted.place, counted.facet, json_build_object('name', counted.facet, 'values', json_agg(json_build_object('value', counted.value, 'count', counted.number) ORDER BY counted.number DESC, counted.value))
    FROM ((
      SELECT 0 AS "place", ('category')::text AS "facet", ('Category')::text AS "title", (U1."slug")::text AS "value", (U1."name")::text AS "caption", COUNT(DISTINCT U0."id") AS "number"
      FROM "catalog_product" U0 INNER JOIN "catalog_category" U1 ON (U0."category_id" = U1."id")
      WHERE (U0."is_published" AND U0."vendor" = ANY($1::text[]) AND U0."category_id" IS NOT NULL)
      GROUP BY 2, 3, 4, 5
    ) UNION ALL (
      SELECT 1 AS "place", ('vendor')::text AS "facet", ('Vendor')::text AS "title", (U0."vendor")::text AS "value", (U0."vendor")::text AS "caption", COUNT(DISTINCT U0."id") AS "number"
      FROM "catalog_product" U0
      WHERE (U0."is_published" AND NOT (U0."vendor" = ''))
      GROUP BY 2, 3, 5
    ) UNION ALL (
      SELECT 2 AS "place", ('tags')::text AS "facet", ('Tags')::text AS "title", (unnest(U0."tags"))::text AS "value", (unnest(U0."tags"))::text AS "caption", COUNT(DISTINCT U0."id") AS "number"
      FROM "catalog_product" U0
      WHERE (U0."is_published" AND U0."vendor" = ANY($1::text[]))
      GROUP BY 2, 3, 5
    ) UNION ALL (
      SELECT 3 AS "place", ((COALESCE('options.', '') || COALESCE(V2."name", '')))::text AS "facet", (V2."name")::text AS "title", (jsonb_extract_path_text(V0."options", (V2."name")::text))::text AS "value", (jsonb_extract_path_text(V0."options", (V2."name")::text))::text AS "caption", COUNT(DISTINCT V0."product_id") AS "number"
      FROM "catalog_variant" V0 INNER JOIN "catalog_product" V1 ON (V0."product_id" = V1."id") LEFT OUTER JOIN "catalog_productoption" V2 ON (V1."id" = V2."product_id")
      WHERE (V0."product_id" IN (
        SELECT U0."id" AS "pk"
        FROM "catalog_product" U0
        WHERE (U0."is_published" AND U0."vendor" = ANY($1::text[]))
      ) AND V2."name" IS NOT NULL)
      GROUP BY 2, 3, 5
    )) counted(place, facet, title, value, caption, number)
    WHERE counted.value IS NOT NULL
    GROUP BY counted.place, counted.facet, counted.title
  ) facet(place, name, json)
))
