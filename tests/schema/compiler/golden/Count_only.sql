-- cost 1
SELECT json_build_object('totalCount', (
  SELECT count(*)
  FROM (
    SELECT U0."id" AS "pk"
    FROM "catalog_product" U0
    WHERE U0."is_published"
  ) counted
))
