-- cost 41
-- $1 text
SELECT (
  SELECT json_build_object('email', NULLIF(X0."email", ''), 'lines', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('quantity', W0."quantity", 'variant', (
        SELECT json_build_object('product', (
          SELECT json_build_object('name', U0."name") AS "json"
          FROM "catalog_product" U0
          WHERE U0."id" = (V0."product_id")
        )) AS "json"
        FROM "catalog_variant" V0
        WHERE V0."id" = (W0."variant_id")
      )) AS "json"
      FROM "commerce_cartline" W0
      WHERE W0."cart_id" = (X0."id")
      ORDER BY W0."id" ASC
    ) item(value)
  ), 'quote', CASE WHEN (X2."cart_id" IS NOT NULL) THEN json_build_object('total', json_build_object('amount', (X2."total")::text)) ELSE NULL END, 'requirements', array_remove(ARRAY[CASE WHEN NOT EXISTS(
    SELECT 1 AS "a"
    FROM "commerce_cartline" U0
    WHERE U0."cart_id" = (X0."id")
    LIMIT 1
  ) THEN 'LINES' ELSE NULL END, CASE WHEN (X0."email" = '') THEN 'EMAIL' ELSE NULL END, CASE WHEN (X0."shipping_address" IS NULL) THEN 'SHIPPING_ADDRESS' ELSE NULL END, CASE WHEN NOT EXISTS(
    SELECT 1 AS "a"
    FROM "commerce_shippingmethod" U0 INNER JOIN "commerce_shippingzone" U1 ON (U0."zone_id" = U1."id")
    WHERE (U0."is_active" AND U1."countries" @> (ARRAY[(X0."shipping_address" ->> 'country')])::varchar(2)[] AND U0."id" = (X0."shipping_method_id"))
    LIMIT 1
  ) THEN 'SHIPPING_METHOD' ELSE NULL END]::text[], NULL), 'shippingMethods', (
    SELECT coalesce(json_agg(item.value), '[]'::json)
    FROM (
      SELECT json_build_object('name', U0."name") AS "json"
      FROM "commerce_shippingmethod" U0 INNER JOIN "commerce_shippingzone" U1 ON (U0."zone_id" = U1."id")
      WHERE (U0."is_active" AND U1."countries" @> (ARRAY[(X0."shipping_address" ->> 'country')])::varchar(2)[])
      ORDER BY U0."position" ASC, U0."id" ASC
    ) item(value)
  )) AS "json"
  FROM "commerce_cart" X0 LEFT OUTER JOIN "commerce_quote" X2 ON (X0."id" = X2."cart_id")
  WHERE (X0."expires_at" > (STATEMENT_TIMESTAMP()) AND (X0."token" = ($1::text) AND X0."user_id" IS NULL) AND X0."token" = ($1::text))
  LIMIT 1
)
